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

/* ---- the checks ---- */

static void
set_both(const QblkJournalRecord *record, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *before = qblk_chain_files_active(plan->before);
    const char *after = qblk_chain_files_active(plan->after);
    const char *what = plan->merged == NULL ? "copied to" : "merged into";
    if (qblk_chain_files_have_layer(plan->after, before)) {
        what = "put below";
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "'%s' was written after it was %s '%s': both may have data that the other lacks; "
                "keep both images and compare their file systems, then remove the journal '%s' "
                "and, if you boot from '%s', the mark beside it",
                before, what, after, record->path, before);
}

static gboolean
check_active(const QblkJournalRecord *record, const struct timespec *recorded, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *path = qblk_merged_mark_path(plan->before->pdata[0]);
    if (is_unchanged(path, recorded) || qblk_merge_proof_has_same_content(plan)) {
        return TRUE;
    }

    set_both(record, error);
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
