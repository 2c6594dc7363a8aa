/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-image.h"

#include "base/file-identity.h"
#include "blockjob/journal.h"
#include "blockjob/merged-mark.h"
#include "cli/print/output.h"
#include "image/lock-holder.h"
#include "recover/image-verdict.h"
#include "recover/recover.h"

#include <stdlib.h>

static gboolean
is_active_image(const QblkPlan *plan, const char *path)
{
    const char *before = qblk_image_verdict_active(plan->before);
    const char *after = plan->after->len == 0 ? NULL : qblk_image_verdict_active(plan->after);
    return qblk_file_identity_is_one(before, path) || qblk_file_identity_is_one(after, path);
}

/* The journal of an operation on the image, NULL if none was left; FALSE where it is the active one
 * of several: of QEMUs that were not the same one, and which of them was the last is not known. */
static gboolean
find_record(const GPtrArray *records, const char *top, const QblkJournalRecord **found,
            GError **error)
{
    const QblkJournalRecord *below = NULL; /* others may have it below their active images, too */
    *found = NULL;
    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        const QblkPlan *plan = record->plan;
        /* Neither where it cannot be read, nor where QEMU could not be asked. */
        if (record->error != NULL || plan->before->len == 0) {
            continue;
        }
        gboolean is_active = is_active_image(plan, top);
        if (is_active && *found != NULL) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "both '%s' and '%s' tell of '%s': remove the one that is older, or ask "
                        "'qblk recover' with the VM of each",
                        (*found)->path, record->path, top);
            return FALSE;
        }
        gboolean has_it = qblk_image_verdict_has_file(plan->before, top) ||
                          qblk_image_verdict_has_file(plan->after, top);
        *found = is_active ? record : *found;
        below = has_it && below == NULL ? record : below;
    }
    *found = *found == NULL ? below : *found;
    return TRUE;
}

/* ---- what is said ---- */

static void
add_json(QblkJson *result, const QblkImageVerdict *verdict)
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
say(QblkInvocation *invocation, QblkJson *result, const QblkImageVerdict *verdict)
{
    if (result != NULL) {
        add_json(result, verdict);
        return;
    }
    g_autofree char *boot = qblk_output_escape(verdict->boot);
    qblk_output_print(&invocation->output, "boot from: %s\n  (%s)\n", boot, verdict->why);
    for (guint i = 0; i < verdict->unused->len; i++) {
        g_autofree char *file = qblk_output_escape(verdict->unused->pdata[i]);
        qblk_output_print(&invocation->output, "not used any more: %s\n", file);
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

static gboolean
judge(const QblkJournalRecord *record, QblkImageVerdict *verdict, GError **error)
{
    if (record->is_busy) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "another qblk works on it right now (it holds '%s')", record->path);
        return FALSE;
    }
    /* A guest has its active image locked; what is below others may have open as well. */
    if (!check_unused(qblk_image_verdict_active(record->plan->before), error) ||
        (record->plan->after->len > 0 &&
         !check_unused(qblk_image_verdict_active(record->plan->after), error))) {
        return FALSE;
    }
    return qblk_image_verdict_of_record(record, verdict, error);
}

/* The verdict holds from now on: it goes from the journal into the mark. */
static gboolean
settle(const QblkJournalRecord *record, const QblkImageVerdict *verdict, GError **error)
{
    const QblkPlan *plan = record->plan;
    QblkJournal *journal = qblk_journal_resume(record, error);
    gboolean done = journal != NULL;
    if (done && verdict->is_moved) {
        const QblkExpectation *old = plan->before->pdata[0];
        done = qblk_merged_mark_write(old->filename, verdict->boot, TRUE, error);
    } else if (done && plan->merged != NULL) {
        qblk_merged_mark_remove(plan->merged);
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
    GPtrArray *marks; /* of QblkMergedMark, owned: of the image, where it has one, and further */
    char *path;       /* owned */
    QblkImageVerdict verdict;
} Look;

static void
look_clear(Look *look)
{
    g_clear_pointer(&look->records, g_ptr_array_unref);
    g_clear_pointer(&look->verdict.unused, g_ptr_array_unref);
    g_clear_pointer(&look->marks, g_ptr_array_unref);
    g_clear_pointer(&look->path, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static void
mark_free(gpointer data)
{
    qblk_merged_mark_free(data);
}

static gboolean
look_at(Look *look, const QblkInvocation *invocation, const char *top, GError **error)
{
    g_autofree char *directory = qblk_recover_directory(invocation);
    look->records = qblk_journal_list(directory, error);
    if (look->records == NULL) {
        return FALSE;
    }
    look->path = g_canonicalize_filename(top, NULL);
    look->marks = g_ptr_array_new_with_free_func(mark_free);
    QblkMergedMark *mark = qblk_merged_mark_read(look->path);
    if (mark != NULL) {
        g_ptr_array_add(look->marks, mark);
    }
    look->verdict.unused = g_ptr_array_new();
    look->verdict.boot = look->path;
    return find_record(look->records, look->path, &look->record, error);
}

static gboolean
judge_look(Look *look, GError **error)
{
    if (!check_unused(look->path, error)) {
        return FALSE;
    }
    if (look->record != NULL) {
        return judge(look->record, &look->verdict, error);
    }
    return look->marks->len > 0
               ? qblk_image_verdict_of_marks(look->marks, &look->verdict, error)
               : qblk_image_verdict_of_silence(look->records, look->path, &look->verdict, error);
}

gboolean
qblk_recover_image(QblkInvocation *invocation, const char *top, GError **error)
{
    g_auto(Look) look = {0};
    if (!look_at(&look, invocation, top, error) || !judge_look(&look, error) ||
        (look.record != NULL && !settle(look.record, &look.verdict, error))) {
        return FALSE;
    }
    QblkJson *result = invocation->output.json ? qblk_json_new_object() : NULL;
    say(invocation, result, &look.verdict);
    if (result != NULL) {
        qblk_output_json(&invocation->output, result);
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
    gboolean is_any = look.record != NULL || look.marks->len > 0;
    if (is_any && !judge_look(&look, error)) {
        return FALSE;
    }
    if (is_any) {
        say(invocation, result, &look.verdict);
    }
    *is_told = is_any;
    return TRUE;
}
