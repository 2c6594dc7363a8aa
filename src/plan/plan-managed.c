/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-managed.h"

#include <qblk/error.h>

/* As qblk_plan_refuse() in plan-check.h, which uses these checks. */
#define refuse(error, ...)                                                                         \
    (g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, __VA_ARGS__), FALSE)

static gboolean
is_allowed(const QblkPlanContext *context)
{
    return context->force_managed || context->is_dry_run;
}

/* TRUE if the name of at least one node is known. */
static gboolean
has_node_names(const QblkSnapshot *snapshot)
{
    for (guint i = 0; i < snapshot->devices->len; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (device->node_name != NULL) {
            return TRUE;
        }
    }
    return snapshot->nodes->len > 0;
}

gboolean
qblk_plan_managed_check_disk(const QblkPlanContext *context, const char *target, GError **error)
{
    const QblkManager *manager = context->snapshot->manager;

    if (is_allowed(context) || manager == NULL) {
        return TRUE;
    }
    return refuse(error,
                  "disk '%s' belongs to a guest of %s, which would not notice the "
                  "change: use %s, or --force-managed",
                  target, manager->name, manager->command);
}

gboolean
qblk_plan_managed_check_job(const QblkPlanContext *context, const QblkJob *job, GError **error)
{
    const QblkManager *manager = context->snapshot->manager;

    if (is_allowed(context)) {
        return TRUE;
    }
    if (manager != NULL) {
        return refuse(error,
                      "job '%s' belongs to a guest of %s, which would not notice the "
                      "change: use %s, or --force-managed",
                      job->id, manager->name, manager->command);
    }
    if (!has_node_names(context->snapshot)) {
        return refuse(error,
                      "job '%s' may belong to a guest of libvirt, which would not notice "
                      "the change: use virsh, or --force-managed",
                      job->id);
    }
    return TRUE;
}

void
qblk_plan_managed_warn(QblkPlan *plan, const QblkPlanContext *context)
{
    const QblkManager *manager = context->snapshot->manager;
    char *warning = NULL;

    if (context->force_managed || !context->is_dry_run) {
        return;
    }
    if (manager != NULL) {
        warning = g_strdup_printf("disk '%s' belongs to a guest of %s, which would not notice the "
                                  "change: without --dry-run, use %s, or --force-managed",
                                  plan->target, manager->name, manager->command);
    } else if (!has_node_names(context->snapshot)) {
        warning = g_strdup_printf("job '%s' may belong to a guest of libvirt, which would not "
                                  "notice the change: without --dry-run, use virsh, or "
                                  "--force-managed",
                                  plan->job);
    }
    if (warning != NULL) {
        g_ptr_array_add(plan->warnings, warning);
    }
}
