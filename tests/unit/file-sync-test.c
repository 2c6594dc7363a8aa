/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/file-sync.h"

#include "lib/check.h"
#include "lib/journal-case.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* That names come to the disk is tested by faults/crash-power. */

static int
make_home(void **state)
{
    *state = g_dir_make_tmp("qblk-test-XXXXXX", NULL);
    return *state == NULL;
}

static int
remove_home(void **state)
{
    static const char *const names[] = {"a/b/c", "a/b", "a", "file", "."};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(*state, names[i], NULL);
        (void)g_remove(path);
    }
    (void)g_rmdir(*state);
    g_free(*state);
    return 0;
}

static void
missing_directories_are_created_for_their_owner_only(void **state)
{
    g_autofree char *path = g_build_filename(*state, "a", "b", "c", NULL);
    struct stat status;
    assert_true(qblk_file_sync_make_directory(path));
    for (guint i = 0; i < 3; i++) {
        assert_return_code(stat(path, &status), errno);
        assert_int_equal(status.st_mode, S_IFDIR | 0700);
        *strrchr(path, '/') = '\0';
    }
}

static void
an_existing_directory_is_not_changed(void **state)
{
    struct stat status;
    assert_return_code(chmod(*state, 0755), errno);
    assert_true(qblk_file_sync_make_directory(*state));
    assert_return_code(stat(*state, &status), errno);
    assert_int_equal(status.st_mode, S_IFDIR | 0755);
}

static void
a_file_is_not_a_directory(void **state)
{
    g_autofree char *file = g_build_filename(*state, "file", NULL);
    g_autofree char *below = g_build_filename(file, "below", NULL);
    assert_true(g_file_set_contents(file, "", 0, NULL));
    assert_false(qblk_file_sync_make_directory(file));
    assert_int_equal(errno, ENOTDIR);
    assert_false(qblk_file_sync_make_directory(below));
    assert_int_equal(errno, ENOTDIR);
    assert_false(qblk_file_sync_directory(file));
    assert_int_equal(errno, ENOTDIR);
}

static void
a_directory_without_a_name_cannot_be_created(void **state)
{
    assert_false(qblk_file_sync_make_directory(""));
    assert_int_equal(errno, ENOENT);
    assert_false(qblk_file_sync_make_directory("/proc/missing/directory"));
    assert_int_equal(errno, ENOENT);
}

static void
the_name_of_a_file_is_synced_in_its_directory(void **state)
{
    g_autofree char *file = g_build_filename(*state, "file", NULL);
    g_autofree char *nowhere = g_build_filename(*state, "missing", "file", NULL);
    assert_true(qblk_file_sync_parent(file));
    assert_false(qblk_file_sync_parent(nowhere));
    assert_int_equal(errno, ENOENT);
}

/* What was torn does not keep from being read what is written after it. */

static char *
path_of_one(const JournalCase *test)
{
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    return g_strdup(((const QblkJournalRecord *)records->pdata[0])->path);
}

static void
assert_stage(const JournalCase *test, QblkStage stage)
{
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    assert_int_equal(((const QblkJournalRecord *)records->pdata[0])->stage, stage);
}

static QblkJournal *
take_up(const JournalCase *test)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = journal_case_list(test);
    QblkJournal *journal = qblk_journal_resume(records->pdata[0], &error);
    assert_no_error(error);
    return journal;
}

/* Have the disk full after @length more bytes of the file @path. */
static void
fail_to_note(QblkJournal *journal, const char *path, QblkStage stage, gsize length)
{
    GError *error = NULL;
    struct rlimit before, small;
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = (rlim_t)status.st_size + length;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    gboolean done = qblk_journal_note(journal, stage, NULL, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_false(done);
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "cannot write");
}

static void
an_incomplete_line_is_cut_off_before_the_next(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    g_autofree char *path = path_of_one(test);
    journal_case_note(journal, QBLK_STAGE_STARTED);
    fail_to_note(journal, path, QBLK_STAGE_PIVOTING, 5);
    assert_stage(test, QBLK_STAGE_STARTED);
    journal_case_note(journal, QBLK_STAGE_PIVOTING);
    assert_stage(test, QBLK_STAGE_PIVOTING);
    journal_case_note(journal, QBLK_STAGE_CLEANING);
    assert_stage(test, QBLK_STAGE_CLEANING);
    qblk_journal_end(journal);
}

static void
append(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* The second one is a line that was appended to an incomplete one. */
static void
an_incomplete_line_is_cut_off_by_a_resume(void **state)
{
    const JournalCase *test = *state;
    static const char *const torn[] = {"{\"sta", "{\"sta{\"stage\":\"cleaning\"}\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(torn); i++) {
        qblk_journal_leave(journal_case_begin(test));
        g_autofree char *path = path_of_one(test);
        append(path, torn[i]);
        QblkJournal *journal = take_up(test);
        assert_stage(test, QBLK_STAGE_PLANNED);
        journal_case_note(journal, QBLK_STAGE_STARTED);
        assert_stage(test, QBLK_STAGE_STARTED);
        journal_case_note(journal, QBLK_STAGE_PIVOTING);
        assert_stage(test, QBLK_STAGE_PIVOTING);
        qblk_journal_end(journal);
    }
}

static void
complete_lines_are_kept_by_a_resume(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, QBLK_STAGE_PIVOTING);
    qblk_journal_leave(journal);
    journal = take_up(test);
    assert_stage(test, QBLK_STAGE_PIVOTING);
    journal_case_note(journal, QBLK_STAGE_CLEANING);
    g_autofree char *path = path_of_one(test);
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_non_null(strstr(text, "}\n{\"stage\":\"pivoting\"}\n{\"stage\":\"cleaning\"}\n"));
    qblk_journal_end(journal);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(missing_directories_are_created_for_their_owner_only,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(an_existing_directory_is_not_changed, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_file_is_not_a_directory, make_home, remove_home),
        cmocka_unit_test(a_directory_without_a_name_cannot_be_created),
        cmocka_unit_test_setup_teardown(the_name_of_a_file_is_synced_in_its_directory, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(an_incomplete_line_is_cut_off_before_the_next,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_incomplete_line_is_cut_off_by_a_resume,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(complete_lines_are_kept_by_a_resume, journal_case_set_up,
                                        journal_case_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
