/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/recover-image.h"

#include "blockjob/journal.h"
#include "blockjob/lock-holder.h"
#include "blockjob/tombstone.h"
#include "cli/output.h"
#include "cli/recover.h"
#include "graph/image-chain.h"

#include <stdlib.h>

/* What is said of the image. */
typedef struct {
    const char *boot;  /* borrowed */
    const char *why;   /* constant */
    GPtrArray *unused; /* of char, borrowed: files */
    gboolean is_moved; /* the guest has another active image than before */
} Verdict;

static gboolean
has_file(const GPtrArray *layers, const char *path)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        if (qblk_recover_is_same_file(layer->filename, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The journal of an operation on the image, if one was left. */
static const QblkJournalRecord *
find_record(const GPtrArray *records, const char *top)
{
    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        gboolean is_told = record->plan->before->len > 0; /* not where QEMU could not be asked */
        if (is_told &&
            (has_file(record->plan->before, top) || has_file(record->plan->after, top))) {
            return record;
        }
    }
    return NULL;
}

/* ---- another image becomes the active one: by a merge, or by a copy ---- */

/* Whether the guest would see the same in both; FALSE where they differ, or it is not known. */
static gboolean
is_same_content(const QblkPlan *plan)
{
    const QblkExpectation *before = plan->before->pdata[0];
    const QblkExpectation *after = plan->after->pdata[0];
    const char *const command[] = {
        "qemu-img",    "compare",        "-U",           "-q", "-f", before->format, "-F",
        after->format, before->filename, after->filename};
    int status = -1;
    g_auto(GStrv) arguments = g_new0(char *, G_N_ELEMENTS(command) + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(command); i++) {
        arguments[i] = g_strdup(command[i]);
    }
    return g_spawn_sync(NULL, arguments, NULL,
                        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                            G_SPAWN_STDERR_TO_DEV_NULL,
                        NULL, NULL, NULL, NULL, &status, NULL) &&
           status == 0;
}

static void
add_leftovers(Verdict *verdict, const GPtrArray *layers, const GPtrArray *kept)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        if (!has_file(kept, layer->filename)) {
            g_ptr_array_add(verdict->unused, layer->filename);
        }
    }
}

static gboolean
judge_pivot(const QblkJournalRecord *record, Verdict *verdict, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *before = ((const QblkExpectation *)plan->before->pdata[0])->filename;
    const char *after = ((const QblkExpectation *)plan->after->pdata[0])->filename;
    gboolean is_certain = record->stage != QBLK_STAGE_PIVOTING;
    gboolean went_on = record->stage == QBLK_STAGE_CLEANING;
    if (!is_certain && is_same_content(plan)) {
        is_certain = went_on = TRUE; /* whichever it was, the new one has all */
    }
    if (!is_certain) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "QEMU ended while its guest changed over from '%s' to '%s', and they differ: "
                    "which one has the newest data is not known; keep both, and compare their "
                    "file systems",
                    before, after);
        return FALSE;
    }
    verdict->boot = went_on ? after : before;
    verdict->why = went_on ? "all data are in it" : "the job had not come to its end";
    if (went_on) {
        verdict->is_moved = TRUE;
        add_leftovers(verdict, plan->before, plan->after);
    } else {
        add_leftovers(verdict, plan->after, plan->before);
    }
    return TRUE;
}

/* ---- other operations: the headers tell ---- */

static gboolean
is_chain(const GPtrArray *images, const GPtrArray *layers)
{
    gboolean is_same = images->len == layers->len;
    for (guint i = 0; is_same && i < images->len; i++) {
        const QblkImageLayer *image = images->pdata[i];
        const QblkExpectation *layer = layers->pdata[i];
        is_same = qblk_recover_is_same_file(image->path, layer->filename);
    }
    return is_same;
}

static gboolean
judge_headers(const QblkInvocation *invocation, const QblkJournalRecord *record, Verdict *verdict,
              GError **error)
{
    const QblkPlan *plan = record->plan;
    const QblkExpectation *before = plan->before->pdata[0];
    verdict->boot = before->filename;
    verdict->why = "its chain is the one from before";
    if (record->stage < QBLK_STAGE_PIVOTING) {
        return TRUE;
    }
    g_autoptr(GPtrArray) images = qblk_image_chain(before->filename, before->format, error);
    if (images == NULL) {
        return FALSE;
    }
    if (is_chain(images, plan->after)) {
        verdict->why = "its chain is the one that was planned";
        add_leftovers(verdict, plan->before, plan->after);
    } else if (!is_chain(images, plan->before)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the headers from '%s' down are neither as before nor as planned: look with "
                    "'qblk chain image:%s'",
                    before->filename, before->filename);
        return FALSE;
    }
    return TRUE;
}

/* ---- what is said ---- */

static void
print(QblkInvocation *invocation, const Verdict *verdict)
{
    if (invocation->json) {
        QblkJson *result = qblk_json_new_object();
        QblkJson *unused = qblk_json_new_array();
        for (guint i = 0; i < verdict->unused->len; i++) {
            qblk_json_append(unused, qblk_json_new_string(verdict->unused->pdata[i]));
        }
        qblk_json_set_string(result, "boot", verdict->boot);
        qblk_json_set_string(result, "reason", verdict->why);
        qblk_json_set(result, "unused", unused);
        qblk_output_json(invocation, result);
        return;
    }
    g_autofree char *boot = qblk_output_escape(verdict->boot);
    qblk_output_print(invocation, "boot from: %s\n  (%s)\n", boot, verdict->why);
    for (guint i = 0; i < verdict->unused->len; i++) {
        g_autofree char *file = qblk_output_escape(verdict->unused->pdata[i]);
        qblk_output_print(invocation, "not used any more: %s\n", file);
    }
}

static gboolean
check_unused(const char *path, GError **error)
{
    g_autofree char *holders = qblk_lock_holder_all(path);
    if (holders != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "'%s' is in use by %s: say 'qblk recover' with the VM that has it", path,
                    holders);
    }
    return holders == NULL;
}

/* Without a journal the mark is all there is. */
static gboolean
judge_mark(const char *top, const QblkTombstone *mark, Verdict *verdict, GError **error)
{
    verdict->boot = top;
    verdict->why = "nothing was left unfinished";
    if (mark == NULL) {
        return TRUE;
    }
    if (!mark->is_done || mark->into == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' may have been merged into '%s', and there is no journal that tells more",
                    top, mark->into == NULL ? "another image" : mark->into);
        return FALSE;
    }
    verdict->boot = mark->into;
    verdict->why = "all data are in it";
    g_ptr_array_add(verdict->unused, mark->image);
    return TRUE;
}

static gboolean
judge(const QblkInvocation *invocation, const QblkJournalRecord *record, Verdict *verdict,
      GError **error)
{
    for (guint i = 0; i < record->plan->before->len; i++) {
        const QblkExpectation *layer = record->plan->before->pdata[i];
        if (!check_unused(layer->filename, error)) {
            return FALSE;
        }
    }
    return qblk_plan_moves_top(record->plan) ? judge_pivot(record, verdict, error)
                                             : judge_headers(invocation, record, verdict, error);
}

/* The verdict holds from now on: it goes from the journal into the mark. */
static gboolean
settle(const QblkJournalRecord *record, const Verdict *verdict, GError **error)
{
    const QblkPlan *plan = record->plan;
    QblkJournal *journal = qblk_journal_resume(record, error);
    gboolean done = journal != NULL;
    if (done && verdict->is_moved) {
        const QblkExpectation *old = plan->before->pdata[0];
        done = qblk_tombstone_write(old->filename, verdict->boot, TRUE, error);
    } else if (done && plan->buried != NULL) {
        qblk_tombstone_remove(plan->buried);
    }
    if (done) {
        qblk_journal_end(journal);
    } else {
        qblk_journal_leave(journal);
    }
    return done;
}

gboolean
qblk_recover_image(QblkInvocation *invocation, const char *top, GError **error)
{
    g_autofree char *folder = qblk_recover_folder(invocation);
    g_autofree char *path = g_canonicalize_filename(top, NULL);
    g_autoptr(GPtrArray) records = qblk_journal_list(folder, error);
    g_autoptr(GPtrArray) unused = g_ptr_array_new();
    if (records == NULL || !check_unused(path, error)) {
        return FALSE;
    }
    Verdict verdict = {.unused = unused};
    const QblkJournalRecord *record = find_record(records, path);
    g_autoptr(QblkTombstone) mark = qblk_tombstone_read(path);
    gboolean done = record == NULL ? judge_mark(path, mark, &verdict, error)
                                   : judge(invocation, record, &verdict, error) &&
                                         settle(record, &verdict, error);
    if (done) {
        print(invocation, &verdict);
    }
    return done;
}
