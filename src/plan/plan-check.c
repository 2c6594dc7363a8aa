/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-check.h"

#include "graph/chain-number.h"
#include "graph/snapshot-jobs.h"
#include "graph/snapshot-users.h"

#include <string.h>

static gboolean
refuse_managed(const QblkPlanContext *context, const char *how, const char *what, GError **error)
{
    return context->force_managed ||
           qblk_plan_check_refuse(
               error,
               "libvirt %s this guest and never notices a change of '%s' made without it: use "
               "virsh, or say --force-managed",
               how, what);
}

gboolean
qblk_plan_check_managed(const QblkPlanContext *context, const QblkChain *chain, GError **error)
{
    return !chain->has_libvirt_indexes || refuse_managed(context, "started", chain->target, error);
}

/* libvirt names a job "pull-vda-libvirt-2-format". */
static gboolean
is_named_by_libvirt(const QblkJob *job)
{
    const char *node = strstr(job->id, "libvirt-");
    return node != NULL && qblk_libvirt_node_is(node);
}

gboolean
qblk_plan_check_managed_job(const QblkPlanContext *context, const QblkJob *job, GError **error)
{
    const QblkSnapshot *snapshot = context->snapshot;
    gboolean is_named = FALSE, is_managed = is_named_by_libvirt(job);
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        is_named = TRUE;
        is_managed = is_managed || qblk_libvirt_node_is(node->name);
    }
    for (guint i = 0; i < snapshot->devices->len; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        is_named = is_named || device->node_name != NULL;
        is_managed = is_managed || qblk_libvirt_node_is(device->node_name);
    }
    if (is_managed) {
        return refuse_managed(context, "started", job->id, error);
    }
    return is_named || refuse_managed(context, "may have started", job->id, error);
}

gboolean
qblk_plan_check_disk(const QblkPlanContext *context, const QblkChain *chain, GError **error)
{
    const QblkJob *job = qblk_snapshot_jobs_of(context->snapshot, chain->target);
    if (chain->layers->len == 0) {
        return qblk_plan_check_refuse(error, "disk '%s' is an empty drive", chain->target);
    }
    if (chain->kind == QBLK_DEVICE_CDROM) {
        return qblk_plan_check_refuse(error, "disk '%s' is a cdrom", chain->target);
    }
    if (chain->read_only) {
        return qblk_plan_check_refuse(error, "disk '%s' is read-only", chain->target);
    }
    if (job != NULL) {
        return qblk_plan_check_refuse(error, "disk '%s' has a job already: '%s' (%s, %s)",
                                      chain->target, job->id, job->type, job->status);
    }
    return qblk_plan_check_managed(context, chain, error);
}

gboolean
qblk_plan_check_users(const QblkPlanContext *context, const QblkChain *chain,
                      const QblkLayer *first, const QblkLayer *last, GError **error)
{
    for (guint i = first->position; i <= last->position; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const char *other = qblk_snapshot_users_other(context->snapshot, chain->target, layer);
        if (other != NULL) {
            return qblk_plan_check_refuse(
                error, "image '%s' is also used by disk '%s', whose data would change",
                layer->filename, other);
        }
    }
    return TRUE;
}

gboolean
qblk_plan_check_order(const QblkChain *chain, const QblkLayer *upper, const char *upper_name,
                      const QblkLayer *lower, const char *lower_name, GError **error)
{
    if (upper->position < lower->position) {
        return TRUE;
    }
    if (upper->position == lower->position) {
        return qblk_plan_check_refuse(error, "'%s' and '%s' are the same layer of '%s'", upper_name,
                                      lower_name, chain->target);
    }
    return qblk_plan_check_refuse(error, "'%s' is below '%s' in the chain of '%s', not above it",
                                  upper_name, lower_name, chain->target);
}

static gboolean
uses_id(const QblkPlan *plan, const char *id)
{
    gboolean uses = g_str_equal(plan->job, id);
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        uses = uses || g_strcmp0(step->job, id) == 0;
    }
    return uses;
}

gboolean
qblk_plan_check_id(const QblkPlanContext *context, const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < context->snapshot->jobs->len; i++) {
        const QblkJob *job = context->snapshot->jobs->pdata[i];
        if (uses_id(plan, job->id)) {
            return qblk_plan_check_refuse(
                error,
                "there is a job '%s' already (%s, %s): 'qblk job' with that id looks at it "
                "and ends it",
                job->id, job->type, job->status);
        }
    }
    return TRUE;
}

void
qblk_plan_check_features(QblkPlanContext *context, const QblkSchema *schema)
{
    context->masks_protocol =
        qblk_schema_has_argument(schema, "block-commit", "backing-mask-protocol") &&
        qblk_schema_has_argument(schema, "block-stream", "backing-mask-protocol");
    context->lacks_hmp = !qblk_schema_has_argument(schema, "human-monitor-command", "command-line");
}

static gboolean
check_steps(const GPtrArray *steps, const QblkSchema *schema, GError **error)
{
    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        g_autoptr(GError) cause = NULL;
        if (step->command != NULL &&
            !qblk_schema_check_command(schema, step->command, step->arguments, &cause)) {
            return qblk_plan_check_refuse(error, "this QEMU cannot %s: %s", step->purpose,
                                          cause->message);
        }
        if (!check_steps(step->undo, schema, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_plan_check_schema(const QblkPlan *plan, const QblkSchema *schema, GError **error)
{
    return check_steps(plan->steps, schema, error);
}
