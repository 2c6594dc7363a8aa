/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verdict-case.h"

#include <stdio.h>
#include <unistd.h>

/* The verdict on @image, of which a journal or a mark tells; NULL with an error. */
QblkImageVerdict *
verdict_case_look(const JournalCase *test, const char *image, GError **error)
{
    QblkImageVerdict *verdict = NULL;
    gboolean done = qblk_recover_image_check(test->directory, image, &verdict, error);
    assert_true(done == (verdict != NULL));
    return verdict;
}

void
verdict_case_assert_boots(const JournalCase *test, const char *image, const char *boot)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageVerdict) verdict = verdict_case_look(test, image, &error);
    assert_no_error(error);
    assert_string_equal(verdict->boot, boot);
}

/* It is an error of the code @code that has @part in its message. */
void
verdict_case_assert_none(const JournalCase *test, const char *image, QblkBlockjobError code,
                         const char *part)
{
    GError *error = NULL;
    assert_null(verdict_case_look(test, image, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, (int)code, part);
}

const char *
verdict_case_file(const GPtrArray *layers)
{
    return ((const QblkExpectation *)layers->pdata[0])->filename;
}

/* The files of the plan, empty images in the directory of the test. */
static void
set_file(const JournalCase *test, char **filename)
{
    g_autofree char *name = g_path_get_basename(*filename);
    g_free(*filename);
    *filename = g_build_filename(test->directory, name, NULL);
    assert_true(g_file_set_contents(*filename, "", 0, NULL));
}

static void
set_files(const JournalCase *test, const GPtrArray *layers)
{
    for (guint i = 0; i < layers->len; i++) {
        QblkExpectation *layer = layers->pdata[i];
        set_file(test, &layer->filename);
        g_free(layer->path);
        layer->path = g_strdup(layer->filename);
    }
}

int
verdict_case_set_up(void **state)
{
    (void)journal_case_set_up(state);
    const JournalCase *test = *state;
    set_files(test, test->plan->before);
    set_files(test, test->plan->after);
    return 0;
}

int
verdict_case_tear_down(void **state)
{
    const JournalCase *test = *state;
    const GPtrArray *chains[] = {test->plan->before, test->plan->after};
    for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
        for (guint j = 0; j < chains[i]->len; j++) {
            (void)unlink(((const QblkExpectation *)chains[i]->pdata[j])->filename);
        }
    }
    return journal_case_tear_down(state);
}

QblkJournal *
verdict_case_begin(const JournalCase *test, QblkStage stage)
{
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, stage);
    return journal;
}

void
verdict_case_end(const JournalCase *test)
{
    g_autoptr(GPtrArray) records = journal_case_list(test);
    qblk_journal_end(qblk_journal_resume(records->pdata[0], NULL));
}

void
verdict_case_mark(const char *image, const char *into, gboolean is_done)
{
    g_autoptr(GError) error = NULL;
    const QblkMergedImages images = {.image = image, .into = into};
    if (!g_file_test(image, G_FILE_TEST_EXISTS)) {
        assert_true(g_file_set_contents(image, "x", 1, NULL));
    }
    gboolean done = qblk_merged_mark_write(&images, NULL, is_done, &error);
    assert_no_error(error);
    assert_true(done);
}

void
verdict_case_clear(const char *image)
{
    qblk_merged_mark_remove(image, NULL);
    (void)unlink(image);
}

/* The verdict of qblk_recover_image(). */
QblkImageVerdict *
verdict_case_settle(const JournalCase *test, const char *image)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    QblkImageVerdict *verdict = qblk_recover_image(image, options, &error);
    assert_no_error(error);
    return verdict;
}
