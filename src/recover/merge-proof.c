/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/merge-proof.h"

#include "blockjob/merged-mark-plan.h"
#include "recover/chain-files.h"

#include <errno.h>
#include <sys/stat.h>

/* ---- times ---- */

static gboolean
is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* TRUE if the image @path was not changed since the last line of the journal was written, or is
 * gone.  Writing to a block device does not change the times of its name.  The time of the status
 * cannot be set back, as that of the content can. */
static gboolean
is_unchanged(const char *path, const struct timespec *recorded)
{
    struct stat status;
    if (path == NULL) {
        return FALSE;
    }
    if (stat(path, &status) != 0) {
        return errno == ENOENT;
    }
    return S_ISREG(status.st_mode) && !is_later(&status.st_mtim, recorded) &&
           !is_later(&status.st_ctim, recorded);
}

/* TRUE if the layer @path below the active one, which no guest writes to, was written since. */
static gboolean
is_written(const char *path, const struct timespec *recorded)
{
    struct stat status;
    return path != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           is_later(&status.st_mtim, recorded);
}

/* ---- content ---- */

gboolean
qblk_merge_proof_has_same_content(const QblkPlan *plan)
{
    const QblkExpectation *before = plan->before->pdata[0];
    const QblkExpectation *after = plan->after->pdata[0];
    const char *const command[] = {"qemu-img",
                                   "compare",
                                   "-U",
                                   "-q",
                                   "-f",
                                   before->format,
                                   "-F",
                                   after->format,
                                   qblk_chain_files_active(plan->before),
                                   qblk_chain_files_active(plan->after)};
    g_auto(GStrv) arguments = g_new0(char *, G_N_ELEMENTS(command) + 1);
    const GSpawnFlags flags =
        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
    int status = -1;

    for (gsize i = 0; i < G_N_ELEMENTS(command); i++) {
        arguments[i] = g_strdup(command[i]);
    }

    gboolean has_run =
        g_spawn_sync(NULL, arguments, NULL, flags, NULL, NULL, NULL, NULL, &status, NULL);
    return has_run && status == 0;
}

/* ---- an operation of a QEMU: what was recorded when the guest had left the image ---- */

const QblkOldTop *
qblk_merge_proof_find(const QblkJournalRecord *record, const QblkMergedMark *mark)
{
    gboolean is_marked = mark != NULL && mark->is_done && qblk_old_top_is_known(&mark->old);
    gboolean is_better = mark != NULL && mark->old.is_closed && !record->old.is_closed;
    gboolean is_only = !qblk_old_top_is_known(&record->old);
    return is_marked && (is_better || is_only) ? &mark->old : &record->old;
}

QblkOldTopChange
qblk_merge_proof_look(const QblkJournalRecord *record, const QblkMergedMark *mark)
{
    const QblkPlan *plan = record->plan;
    const QblkOldTop *recorded = qblk_merge_proof_find(record, mark);
    QblkOldTopChange change =
        qblk_old_top_look(recorded, qblk_merged_mark_path(plan->before->pdata[0]));

    gboolean is_open = change != QBLK_OLD_TOP_UNCHANGED && change != QBLK_OLD_TOP_UNKNOWN;
    return is_open && qblk_merge_proof_has_same_content(plan) ? QBLK_OLD_TOP_UNCHANGED : change;
}

char *
qblk_merge_proof_describe(QblkOldTopChange change, const char *path)
{
    g_autofree char *time = qblk_old_top_describe_time(path);
    switch (change) {
    case QBLK_OLD_TOP_UNCHANGED:
        return NULL;
    case QBLK_OLD_TOP_MAY_BE_QEMUS:
        return g_strdup_printf("'%s' was written at %s, after its guest had left it: by QEMU when "
                               "it closed the image, or by a guest that was started from it since; "
                               "then both images have data that the other lacks",
                               path, time);
    case QBLK_OLD_TOP_UNKNOWN:
    case QBLK_OLD_TOP_WRITTEN:
        break;
    }
    return g_strdup_printf("it is not recorded if '%s' was written after its guest had left it: if "
                           "a guest was started from it since, both images have data that the "
                           "other lacks",
                           path);
}

/* ---- the checks ---- */

void
qblk_merge_proof_set_written(const QblkJournalRecord *record, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *before = qblk_chain_files_active(plan->before);
    const char *after = qblk_chain_files_active(plan->after);
    const char *what = plan->merged == NULL ? "copied to" : "merged into";
    g_autofree char *before_time = qblk_old_top_describe_time(before);
    g_autofree char *after_time = qblk_old_top_describe_time(after);
    if (qblk_chain_files_have_layer(plan->after, before)) {
        what = "put below";
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "'%s' was written after it was %s '%s', at %s: both may have data that the other "
                "lacks, and '%s' was last written at %s; keep both images and compare their file "
                "systems, then remove the journal '%s' and, if you boot from '%s', the mark beside "
                "it",
                before, what, after, before_time, after, after_time, record->path, before);
}

static gboolean
check_active(const QblkJournalRecord *record, const struct timespec *recorded, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *path = qblk_merged_mark_path(plan->before->pdata[0]);
    if (is_unchanged(path, recorded) || qblk_merge_proof_has_same_content(plan)) {
        return TRUE;
    }

    qblk_merge_proof_set_written(record, error);
    return FALSE;
}

static gboolean
check_below(const QblkJournalRecord *record, const struct timespec *recorded, GError **error)
{
    const QblkPlan *plan = record->plan;
    for (guint i = 1; i < plan->before->len; i++) {
        const char *path = qblk_merged_mark_path(plan->before->pdata[i]);
        if (!is_written(path, recorded) || qblk_chain_files_have_layer(plan->after, path)) {
            continue;
        }
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' was written after it left the chain of '%s': it may have data that no "
                    "other image has; keep it, and remove the journal '%s'",
                    path, qblk_chain_files_active(plan->before), record->path);
        return FALSE;
    }
    return TRUE;
}

gboolean
qblk_merge_proof_check(const QblkJournalRecord *record, GError **error)
{
    struct stat journal = {0}; /* a time that is not known proves nothing */
    if (record->path != NULL && stat(record->path, &journal) != 0) {
        journal.st_mtim = (struct timespec){0};
    }
    return (!qblk_plan_moves_top(record->plan) || check_active(record, &journal.st_mtim, error)) &&
           check_below(record, &journal.st_mtim, error);
}
