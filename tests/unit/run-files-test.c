/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-files.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <qblk/error.h>
#include <unistd.h>

/* A new file, which this process keeps open like QEMU. */
static char *
save(const char *name, int *fd)
{
    char *path = test_directory_path(name);

    assert_true(g_file_set_contents(path, name, -1, NULL));
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(*fd >= 0);
    return path;
}

static void
expect(GPtrArray *layers, const char *path, gboolean is_identified)
{
    QblkExpectation *layer = qblk_plan_expectation_new(NULL, "qcow2", path);
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    if (is_identified) {
        layer->file = qblk_file_identity(&status);
    }
    g_ptr_array_add(layers, layer);
}

static void
replace(const char *path)
{
    assert_int_equal(g_unlink(path), 0);
    assert_true(g_file_set_contents(path, "another", -1, NULL));
}

static void
a_new_active_image_has_to_have_its_path(void **state)
{
    GError *error = NULL;
    int fd_top, fd_base;
    g_autofree char *top = save("top", &fd_top);
    g_autofree char *base = save("base", &fd_base);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();

    expect(plan->before, top, TRUE);
    expect(plan->before, base, TRUE);
    expect(plan->after, base, TRUE);
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    replace(top); /* its data are in the base */
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    replace(base);
    assert_false(qblk_run_files_check(plan, getpid(), &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "renamed or replaced");
    close(fd_top);
    close(fd_base);
}

static void
an_image_that_a_header_names_has_to_have_its_path(void **state)
{
    GError *error = NULL;
    int fd[3];
    g_autofree char *top = save("top", &fd[0]);
    g_autofree char *base = save("base", &fd[1]);
    g_autofree char *bottom = save("bottom", &fd[2]);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();

    expect(plan->before, top, TRUE);
    expect(plan->after, top, TRUE);
    expect(plan->after, base, TRUE);
    expect(plan->after, bottom, TRUE);
    ((QblkExpectation *)plan->after->pdata[0])->names_next = TRUE;
    replace(bottom); /* the job does not deal with it */
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    replace(base);
    assert_false(qblk_run_files_check(plan, getpid(), &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "/base'");
    for (gsize i = 0; i < G_N_ELEMENTS(fd); i++) {
        close(fd[i]);
    }
}

/* The file of a copy is created after the plan was made. */
static void
a_copy_has_to_be_open_under_its_path(void **state)
{
    GError *error = NULL;
    int fd_top, fd_copy;
    g_autofree char *top = save("top", &fd_top);
    g_autofree char *copy = save("copy", &fd_copy);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();

    expect(plan->before, top, TRUE);
    expect(plan->after, copy, FALSE);
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    replace(copy);
    assert_false(qblk_run_files_check(plan, getpid(), &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "/copy'");
    close(fd_top);
    close(fd_copy);
}

static void
an_image_that_becomes_stale_has_to_have_its_path(void **state)
{
    GError *error = NULL;
    int fd_top, fd_base;
    g_autofree char *top = save("top", &fd_top);
    g_autofree char *base = save("base", &fd_base);
    g_autofree char *moved = g_strconcat(top, ".moved", NULL);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();

    expect(plan->before, top, TRUE);
    expect(plan->before, base, TRUE);
    expect(plan->after, base, TRUE);
    plan->merged_path = g_strdup(top);
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    assert_int_equal(g_rename(top, moved), 0);
    assert_false(qblk_run_files_check(plan, getpid(), &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "/top'");
    assert_int_equal(g_unlink(moved), 0); /* it needs no mark */
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    close(fd_top);
    close(fd_base);
}

static void
a_finished_copy_has_to_be_open_under_its_path(void **state)
{
    GError *error = NULL;
    int fd_top, fd_copy;
    g_autofree char *top = save("top", &fd_top);
    g_autofree char *copy = save("copy", &fd_copy);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();

    expect(plan->before, top, TRUE);
    expect(plan->after, top, TRUE);
    plan->copy = g_strdup(copy);
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    replace(copy);
    assert_false(qblk_run_files_check(plan, getpid(), &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "/copy'");
    close(fd_top);
    close(fd_copy);
}

static void
unknown_files_are_not_checked(void **state)
{
    GError *error = NULL;
    int fd_top, fd_base;
    g_autofree char *top = save("top", &fd_top);
    g_autofree char *base = save("base", &fd_base);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();

    expect(plan->before, top, FALSE);
    expect(plan->after, base, FALSE);
    replace(base);
    assert_true(qblk_run_files_check(plan, getpid(), &error));
    close(fd_top);
    close(fd_base);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_active_image_has_to_have_its_path,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_a_header_names_has_to_have_its_path,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(a_copy_has_to_be_open_under_its_path, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_becomes_stale_has_to_have_its_path,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(a_finished_copy_has_to_be_open_under_its_path,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(unknown_files_are_not_checked, test_directory_set_up,
                                        test_directory_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
