/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-restart.h"

#include "blockjob/delete-created.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/verify.h"
#include "graph/snapshot.h"
#include "recover/chain-files.h"
#include "recover/merge-proof.h"
#include "recover/overlay-verdict.h"
#include "recover/recover-vm.h"

/* The disk after an operation that gives its guest another active image. */
typedef struct {
    const QblkJournalRecord *record;
    const char *image;     /* that the disk has now */
    const char *old, *new; /* active images before and after the operation */
    const char *state_dir; /* of marks; NULL: nothing is changed */
    gint64 pid;            /* of the QEMU; 0: not known */
    gboolean is_here;      /* these are files of this machine */
    gboolean is_local;     /* and their marks may be changed */
} Disk;

/* Set QBLK_BLOCKJOB_ERROR_RESULT, with a message as of printf().  Evaluates to FALSE.  From
 * the stage `pivoting` on the caller adds what the user can do. */
#define set_wrong_image(error, ...)                                                                \
    (g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, __VA_ARGS__), FALSE)

/* The chain has neither of the two images.  The guest may be started with either again. */
static gboolean
judge_other_image(const Disk *disk, QblkRestart *restart, GError **error)
{
    const char *target = disk->record->plan->target;

    switch (disk->record->stage) {
    case QBLK_STAGE_PIVOTING:
        return set_wrong_image(error,
                               "QEMU was restarted with the image '%s' for '%s', which is "
                               "neither '%s' nor '%s', to which its guest may have been switched",
                               disk->image, target, disk->old, disk->new);
    case QBLK_STAGE_CLEANING:
        return set_wrong_image(error,
                               "QEMU was restarted with the image '%s' for '%s', which is "
                               "neither '%s' nor '%s', to which its guest had been switched",
                               disk->image, target, disk->old, disk->new);
    case QBLK_STAGE_PLANNED:
    case QBLK_STAGE_STARTED:
        break;
    }

    *restart = QBLK_RESTART_OTHER_IMAGE;
    return TRUE;
}

/* The chain has the old image, with or without an overlay of its own. */
static gboolean
judge_old_image(const Disk *disk, QblkRestart *restart, GError **error)
{
    const QblkPlan *plan = disk->record->plan;

    switch (disk->record->stage) {
    case QBLK_STAGE_PIVOTING:
        return set_wrong_image(error,
                               "QEMU was restarted with the image '%s' for '%s', and its guest "
                               "may have been switched to '%s' before",
                               disk->old, plan->target, disk->new);
    case QBLK_STAGE_CLEANING:
        return set_wrong_image(error,
                               "QEMU was restarted with the image '%s' for '%s', and its guest "
                               "had been switched to '%s' before",
                               disk->old, plan->target, disk->new);
    case QBLK_STAGE_PLANNED:
    case QBLK_STAGE_STARTED:
        break;
    }

    /* The guest has not switched, and so no image is stale. */
    if (plan->merged != NULL && disk->is_local) {
        const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
        qblk_merged_mark_remove(images.image, disk->state_dir);
    }
    *restart = QBLK_RESTART_ALL_DATA;
    return TRUE;
}

/* The chain has the new image only. */
static gboolean
judge_new_image(const Disk *disk, QblkRestart *restart, GError **error)
{
    QblkStage stage = disk->record->stage;

    if (stage < QBLK_STAGE_PIVOTING) {
        return set_wrong_image(error,
                               "QEMU was restarted with the image '%s' for '%s', and the job had "
                               "not finished: all data are in '%s'; stop the guest and use 'qblk "
                               "recover image:%s'",
                               disk->new, disk->record->plan->target, disk->old, disk->old);
    }

    const char *old = qblk_merged_mark_path(disk->record->plan->before->pdata[0]);
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(old, disk->state_dir);
    const QblkOldTop *recorded = qblk_merge_proof_find(disk->record, mark);
    QblkOldTopChange change =
        disk->is_here ? qblk_old_top_look(recorded, old) : QBLK_OLD_TOP_UNKNOWN;
    if (change == QBLK_OLD_TOP_WRITTEN) {
        return set_wrong_image(error,
                               "QEMU was restarted with the image '%s' for '%s', and '%s', which "
                               "its guest had left before, was written since: both may have data "
                               "that the other lacks",
                               disk->new, disk->record->plan->target, old);
    }
    *restart = QBLK_RESTART_ALL_DATA;
    if (stage == QBLK_STAGE_PIVOTING) {
        *restart = QBLK_RESTART_LAST_WRITES;
    } else if (change == QBLK_OLD_TOP_MAY_BE_QEMUS) {
        *restart = QBLK_RESTART_OLD_IN_DOUBT;
    }

    /* The guest has used the new image, and so the old one is stale, whatever it contains. */
    if (!disk->is_local) {
        return TRUE;
    }
    const QblkMergedImages images = {
        .image = old,
        .into = disk->new,
        .old = recorded,
    };
    return qblk_merged_mark_write(&images, disk->state_dir, TRUE, error);
}

/* The chain has the image below a new overlay, but not that.  If a guest may have written to the
 * overlay it has newer data; otherwise it is not needed. */
static gboolean
judge_without_overlay(const Disk *disk, QblkRestart *restart, GError **error)
{
    const QblkPlan *plan = disk->record->plan;
    gboolean may_be_used = disk->record->stage >= QBLK_STAGE_PIVOTING;
    if (may_be_used && disk->is_here && !g_file_test(disk->new, G_FILE_TEST_EXISTS)) {
        return set_wrong_image(error,
                               "QEMU was restarted with the image '%s' for '%s', and the overlay "
                               "'%s', to which its guest may have been switched before, does not "
                               "exist: if it is lost, '%s' lacks what was written to it",
                               disk->old, plan->target, disk->new, disk->old);
    }
    if (may_be_used && (!disk->is_here || !qblk_delete_created_have_no_data(plan))) {
        return judge_old_image(disk, restart, error);
    }

    *restart = QBLK_RESTART_ALL_DATA;
    if (disk->state_dir == NULL) {
        return TRUE;
    }
    g_autofree char *kept = qblk_delete_created_delete(plan, disk->pid, disk->is_here);
    if (kept != NULL) {
        g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, kept);
    }
    return kept == NULL;
}

/* The new overlay has the old image below it, and has all data: the guest may have been started
 * with either. */
static gboolean
judge_overlay(const QblkChain *chain, const Disk *disk, QblkRestart *restart, GError **error)
{
    g_autoptr(GPtrArray) files = qblk_chain_files_of_chain(chain);

    if (qblk_chain_files_have(files, disk->new)) {
        *restart = QBLK_RESTART_ALL_DATA;
        return TRUE;
    }
    if (qblk_chain_files_have(files, disk->old)) {
        return judge_without_overlay(disk, restart, error);
    }
    return judge_other_image(disk, restart, error);
}

static gboolean
judge_moved_top(const QblkChain *chain, const Disk *disk, QblkRestart *restart, GError **error)
{
    if (qblk_overlay_verdict_is_for(disk->record->plan)) {
        return judge_overlay(chain, disk, restart, error);
    }

    g_autoptr(GPtrArray) files = qblk_chain_files_of_chain(chain);

    /* The old image of a merge has the new one below it: look for the old one first. */
    if (qblk_chain_files_have(files, disk->old)) {
        return judge_old_image(disk, restart, error);
    }
    if (qblk_chain_files_have(files, disk->new)) {
        return judge_new_image(disk, restart, error);
    }
    return judge_other_image(disk, restart, error);
}

/* The active image is the same before and after. */
static QblkRestart
judge_same_top(const QblkChain *chain, const QblkPlan *plan)
{
    g_autoptr(GPtrArray) files = qblk_chain_files_of_chain(chain);

    if (plan->before->len == 0) {
        return QBLK_RESTART_CHAIN_UNKNOWN;
    }
    if (qblk_chain_files_match(files, plan->before)) {
        return QBLK_RESTART_CHAIN_BEFORE;
    }
    if (qblk_chain_files_match(files, plan->after)) {
        return QBLK_RESTART_CHAIN_AFTER;
    }
    return QBLK_RESTART_CHAIN_OTHER;
}

static QblkChain *
fetch_chain(QblkClient *client, const QblkSnapshotOptions *options, const QblkPlan *plan,
            GError **error)
{
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, options, error);

    if (snapshot == NULL) {
        return NULL;
    }
    return qblk_snapshot_chain(snapshot, qblk_verify_find(plan, snapshot), error);
}

QblkRecoverResult *
qblk_recover_restart(QblkClient *client, const QblkSnapshotOptions *options, const char *state_dir,
                     const QblkJournalRecord *record, GError **error)
{
    const QblkPlan *plan = record->plan;
    g_autoptr(QblkChain) chain = fetch_chain(client, options, plan, error);
    if (chain == NULL) {
        return NULL;
    }

    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    g_autoptr(QblkRecoverResult) result = qblk_recover_result_new(record, QBLK_RECOVER_RESTARTED);
    result->image = top == NULL ? NULL : g_strdup(top->filename);
    result->old_top = g_strdup(qblk_chain_files_active(plan->before));
    result->new_top = g_strdup(qblk_chain_files_active(plan->after));

    gboolean is_here = qblk_recover_is_local(client, record);
    gboolean is_local = state_dir != NULL && is_here;
    if (qblk_plan_moves_top(plan)) {
        const Disk disk = {
            .record = record,
            .image = top == NULL ? "nothing" : top->filename,
            .old = result->old_top,
            .new = result->new_top,
            .state_dir = state_dir,
            .pid = qblk_recover_get_pid(client),
            .is_here = is_here,
            .is_local = is_local,
        };
        if (!judge_moved_top(chain, &disk, &result->restart, error)) {
            return NULL;
        }
    } else {
        result->restart = judge_same_top(chain, plan);
    }

    /* The job has ended with its QEMU. */
    gboolean is_incomplete = is_local && record->stage == QBLK_STAGE_STARTED;
    if (is_incomplete && !qblk_merged_mark_write_partial(plan, state_dir, error)) {
        return NULL;
    }
    return g_steal_pointer(&result);
}
