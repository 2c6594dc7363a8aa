/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/old-top.h"

#include "lib/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND G_GINT64_CONSTANT(1000000000)

static char one_boot[] = "boot 1", other_boot[] = "boot 2";

static void
a_later_time_shows_that_an_image_was_written(void **state)
{
    const QblkMarkedFile file = {8, 12, 99, one_boot, NULL};
    const QblkMarkedFile rebooted = {9, 12, 99, other_boot, NULL};
    const QblkMarkedFile copy = {8, 13, 100, one_boot, NULL};
    const struct {
        const char *what;
        QblkOldTop recorded, now;
        QblkOldTopChange change;
    } rows[] = {
        {"unchanged",
         {file, SECOND, 9, TRUE, FALSE},
         {file, SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNCHANGED},
        {"unchanged while it was open",
         {file, SECOND, 9, FALSE, FALSE},
         {file, SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNCHANGED},
        {"written",
         {file, SECOND, 9, TRUE, FALSE},
         {file, SECOND + 1, 9, TRUE, FALSE},
         QBLK_OLD_TOP_WRITTEN},
        {"grown within the tick of the clock",
         {file, SECOND, 9, TRUE, FALSE},
         {file, SECOND, 10, TRUE, FALSE},
         QBLK_OLD_TOP_WRITTEN},
        {"by QEMU or a guest",
         {file, SECOND, 9, FALSE, FALSE},
         {file, SECOND + 1, 9, TRUE, FALSE},
         QBLK_OLD_TOP_MAY_BE_QEMUS},
        {"after a reboot",
         {file, SECOND, 9, TRUE, FALSE},
         {rebooted, SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNCHANGED},
        {"written after a reboot",
         {file, SECOND, 9, TRUE, FALSE},
         {rebooted, 2 * SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_WRITTEN},
        {"copied with its time",
         {file, SECOND, 9, TRUE, FALSE},
         {copy, SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNCHANGED},
        {"copied",
         {file, SECOND, 9, TRUE, FALSE},
         {copy, 2 * SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNKNOWN},
        {"copied while it was open",
         {file, SECOND, 9, FALSE, FALSE},
         {copy, 2 * SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNKNOWN},
        {"an earlier time",
         {file, SECOND, 9, TRUE, FALSE},
         {file, 1, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNKNOWN},
        {"unchanged or written within the same second",
         {file, SECOND, 9, TRUE, TRUE},
         {file, SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNKNOWN},
        {"written a second later",
         {file, SECOND, 9, TRUE, TRUE},
         {file, 2 * SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_WRITTEN},
        {"not recorded",
         {{0}, 0, 0, FALSE, FALSE},
         {file, SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNKNOWN},
        {"a file that is not known",
         {{0}, SECOND, 9, TRUE, FALSE},
         {file, SECOND, 9, TRUE, FALSE},
         QBLK_OLD_TOP_UNKNOWN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (qblk_old_top_compare(&rows[i].recorded, &rows[i].now) != rows[i].change) {
            fail_msg("%s", rows[i].what);
        }
    }
}

static void
set_time(const char *path, gint64 nanoseconds)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = nanoseconds / SECOND, .tv_nsec = (long)(nanoseconds % SECOND)},
    };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
the_state_of_a_file_is_read(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-old-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "image", NULL);
    g_auto(QblkOldTop) old = {0}, none = {0};
    assert_true(g_file_set_contents(path, "12345", 5, NULL));
    set_time(path, 1700000000 * SECOND + 123456789);
    assert_true(qblk_old_top_read(&old, path, TRUE));
    assert_int_equal(old.written, 1700000000 * SECOND + 123456789);
    assert_int_equal(old.size, 5);
    assert_true(old.is_closed);
    assert_int_equal(qblk_old_top_look(&old, path), QBLK_OLD_TOP_UNCHANGED);
    assert_int_equal(qblk_old_top_look(&none, path), QBLK_OLD_TOP_UNKNOWN);
    assert_int_equal(qblk_old_top_look(&old, NULL), QBLK_OLD_TOP_UNKNOWN);

    /* A manager changes its owner or mode. */
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(qblk_old_top_look(&old, path), QBLK_OLD_TOP_UNCHANGED);

    g_autofree char *time = qblk_old_top_describe_time(path);
    assert_string_equal(time, "2023-11-14 22:13:20 UTC");
    set_time(path, 1700000000 * SECOND + 123456790);
    assert_int_equal(qblk_old_top_look(&old, path), QBLK_OLD_TOP_WRITTEN);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(qblk_old_top_look(&old, path), QBLK_OLD_TOP_UNCHANGED);
    assert_false(qblk_old_top_read(&none, path, TRUE));
    assert_int_equal(errno, ENOENT);
    assert_false(qblk_old_top_read(&none, directory, TRUE));
    assert_int_equal(errno, EINVAL);
    g_autofree char *no_time = qblk_old_top_describe_time(path);
    assert_string_equal(no_time, "an unknown time");
    assert_int_equal(rmdir(directory), 0);
}

/* As on a file system without nanoseconds. */
static void
a_time_of_this_second_may_repeat(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-old-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "image", NULL);
    const gint64 second = g_get_real_time() / G_USEC_PER_SEC * SECOND;
    const struct {
        gint64 time;
        gboolean may_repeat;
    } rows[] = {{second, TRUE}, {second + 1, FALSE}, {second - 3 * SECOND, FALSE}};
    assert_true(g_file_set_contents(path, "12345", 5, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(QblkOldTop) old = {0};
        set_time(path, rows[i].time);
        assert_true(qblk_old_top_read(&old, path, TRUE));
        assert_int_equal(old.may_repeat, rows[i].may_repeat);
        assert_int_equal(qblk_old_top_look(&old, path),
                         rows[i].may_repeat ? QBLK_OLD_TOP_UNKNOWN : QBLK_OLD_TOP_UNCHANGED);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void
what_is_written_is_read(void **state)
{
    const QblkOldTop old = {{8, 12, 99, one_boot, NULL}, SECOND, 9, TRUE, FALSE};
    g_autoptr(QblkJson) json = qblk_old_top_json_new(&old);
    g_auto(QblkOldTop) found = {0}, none = {0};
    qblk_old_top_parse(&found, json);
    assert_int_equal(qblk_old_top_compare(&old, &found), QBLK_OLD_TOP_UNCHANGED);
    assert_true(found.is_closed);
    assert_false(found.may_repeat);
    assert_string_equal(found.file.boot, one_boot);
    qblk_old_top_parse(&none, NULL);
    assert_false(qblk_old_top_is_known(&none));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_time_shows_that_an_image_was_written),
        cmocka_unit_test(the_state_of_a_file_is_read),
        cmocka_unit_test(a_time_of_this_second_may_repeat),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
