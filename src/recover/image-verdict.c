/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/image-verdict.h"

#include "base/file-identity.h"
#include "blockjob/merged-mark.h"
#include "cli/print/output.h"
#include "image/image-chain.h"

#include <string.h>

gboolean
qblk_image_verdict_has_file(const GPtrArray *layers, const char *path)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        if (qblk_file_identity_is_one(layer->filename, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

const char *
qblk_image_verdict_active(const GPtrArray *layers)
{
    return ((const QblkExpectation *)layers->pdata[0])->filename;
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
add_leftovers(QblkImageVerdict *verdict, const GPtrArray *layers, const GPtrArray *kept)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        if (!qblk_image_verdict_has_file(kept, layer->filename)) {
            g_ptr_array_add(verdict->unused, layer->filename);
        }
    }
}

/* Whether the old image has a mark that says that QEMU has gone over.  The mark is final before the
 * journal is, and stays longer. */
static gboolean
is_marked_merged(const QblkPlan *plan)
{
    g_autoptr(QblkMergedMark) mark =
        plan->merged == NULL ? NULL : qblk_merged_mark_read(plan->merged);
    return mark != NULL && mark->is_done && !mark->is_of_another;
}

static gboolean
judge_pivot(const QblkJournalRecord *record, QblkImageVerdict *verdict, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *before = qblk_image_verdict_active(plan->before);
    const char *after = qblk_image_verdict_active(plan->after);
    gboolean is_marked = is_marked_merged(plan);
    gboolean went_on = record->stage == QBLK_STAGE_CLEANING;
    gboolean is_certain = record->stage != QBLK_STAGE_PIVOTING;
    if (is_marked && record->stage < QBLK_STAGE_PIVOTING) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the mark of '%s' says that it was merged into '%s', and '%s' that this had "
                    "not begun: one of them is old, keep both images, and compare their file "
                    "systems",
                    before, plan->merged_into, record->path);
        return FALSE;
    }
    /* Whichever it was, one with the same content has all. */
    if (!is_certain && (is_marked || is_same_content(plan))) {
        is_certain = went_on = TRUE;
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
judge_headers(const QblkJournalRecord *record, QblkImageVerdict *verdict, GError **error)
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

gboolean
qblk_image_verdict_of_record(const QblkJournalRecord *record, QblkImageVerdict *verdict,
                             GError **error)
{
    return qblk_plan_moves_top(record->plan) ? judge_pivot(record, verdict, error)
                                             : judge_headers(record, verdict, error);
}

/* ---- without a journal ---- */

static gboolean
check_mark(const QblkMergedMark *mark, GError **error)
{
    if (mark->is_of_another) {
        g_autofree char *text = qblk_merged_mark_describe_other(mark);
        g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, text);
        return FALSE;
    }
    if (!mark->is_done || mark->into == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' may have been merged into '%s', and there is no journal that tells more",
                    mark->image, mark->into == NULL ? "another image" : mark->into);
        return FALSE;
    }
    return TRUE;
}

static gboolean
has_mark_of(const GPtrArray *marks, const char *path)
{
    for (guint i = 0; i < marks->len; i++) {
        const QblkMergedMark *mark = marks->pdata[i];
        if (qblk_file_identity_is_one(mark->image, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_image_verdict_of_marks(GPtrArray *marks, QblkImageVerdict *verdict, GError **error)
{
    for (guint i = 0; i < marks->len; i++) {
        const QblkMergedMark *mark = marks->pdata[i];
        if (!check_mark(mark, error)) {
            return FALSE;
        }
        if (has_mark_of(marks, mark->into)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "the marks of '%s' and '%s' lead in a circle", mark->image, mark->into);
            return FALSE;
        }
        verdict->boot = mark->into;
        g_ptr_array_add(verdict->unused, mark->image);
        QblkMergedMark *next = qblk_merged_mark_read(mark->into);
        if (next != NULL) {
            g_ptr_array_add(marks, next);
        }
    }
    verdict->why = "all data are in it";
    return TRUE;
}

/* Whether an image of the plan has the name of @path, from a directory that is not known. */
static gboolean
may_be_file(const QblkPlan *plan, const char *path)
{
    const GPtrArray *chains[] = {plan->before, plan->after};
    g_autofree char *wanted = g_path_get_basename(path);
    for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
        for (guint j = 0; j < chains[i]->len; j++) {
            const QblkExpectation *layer = chains[i]->pdata[j];
            g_autofree char *name = g_path_get_basename(layer->filename);
            gboolean is_relative =
                layer->filename[0] != '/' && strchr(layer->filename, ':') == NULL;
            if (is_relative && g_str_equal(name, wanted)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

gboolean
qblk_image_verdict_of_silence(const GPtrArray *records, const char *path, QblkImageVerdict *verdict,
                              GError **error)
{
    verdict->why = "nothing was left unfinished";
    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        if (g_error_matches(record->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT)) {
            g_propagate_prefixed_error(error, g_error_copy(record->error),
                                       "whether anything was left unfinished is not known: ");
            return FALSE;
        }
        if (record->error == NULL && may_be_file(record->plan, path)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "'%s' tells of an image that QEMU knew by the relative name of '%s': say "
                        "'qblk recover' with the VM that has it, or remove it if it is another one",
                        record->path, path);
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
