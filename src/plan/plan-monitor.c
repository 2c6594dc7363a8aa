/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-monitor.h"

#include "plan/plan-check.h"
#include "plan/plan-steps.h"

#define OUR_PREFIX "qblk-monitor-"
#define LIBVIRT_ID "charmonitor" /* the chardev of libvirt's own monitor, in every guest */

gboolean
qblk_plan_is_of_monitor(const QblkPlan *plan)
{
    return g_str_equal(plan->kind, "open-monitor") || g_str_equal(plan->kind, "close-monitor");
}

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

/* TRUE if @list has an object whose member @key is @value. */
static gboolean
has_object_with(const QblkJson *list, const char *key, const char *value)
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

/* An object of QEMU's union types: "type", and "data" of that type. */
static QblkJson *
union_object(const char *type, QblkJson *data)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "type", type);
    qblk_json_set(object, "data", data);
    return object;
}

static void
add_chardev(QblkPlan *plan)
{
    QblkJson *place = qblk_json_new_object();
    qblk_json_set_string(place, "path", plan->target);

    QblkJson *socket = qblk_json_new_object();
    qblk_json_set(socket, "addr", union_object("unix", place));
    qblk_json_set_boolean(socket, "server", TRUE);
    qblk_json_set_boolean(socket, "wait", FALSE); /* else QEMU blocks until a client connects */

    QblkJson *arguments = id_arguments(plan);
    qblk_json_set(arguments, "backend", union_object("socket", socket));
    QblkStep *step = qblk_plan_add(plan, "listen on the path", "chardev-add", arguments);
    add_undo(plan, step, "stop listening", "chardev-remove");
}

static void
add_server(QblkPlan *plan)
{
    QblkJson *arguments = id_arguments(plan);
    qblk_json_set_string(arguments, "qom-type", "monitor-qmp");
    qblk_json_set_string(arguments, "chardev", plan->job);

    QblkStep *step = qblk_plan_add(plan, "start the QMP server", "object-add", arguments);
    add_undo(plan, step, "stop the QMP server", "object-del");
}

/* Returns: (nullable): the name of the manager of the guest.  Its graph is not read for this. */
static const char *
find_manager(const QblkPlanMonitorContext *context)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    const QblkManagerEvidence evidence = {
        .nodes = none, .devices = none, .jobs = none, .arguments = context->arguments};
    const QblkManager *manager = qblk_manager_find(&evidence);
    if (manager != NULL) {
        return manager->name;
    }
    return has_object_with(context->chardevs, "label", LIBVIRT_ID) ? "libvirt" : NULL;
}

static gboolean
check_manager(const QblkPlanMonitorContext *context, QblkPlan *plan, GError **error)
{
    const char *manager = find_manager(context);

    if (manager == NULL || context->force_managed) {
        return TRUE;
    }
    if (context->is_dry_run) {
        g_ptr_array_add(plan->warnings,
                        g_strdup_printf("%s manages this guest and would not notice another "
                                        "monitor: without --dry-run, use --force-managed",
                                        manager));
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "%s manages this guest and would not notice another monitor: use "
                            "--force-managed to open it",
                            manager);
}

static gboolean
check_can_open(const QblkPlanMonitorContext *context, QblkPlan *plan, const char *path,
               GError **error)
{
    if (!context->can_add_monitor) {
        return qblk_plan_refuse(error,
                                "this QEMU cannot open another monitor while it runs (QEMU 11.1 "
                                "can): start it with one more -qmp unix:PATH,server=on,wait=off, "
                                "with libvirt in <qemu:commandline>");
    }
    if (!check_manager(context, plan, error)) {
        return FALSE;
    }
    if (has_object_with(context->chardevs, "label", plan->job)) {
        return qblk_plan_refuse(
            error, "monitor '%s' is already open in this VM: use --close to close it", path);
    }
    return TRUE;
}

QblkPlan *
qblk_plan_monitor_open(const QblkPlanMonitorContext *context, const char *path, GError **error)
{
    g_autoptr(QblkPlan) plan = plan_new("open-monitor", path);

    add_chardev(plan);
    add_server(plan);
    (void)qblk_plan_add(plan, "connect to the new monitor", NULL, qblk_json_new_object());
    return check_can_open(context, plan, path, error) ? g_steal_pointer(&plan) : NULL;
}

/* ---- closing ---- */

/* The monitors that qblk has opened, as "'A', 'B'"; NULL if there is no such monitor. */
static char *
list_own_monitors(const QblkJson *chardevs)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (gsize i = 0; i < qblk_json_length(chardevs); i++) {
        const QblkJson *chardev = qblk_json_at(chardevs, i);
        const char *label = qblk_json_get_string(chardev, "label");
        const char *place = qblk_json_get_string(chardev, "filename");
        if (label == NULL || place == NULL || !g_str_has_prefix(label, OUR_PREFIX)) {
            continue;
        }
        g_string_append_printf(list, "%s'%s'", list->len == 0 ? "" : ", ", place);
    }
    return list->len == 0 ? NULL : g_strdup(list->str);
}

static void
set_no_monitor(const QblkJson *chardevs, const char *path, GError **error)
{
    g_autofree char *others = list_own_monitors(chardevs);

    if (others == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_MONITOR,
                    "this VM has no monitor '%s' opened by qblk", path);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_MONITOR,
                    "this VM has no monitor '%s' opened by qblk: it has %s", path, others);
    }
}

QblkPlan *
qblk_plan_monitor_close(const QblkPlanMonitorContext *context, const char *path, GError **error)
{
    g_autoptr(QblkPlan) plan = plan_new("close-monitor", path);

    if (!has_object_with(context->chardevs, "label", plan->job)) {
        set_no_monitor(context->chardevs, path, error);
        return NULL;
    }
    if (has_object_with(context->objects, "name", plan->job)) {
        (void)qblk_plan_add(plan, "stop the QMP server", "object-del", id_arguments(plan));
    }
    (void)qblk_plan_add(plan, "stop listening", "chardev-remove", id_arguments(plan));
    return g_steal_pointer(&plan);
}
