/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/delete-images.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "plan/plan-steps.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *directory;
static GArray *opened; /* of int */

static int
set_up(void **state)
{
    directory = cli_check_directory();
    opened = g_array_new(FALSE, FALSE, sizeof(int));
    return 0;
}

static void
close_all(void)
{
    for (guint i = 0; i < opened->len; i++) {
        close(g_array_index(opened, int, i));
    }
    g_array_set_size(opened, 0);
}

static int
tear_down(void **state)
{
    close_all();
    g_array_unref(opened);
    cli_check_remove(directory);
    return 0;
}

/* We are the QEMU that has it open. */
static void
have_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    g_array_append_val(opened, fd);
}

static char *
save(const char *name)
{
    char *path = g_build_filename(directory, name, NULL);
    assert_true(g_file_set_contents(path, "image", -1, NULL));
    have_open(path);
    return path;
}

/* A plan that removes @path from the chain, and deletes it if @will_delete. */
static QblkPlan *
plan_without(const char *path, gboolean will_delete)
{
    QblkPlan *plan = qblk_plan_new_empty();
    QblkRemovedImage *removal = g_new0(QblkRemovedImage, 1);
    plan->target = g_strdup("vda");
    removal->filename = g_strdup(path);
    removal->path = g_strdup(path);
    removal->is_local = TRUE;
    g_ptr_array_add(plan->removed, removal);
    if (will_delete) {
        assert_true(qblk_plan_delete_removed(plan, NULL));
    }
    return plan;
}

static QblkPlan *
plan_to_delete(const char *path)
{
    g_autoptr(GError) error = NULL;
    QblkPlan *plan = plan_without(path, TRUE);
    gboolean done = qblk_delete_images_identify(plan, getpid(), &error);
    assert_no_error(error);
    assert_true(done);
    return plan;
}

static void
assert_not_identified(const char *path, const char *part)
{
    GError *error = NULL;
    g_autoptr(QblkPlan) plan = plan_without(path, TRUE);
    assert_false(qblk_delete_images_identify(plan, getpid(), &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static void
assert_not_deleted(const QblkPlan *plan, const char *part)
{
    GError *error = NULL;
    assert_false(qblk_delete_images_delete(plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, part);
}

static void
only_what_is_to_be_deleted_is_deleted(void **state)
{
    g_autofree char *deleted = save("deleted");
    g_autofree char *kept = save("kept");
    g_autoptr(QblkPlan) plan = plan_to_delete(deleted);
    g_autoptr(QblkPlan) other = plan_without(kept, FALSE);
    assert_true(qblk_delete_images_identify(other, getpid(), NULL));
    assert_true(qblk_delete_images_delete(plan, NULL));
    assert_true(qblk_delete_images_delete(other, NULL));
    assert_int_not_equal(access(deleted, F_OK), 0);
    assert_int_equal(access(kept, F_OK), 0);
}

static void
only_regular_files_are_accepted_for_deletion(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *link = g_build_filename(directory, "link", NULL);
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);
    assert_int_equal(symlink(file, link), 0);
    assert_not_identified(link, "symbolic link");
    assert_not_identified(missing, "No such file");
    assert_not_identified(directory, "not a regular file");
    assert_not_identified("/dev/null", "not a regular file");
}

static void
a_file_that_replaced_another_is_not_deleted(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *other = save("other");
    g_autoptr(QblkPlan) plan = plan_to_delete(file);
    assert_int_equal(rename(other, file), 0);
    assert_not_deleted(plan, "another file now has this name");
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink("/etc/passwd", file), 0);
    assert_not_deleted(plan, "another file now has this name");
}

static void
a_link_with_the_inode_of_the_file_is_not_deleted(void **state)
{
    g_autofree char *file = save("file");
    g_autoptr(QblkPlan) plan = plan_to_delete(file);
    QblkRemovedImage *removal = plan->removed->pdata[0];
    struct stat status;
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink("/etc/passwd", file), 0);
    assert_int_equal(lstat(file, &status), 0);
    removal->file = qblk_file_identity(&status);
    assert_not_deleted(plan, "another file now has this name");
}

static void
a_link_to_the_file_is_another_file(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *moved = g_build_filename(directory, "moved", NULL);
    g_autoptr(QblkPlan) plan = plan_to_delete(file);
    assert_int_equal(rename(file, moved), 0);
    assert_int_equal(symlink("moved", file), 0);
    assert_not_deleted(plan, "another file now has this name");
}

static void
a_file_that_does_not_exist_is_not_an_error(void **state)
{
    g_autofree char *file = save("file");
    g_autoptr(QblkPlan) plan = plan_to_delete(file);
    assert_int_equal(unlink(file), 0);
    assert_true(qblk_delete_images_delete(plan, NULL));
}

static void
a_locked_file_is_not_deleted(void **state)
{
    g_autofree char *file = save("file");
    g_autoptr(QblkPlan) plan = plan_to_delete(file);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    g_autofree char *us = g_strdup_printf("it is in use by process %d (", getpid());
    assert_not_deleted(plan, us);
    assert_int_equal(access(file, F_OK), 0);
    close(fd);
    assert_true(qblk_delete_images_delete(plan, NULL));
}

/* A plan that deletes @deleted once @kept was synced. */
static QblkPlan *
plan_with_base(const char *deleted, const char *kept)
{
    g_autoptr(GError) error = NULL;
    QblkPlan *plan = plan_without(deleted, TRUE);
    (void)qblk_plan_expect_image(plan, "base", "qcow2", kept);
    gboolean done = qblk_delete_images_identify(plan, getpid(), &error);
    assert_no_error(error);
    assert_true(done);
    return plan;
}

static void
a_file_of_another_device_is_another_file(void **state)
{
    g_autofree char *file = save("file");
    g_autoptr(QblkPlan) plan = plan_to_delete(file);
    QblkRemovedImage *removal = plan->removed->pdata[0];
    removal->file.device++;
    assert_not_deleted(plan, "another file now has this name");
}

static void
nothing_is_deleted_if_the_base_was_replaced(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *base = save("base");
    g_autofree char *other = save("other");
    g_autoptr(QblkPlan) plan = plan_with_base(file, base);
    assert_int_equal(rename(other, base), 0);
    assert_not_deleted(plan, "base' cannot be synced: another file now has this name");
    assert_int_equal(unlink(base), 0);
    assert_not_deleted(plan, "base' cannot be synced: No such file");
    assert_int_equal(mkfifo(base, 0600), 0); /* to open it would wait for a writer */
    assert_not_deleted(plan, "base' cannot be synced: another file now has this name");
    assert_int_equal(access(file, F_OK), 0);
}

static void
nothing_is_deleted_if_the_base_was_not_identified(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *base = save("base");
    g_autoptr(QblkPlan) plan = plan_to_delete(file);
    (void)qblk_plan_expect_image(plan, "base", "qcow2", base);
    assert_not_deleted(plan, "base' cannot be synced: another file now has this name");
    assert_int_equal(access(file, F_OK), 0);
}

static void
nothing_is_deleted_if_the_base_cannot_be_synced(void **state)
{
    g_autofree char *file = save("file");
    have_open("/proc/version"); /* which cannot be synced */
    g_autoptr(QblkPlan) plan = plan_with_base(file, "/proc/version");
    assert_not_deleted(plan, "/proc/version' cannot be synced: Invalid argument");
    assert_int_equal(access(file, F_OK), 0);
}

static void
a_base_may_be_a_link_or_no_file_of_this_machine(void **state)
{
    g_autofree char *first = save("first");
    g_autofree char *second = save("second");
    g_autofree char *base = save("base");
    g_autofree char *link = g_build_filename(directory, "link", NULL);
    assert_int_equal(symlink("base", link), 0);
    g_autoptr(QblkPlan) linked = plan_with_base(first, link);
    assert_true(qblk_delete_images_delete(linked, NULL));
    g_autoptr(QblkPlan) remote = plan_with_base(second, "nbd://h/base");
    assert_true(qblk_delete_images_delete(remote, NULL));
    assert_int_not_equal(access(first, F_OK), 0);
    assert_int_not_equal(access(second, F_OK), 0);
}

static void
a_base_that_cannot_be_synced_is_refused_before_anything_is_done(void **state)
{
    static const char *const parts[][2] = {{"missing", "No such file"}, {".", "neither a file"}};
    g_autofree char *file = save("file");
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        GError *error = NULL;
        g_autofree char *base = g_build_filename(directory, parts[i][0], NULL);
        g_autoptr(QblkPlan) plan = plan_without(file, TRUE);
        (void)qblk_plan_expect_image(plan, "base", "qcow2", base);
        assert_false(qblk_delete_images_identify(plan, getpid(), &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, parts[i][1]);
    }
}

static void
a_file_that_cannot_be_deleted_does_not_stop_the_others(void **state)
{
    g_autofree char *first = save("first");
    g_autofree char *second = save("second");
    g_autoptr(QblkPlan) plan = plan_to_delete(first);
    g_autoptr(QblkPlan) rest = plan_to_delete(second);
    g_ptr_array_add(plan->removed, g_ptr_array_steal_index(rest->removed, 0));
    g_autofree char *other = save("other");
    assert_int_equal(rename(other, first), 0);
    assert_not_deleted(plan, "first' was not deleted");
    assert_int_not_equal(access(second, F_OK), 0);
}

/* ---- whose files they are ---- */

static void
assert_not_open(QblkPlan *plan, gint64 pid, const char *part)
{
    GError *error = NULL;
    assert_false(qblk_delete_images_identify(plan, pid, &error));
    assert_non_null(strstr(error->message, "by hand"));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static void
a_file_that_qemu_does_not_have_open_is_refused(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *base = save("base");
    g_autofree char *parent =
        g_strdup_printf("cannot delete '%s' after the job: process %d (", file, getppid());
    g_autofree char *below = g_strdup_printf("cannot sync '%s': process", base);
    g_autoptr(QblkPlan) plan = plan_without(file, TRUE);
    assert_not_open(plan, getppid(), parent);
    assert_not_open(plan, 0, "the process that serves the monitor is not known");
    (void)qblk_plan_expect_image(plan, "base", "qcow2", base);
    assert_true(qblk_delete_images_identify(plan, getpid(), NULL));
    close_all();
    have_open(file);
    assert_not_open(plan, getpid(), below);
    close_all();
    have_open(base);
    assert_not_open(plan, getpid(), "file' after the job: process");
}

static void
files_need_to_be_open_for_a_deletion_only(void **state)
{
    g_autofree char *file = save("file");
    g_autoptr(QblkPlan) plan = plan_without(file, FALSE);
    assert_true(qblk_delete_images_identify(plan, 0, NULL));
}

/* A plan for a disk whose active layer is @top. */
static QblkPlan *
plan_for(const char *top)
{
    QblkPlan *plan = qblk_plan_new_empty();
    (void)qblk_plan_expect_image(plan, "top", "qcow2", top);
    g_ptr_array_add(plan->before, g_ptr_array_steal_index(plan->after, 0));
    return plan;
}

static void
an_active_layer_that_is_in_use_here_is_a_file_of_this_machine(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);
    g_autoptr(QblkPlan) plan = plan_for(file);
    g_autoptr(QblkPlan) other = plan_for(missing);
    assert_true(qblk_delete_images_is_here(plan, getpid(), FALSE));
    assert_false(qblk_delete_images_is_here(plan, getppid(), FALSE));
    assert_false(qblk_delete_images_is_here(plan, 0, FALSE));
    assert_false(qblk_delete_images_is_here(other, getpid(), FALSE));
    /* QEMU behind a proxy has it locked */
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1};
    assert_int_equal(fcntl(g_array_index(opened, int, 0), F_OFD_SETLK, &lock), 0);
    assert_true(qblk_delete_images_is_here(plan, getppid(), FALSE));
    assert_true(qblk_delete_images_is_here(plan, 0, FALSE));
}

/* The guest may have switched to the new image. */
static void
a_plan_that_was_begun_may_have_ended(void **state)
{
    g_autofree char *file = save("file");
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);
    g_autoptr(QblkPlan) plan = plan_for(missing);
    assert_false(
        qblk_delete_images_is_here(plan, getpid(), TRUE)); /* nothing is known of its end */
    (void)qblk_plan_expect_image(plan, "base", "qcow2", file);
    assert_true(qblk_delete_images_is_here(plan, getpid(), TRUE));
    assert_false(qblk_delete_images_is_here(plan, getpid(), FALSE));
    assert_false(qblk_delete_images_is_here(plan, getppid(), TRUE));
}

static void
a_disk_without_a_path_is_on_this_machine(void **state)
{
    g_autoptr(QblkPlan) remote = plan_for("nbd://h/top");
    g_autoptr(QblkPlan) unknown = plan_for(NULL);
    g_autoptr(QblkPlan) empty = qblk_plan_new_empty();
    assert_true(qblk_delete_images_is_here(remote, getppid(), FALSE));
    assert_true(qblk_delete_images_is_here(unknown, getppid(), FALSE));
    assert_true(qblk_delete_images_is_here(empty, getppid(), FALSE));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_to_be_deleted_is_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_regular_files_are_accepted_for_deletion, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_replaced_another_is_not_deleted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_with_the_inode_of_the_file_is_not_deleted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_qemu_does_not_have_open_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(files_need_to_be_open_for_a_deletion_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            an_active_layer_that_is_in_use_here_is_a_file_of_this_machine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_that_was_begun_may_have_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disk_without_a_path_is_on_this_machine, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_to_the_file_is_another_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_does_not_exist_is_not_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_locked_file_is_not_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_another_device_is_another_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_deleted_if_the_base_was_replaced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_deleted_if_the_base_was_not_identified, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_deleted_if_the_base_cannot_be_synced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_base_may_be_a_link_or_no_file_of_this_machine, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_base_that_cannot_be_synced_is_refused_before_anything_is_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_deleted_does_not_stop_the_others,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
