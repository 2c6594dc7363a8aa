/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/recover-image.h"

#include "blockjob/file-identity.h"
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
        if (qblk_file_identity_is_one(layer->filename, path)) {
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
        /* Neither where it cannot be read, nor where QEMU could not be asked. */
        gboolean is_told = record->error == NULL && record->plan->before->len > 0;
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
        is_same = qblk_file_identity_is_one(image->path, layer->filename);
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
add_json(QblkJson *result, const Verdict *verdict)
{
    QblkJson *unused = qblk_json_new_array();
    for (guint i = 0; i < verdict->unused->len; i++) {
        qblk_json_append(unused, qblk_json_new_string(verdict->unused->pdata[i]));
    }
    qblk_json_set_string(result, "boot", verdict->boot);
    qblk_json_set_string(result, "reason", verdict->why);
    qblk_json_set(result, "unused", unused);
}

/* Into @result where it is not NULL. */
static void
say(QblkInvocation *invocation, QblkJson *result, const Verdict *verdict)
{
    if (result != NULL) {
        add_json(result, verdict);
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

/* Nothing tells of the image; what cannot be read might have. */
static gboolean
judge_silence(const GPtrArray *records, Verdict *verdict, GError **error)
{
    verdict->why = "nothing was left unfinished";
    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        if (g_error_matches(record->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT)) {
            g_propagate_prefixed_error(error, g_error_copy(record->error),
                                       "whether anything was left unfinished is not known: ");
            return FALSE;
        }
        if (record->error != NULL) {
            g_autofree char *warning =
                g_strdup_printf("%s; it may have been of this image", record->error->message);
            qblk_output_warn(warning);
            verdict->why = "no journal that can be read tells of it";
        }
    }
    return TRUE;
}

/* Without a journal the mark is all there is. */
static gboolean
judge_mark(const QblkTombstone *mark, Verdict *verdict, GError **error)
{
    if (!mark->is_done || mark->into == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' may have been merged into '%s', and there is no journal that tells more",
                    mark->image, mark->into == NULL ? "another image" : mark->into);
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
    if (record->is_busy) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "another qblk works on it right now (it holds '%s')", record->path);
        return FALSE;
    }
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

/* All that may tell of the image @path. */
typedef struct {
    GPtrArray *records; /* of QblkJournalRecord, owned */
    const QblkJournalRecord *record;
    QblkTombstone *mark; /* owned */
    char *path;          /* owned */
    Verdict verdict;
} Look;

static void
look_clear(Look *look)
{
    g_clear_pointer(&look->records, g_ptr_array_unref);
    g_clear_pointer(&look->verdict.unused, g_ptr_array_unref);
    g_clear_pointer(&look->mark, qblk_tombstone_free);
    g_clear_pointer(&look->path, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static gboolean
look_at(Look *look, const QblkInvocation *invocation, const char *top, GError **error)
{
    g_autofree char *folder = qblk_recover_folder(invocation);
    look->records = qblk_journal_list(folder, error);
    if (look->records == NULL) {
        return FALSE;
    }
    look->path = g_canonicalize_filename(top, NULL);
    look->record = find_record(look->records, look->path);
    look->mark = qblk_tombstone_read(look->path);
    look->verdict.unused = g_ptr_array_new();
    look->verdict.boot = look->path;
    return TRUE;
}

static gboolean
judge_look(Look *look, const QblkInvocation *invocation, GError **error)
{
    if (!check_unused(look->path, error)) {
        return FALSE;
    }
    if (look->record != NULL) {
        return judge(invocation, look->record, &look->verdict, error);
    }
    return look->mark != NULL ? judge_mark(look->mark, &look->verdict, error)
                              : judge_silence(look->records, &look->verdict, error);
}

gboolean
qblk_recover_image(QblkInvocation *invocation, const char *top, GError **error)
{
    g_auto(Look) look = {0};
    if (!look_at(&look, invocation, top, error) || !judge_look(&look, invocation, error) ||
        (look.record != NULL && !settle(look.record, &look.verdict, error))) {
        return FALSE;
    }
    QblkJson *result = invocation->json ? qblk_json_new_object() : NULL;
    say(invocation, result, &look.verdict);
    if (result != NULL) {
        qblk_output_json(invocation, result);
    }
    return TRUE;
}

gboolean
qblk_recover_image_check(QblkInvocation *invocation, const char *top, QblkJson *result,
                         gboolean *is_told, GError **error)
{
    g_auto(Look) look = {0};
    if (!look_at(&look, invocation, top, error)) {
        return FALSE;
    }
    gboolean is_any = look.record != NULL || look.mark != NULL;
    if (is_any && !judge_look(&look, invocation, error)) {
        return FALSE;
    }
    if (is_any) {
        say(invocation, result, &look.verdict);
    }
    *is_told = is_any;
    return TRUE;
}
