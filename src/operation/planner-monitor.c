/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/planner.h>

#include "blockjob/plan-schema.h"
#include "image/image-client.h"
#include "plan/monitor-options.h"
#include "plan/plan-check.h"
#include "plan/plan-monitor.h"
#include "plan/plan-options.h"
#include "qmp/client.h"

#include <errno.h>
#include <sys/stat.h>

/* ---- the path ---- */

/* QEMU silently replaces a file, a link or another socket at the path. */
static gboolean
check_free(const char *path, GError **error)
{
    struct stat status;
    int fault = lstat(path, &status) < 0 ? errno : 0;

    if (fault == 0) {
        return qblk_plan_refuse(
            error, "'%s' already exists, and QEMU would replace it: use another path", path);
    }
    if (fault != ENOENT) {
        return qblk_plan_refuse(error,
                                "cannot check whether '%s' exists, and QEMU would replace it: %s",
                                path, g_strerror(fault));
    }
    return TRUE;
}

static gboolean
check_place(const QblkClient *client, const char *path, GError **error)
{
    if (!qblk_client_is_local(client)) {
        return qblk_plan_refuse(
            error,
            "cannot check whether '%s' exists on the machine of '%s', and QEMU would replace "
            "it: run qblk there",
            path, qblk_client_get_address(client));
    }
    return check_free(path, error);
}

/* ---- the plan ---- */

static QblkPlan *
plan_open(QblkClient *client, const char *path, const QblkPlanOptions *options, GError **error)
{
    const QblkSchema *schema = qblk_client_get_schema(client, error);
    if (schema == NULL) {
        return NULL;
    }

    g_autoptr(QblkJson) chardevs = qblk_client_call(client, "query-chardev", NULL, error);
    if (chardevs == NULL) {
        return NULL;
    }

    gint64 pid = qblk_client_get_process(client);
    g_auto(GStrv) arguments = qblk_process_arguments(pid);
    const QblkPlanMonitorContext context = {
        .can_add_monitor = qblk_plan_schema_can_add_monitor(schema),
        .chardevs = chardevs,
        .arguments = (const char *const *)arguments,
        .force_managed = options != NULL && options->force_managed,
        .is_dry_run = options != NULL && options->dry_run,
    };
    g_autoptr(QblkPlan) plan = qblk_plan_monitor_open(&context, path, error);
    if (plan == NULL || !check_place(client, path, error)) {
        return NULL;
    }
    return g_steal_pointer(&plan);
}

static QblkPlan *
plan_close(QblkClient *client, const char *path, GError **error)
{
    g_autoptr(QblkJson) arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "path", QBLK_PLAN_MONITOR_OBJECTS);

    g_autoptr(QblkJson) chardevs = qblk_client_call(client, "query-chardev", NULL, error);
    if (chardevs == NULL) {
        return NULL;
    }

    /* A storage daemon without objects refuses this. */
    g_autoptr(QblkJson) objects = qblk_client_call(client, "qom-list", arguments, NULL);
    const QblkPlanMonitorContext context = {.chardevs = chardevs, .objects = objects};
    return qblk_plan_monitor_close(&context, path, error);
}

QblkPlan *
qblk_plan_open_monitor(QblkClient *client, const QblkMonitorOptions *options,
                       const QblkPlanOptions *plan_options, GError **error)
{
    if (options->path == NULL) {
        (void)qblk_plan_refuse(error, "a monitor needs a path");
        return NULL;
    }

    QblkPlan *plan = options->close ? plan_close(client, options->path, error)
                                    : plan_open(client, options->path, plan_options, error);
    if (plan != NULL) {
        plan->is_shown_only = plan_options != NULL && plan_options->dry_run;
    }
    return plan;
}
