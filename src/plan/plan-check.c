/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-check.h"

#include "image/image-chain.h"

#include "chain/snapshot-users.h"
#include "graph/snapshot-jobs.h"
#include "plan/plan-managed.h"

/* ---- migration ---- */

static gboolean
check_migration(const QblkSnapshot *snapshot, const char *target, GError **error)
{
    const char *state = snapshot->run_state;

    if (g_strcmp0(state, "inmigrate") == 0) {
        return qblk_plan_refuse(error,
                                "disk '%s' cannot be changed in run state 'inmigrate': its images "
                                "belong to the QEMU that the guest migrates from: change it there, "
                                "or wait until the migration has ended",
                                target);
    }
    if (g_strcmp0(state, "finish-migrate") == 0) {
        return qblk_plan_refuse(error,
                                "disk '%s' cannot be changed in run state 'finish-migrate': its "
                                "images are about to be passed to another QEMU: wait until the "
                                "migration has ended",
                                target);
    }
    if (g_strcmp0(state, "postmigrate") == 0) {
        return qblk_plan_refuse(error,
                                "disk '%s' cannot be changed in run state 'postmigrate': its "
                                "images belong to the QEMU that the guest has migrated to: change "
                                "it there; only if no other QEMU uses them, resume this guest with "
                                "'cont'",
                                target);
    }
    return TRUE;
}

/* A guest that was migrated to this QEMU and has not run yet, or one whose state is no longer that
 * of a migration: after a reset, for example. */
static gboolean
check_inactive(const QblkSnapshot *snapshot, const QblkChain *chain, GError **error)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkNode *node =
            layer->node_name == NULL ? NULL : qblk_snapshot_find_node(snapshot, layer->node_name);
        if (node != NULL && node->is_inactive) {
            return qblk_plan_refuse(
                error,
                "disk '%s' cannot be changed in run state '%s': node '%s' is inactive, and its "
                "image may belong to another QEMU: only if no other QEMU uses it, activate it, by "
                "resuming the guest with 'cont' or with 'blockdev-set-active'",
                chain->target, snapshot->run_state == NULL ? "unknown" : snapshot->run_state,
                node->name);
        }
    }
    return TRUE;
}

/* Check that no migration has given the images of @chain to another QEMU. */
static gboolean
check_run_state(const QblkSnapshot *snapshot, const QblkChain *chain, GError **error)
{
    if (!check_migration(snapshot, chain->target, error)) {
        return FALSE;
    }
    if (!check_inactive(snapshot, chain, error)) {
        return FALSE;
    }
    if (!snapshot->may_be_inactive) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "disk '%s' cannot be changed in run state '%s': the guest has migrated "
                            "with 'late-block-activate', and its images may be inactive until it "
                            "runs: resume it with 'cont' first",
                            chain->target, snapshot->run_state);
}

/* ---- the disk and its layers ---- */

gboolean
qblk_plan_check_device(const QblkPlanContext *context, const QblkChain *chain, GError **error)
{
    const QblkJob *job = qblk_snapshot_find_job_of(context->snapshot, chain->target);

    if (chain->layers->len == 0) {
        return qblk_plan_refuse(error, "disk '%s' is an empty drive", chain->target);
    }
    if (chain->kind == QBLK_DEVICE_KIND_CDROM) {
        return qblk_plan_refuse(error, "disk '%s' is a CD-ROM drive", chain->target);
    }
    if (chain->read_only) {
        return qblk_plan_refuse(error, "disk '%s' is read-only", chain->target);
    }
    if (job != NULL) {
        return qblk_plan_refuse(error, "disk '%s' has a job already: '%s' (%s, %s): see 'qblk job'",
                                chain->target, job->id, job->type, job->status);
    }
    if (!check_run_state(context->snapshot, chain, error)) {
        return FALSE;
    }
    return qblk_plan_managed_check_disk(context, chain->target, error);
}

/* Check the format that the header above @layer records, of an image that no QEMU has open. */
static gboolean
check_format(const QblkImageLayer *top, const QblkImageLayer *above, const QblkImageLayer *layer,
             GError **error)
{
    if (layer->undecided != NULL) {
        return qblk_plan_refuse(
            error,
            "'%s' looks like %s, but the header of '%s' does not record that, and a guest can "
            "write it into a raw image: if it is %s, use 'qblk mend image:%s --backing-format "
            "%s'; if it is raw, use --backing-format raw with this command",
            layer->path, layer->undecided, above->path, layer->undecided, top->path,
            layer->undecided);
    }
    if (layer->has_wrong_record) {
        return qblk_plan_refuse(error,
                                "the header of '%s' records a wrong format of its backing file "
                                "'%s', which is %s: use 'qblk mend image:%s --backing-format %s'",
                                above->path, layer->path, layer->format, top->path, layer->format);
    }
    return TRUE;
}

gboolean
qblk_plan_check_disk(const QblkPlanContext *context, const QblkChain *chain, GError **error)
{
    const GPtrArray *images = context->image_layers;
    for (guint i = 1; images != NULL && i < images->len; i++) {
        if (!check_format(images->pdata[0], images->pdata[i - 1], images->pdata[i], error)) {
            return FALSE;
        }
    }
    return qblk_plan_check_device(context, chain, error);
}

gboolean
qblk_plan_check_users(const QblkPlanContext *context, const QblkChain *chain,
                      const QblkLayer *first, const QblkLayer *last, GError **error)
{
    for (guint i = first->position; i <= last->position; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const char *other = qblk_snapshot_users_other(context->snapshot, chain->target, layer);
        if (other != NULL) {
            return qblk_plan_refuse(error,
                                    "image '%s' is also used by disk '%s', whose data would change",
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
        return qblk_plan_refuse(error, "'%s' and '%s' are the same layer of disk '%s'", upper_name,
                                lower_name, chain->target);
    }
    return qblk_plan_refuse(error, "'%s' is below '%s' in the chain of disk '%s', not above it",
                            upper_name, lower_name, chain->target);
}

/* ---- what QEMU has ---- */

static gboolean
uses_id(const QblkPlan *plan, const char *id)
{
    if (g_str_equal(plan->job, id)) {
        return TRUE;
    }
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->job, id) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_plan_check_id(const QblkPlanContext *context, const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < context->snapshot->jobs->len; i++) {
        const QblkJob *job = context->snapshot->jobs->pdata[i];
        if (uses_id(plan, job->id)) {
            return qblk_plan_refuse(error,
                                    "job '%s' already exists (%s, %s): show or end it with 'qblk "
                                    "job' and this id",
                                    job->id, job->type, job->status);
        }
    }
    return TRUE;
}
