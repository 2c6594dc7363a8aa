/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-monitor.h"

#include "plan/plan-check.h"

#define OUR_PREFIX  "qblk-monitor-"
#define LIBVIRTS_ID "charmonitor" /* the chardev of libvirt's own monitor, of every guest */

static QblkPlan *
plan_new(const char *kind, const char *path)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1);
    QblkPlan *plan = qblk_plan_new_empty();
    plan->kind = g_strdup(kind);
    plan->target = g_strdup(path);
    plan->job = g_strdup_printf(OUR_PREFIX "%.16s", sum);
    plan->fingerprint = g_strdup("");
    return plan;
}

/* Whether @list has an object whose member @key is @value. */
static gboolean
has(const QblkJson *list, const char *key, const char *value)
{
    for (gsize i = 0; i < qblk_json_length(list); i++) {
        if (g_strcmp0(qblk_json_get_string(qblk_json_at(list, i), key), value) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static QblkJson *
id_arguments(const QblkPlan *plan)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "id", plan->job);
    return arguments;
}

static void
add_undo(const QblkPlan *plan, QblkStep *step, const char *purpose, const char *command)
{
    QblkStep *undo = qblk_plan_step_new();
    undo->purpose = g_strdup(purpose);
    undo->command = g_strdup(command);
    undo->arguments = id_arguments(plan);
    g_ptr_array_add(step->undo, undo);
}

/* ---- opening ---- */

static QblkJson *
object_of(const char *type, QblkJson *data)
{
    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "type", type);
    qblk_json_set(object, "data", data);
    return object;
}

static void
add_listen(QblkPlan *plan)
{
    QblkJson *arguments = id_arguments(plan);
    QblkJson *place = qblk_json_new_object();
    QblkJson *socket = qblk_json_new_object();
    qblk_json_set_string(place, "path", plan->target);
    qblk_json_set(socket, "addr", object_of("unix", place));
    qblk_json_set_boolean(socket, "server", TRUE);
    qblk_json_set_boolean(socket, "wait", FALSE); /* else QEMU stands still until somebody comes */
    qblk_json_set(arguments, "backend", object_of("socket", socket));
    QblkStep *step = qblk_plan_add(plan, "listen at the path", "chardev-add", arguments);
    add_undo(plan, step, "stop listening", "chardev-remove");
}

static void
add_speak(QblkPlan *plan)
{
    QblkJson *arguments = id_arguments(plan);
    qblk_json_set_string(arguments, "qom-type", "monitor-qmp");
    qblk_json_set_string(arguments, "chardev", plan->job);
    QblkStep *step = qblk_plan_add(plan, "speak QMP there", "object-add", arguments);
    add_undo(plan, step, "stop speaking QMP there", "object-del");
}

static gboolean
check_open(const QblkPlanMonitorContext *context, const QblkPlan *plan, const char *path,
           GError **error)
{
    if (!qblk_plan_check_schema(plan, context->schema, NULL)) {
        return qblk_plan_check_refuse(
            error,
            "this QEMU cannot open another monitor while it runs (11.1 and later can): start "
            "it with one more -qmp unix:PATH,server=on,wait=off, which <qemu:commandline> "
            "does in libvirt");
    }
    if (has(context->chardevs, "label", LIBVIRTS_ID) && !context->force_managed) {
        return qblk_plan_check_refuse(error,
                                      "libvirt started this guest and will not know of a monitor "
                                      "that it has not made: say --force-managed");
    }
    if (has(context->chardevs, "label", plan->job)) {
        return qblk_plan_check_refuse(
            error, "this VM has a monitor at '%s' already: --close takes it away", path);
    }
    return TRUE;
}

QblkPlan *
qblk_plan_monitor_open(const QblkPlanMonitorContext *context, const char *path, GError **error)
{
    g_autoptr(QblkPlan) plan = plan_new("open-monitor", path);
    add_listen(plan);
    add_speak(plan);
    (void)qblk_plan_add(plan, "make sure that it answers", NULL, qblk_json_new_object());
    return check_open(context, plan, path, error) ? g_steal_pointer(&plan) : NULL;
}

/* ---- closing ---- */

static void
fail_without(const QblkJson *chardevs, const char *path, GError **error)
{
    g_autoptr(GString) others = g_string_new(NULL);
    for (gsize i = 0; i < qblk_json_length(chardevs); i++) {
        const QblkJson *chardev = qblk_json_at(chardevs, i);
        const char *label = qblk_json_get_string(chardev, "label");
        const char *place = qblk_json_get_string(chardev, "filename");
        if (label != NULL && place != NULL && g_str_has_prefix(label, OUR_PREFIX)) {
            g_string_append_printf(others, "%s'%s'", others->len == 0 ? "; there is " : ", ",
                                   place);
        }
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER,
                "this VM has no monitor at '%s' that qblk has opened%s", path, others->str);
}

QblkPlan *
qblk_plan_monitor_close(const QblkPlanMonitorContext *context, const char *path, GError **error)
{
    g_autoptr(QblkPlan) plan = plan_new("close-monitor", path);
    if (!has(context->chardevs, "label", plan->job)) {
        fail_without(context->chardevs, path, error);
        return NULL;
    }
    if (has(context->objects, "name", plan->job)) {
        (void)qblk_plan_add(plan, "stop speaking QMP there", "object-del", id_arguments(plan));
    }
    (void)qblk_plan_add(plan, "stop listening", "chardev-remove", id_arguments(plan));
    return g_steal_pointer(&plan);
}
