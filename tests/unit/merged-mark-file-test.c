/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-file.h"

#include "lib/check.h"

#include <errno.h>
#include <unistd.h>

static char one_boot[] = "boot 1", other_boot[] = "boot 2", one_id[] = "dm-LVM-1",
            other_id[] = "dm-LVM-2";

static void
files_are_compared_by_what_stays_valid(void **state)
{
    const struct {
        const char *what;
        QblkMarkedFile a, b;
        gboolean is_same;
    } rows[] = {
        {"equal", {8, 12, 99, one_boot, NULL}, {8, 12, 99, one_boot, NULL}, TRUE},
        {"another inode", {8, 12, 99, one_boot, NULL}, {8, 13, 99, one_boot, NULL}, FALSE},
        {"used again", {8, 12, 99, one_boot, NULL}, {8, 12, 98, one_boot, NULL}, FALSE},
        {"mounted again", {8, 12, 99, one_boot, NULL}, {9, 12, 99, one_boot, NULL}, TRUE},
        {"after a reboot", {8, 12, 99, one_boot, NULL}, {9, 12, 99, other_boot, NULL}, TRUE},
        {"other file system", {8, 12, 0, one_boot, NULL}, {9, 12, 0, one_boot, NULL}, FALSE},
        {"reboot, no birth", {8, 12, 0, one_boot, NULL}, {9, 12, 0, other_boot, NULL}, TRUE},
        {"birth of one only", {8, 12, 99, one_boot, NULL}, {8, 12, 0, one_boot, NULL}, TRUE},
        {"a device", {8, 12, 99, one_boot, NULL}, {8, 0, 0, one_boot, NULL}, FALSE},
        {"same device", {8, 0, 0, one_boot, NULL}, {8, 0, 0, one_boot, NULL}, TRUE},
        {"device, reboot", {8, 0, 0, one_boot, NULL}, {8, 0, 0, other_boot, NULL}, FALSE},
        {"boot not known", {8, 0, 0, NULL, NULL}, {8, 0, 0, NULL, NULL}, FALSE},
        {"same id", {8, 0, 0, one_boot, one_id}, {9, 0, 0, other_boot, one_id}, TRUE},
        {"other id", {8, 0, 0, one_boot, one_id}, {8, 0, 0, one_boot, other_id}, FALSE},
        {"id of one only", {8, 0, 0, one_boot, one_id}, {8, 0, 0, one_boot, NULL}, TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (qblk_marked_file_is_same(&rows[i].a, &rows[i].b) != rows[i].is_same ||
            qblk_marked_file_is_same(&rows[i].b, &rows[i].a) != rows[i].is_same) {
            fail_msg("%s", rows[i].what);
        }
    }
}

static void
a_file_is_read_through_links(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-file-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "image", NULL);
    g_autofree char *link_name = g_build_filename(directory, "link", NULL);
    g_auto(QblkMarkedFile) file = {0}, linked = {0}, none = {0}, fault = {0};
    assert_true(g_file_set_contents(path, "x", 1, NULL));
    assert_int_equal(symlink("image", link_name), 0);
    assert_true(qblk_marked_file_read(&file, path));
    assert_true(qblk_marked_file_read(&linked, link_name));
    assert_true(qblk_marked_file_is_known(&file));
    assert_false(qblk_marked_file_is_known(&none));
    assert_false(qblk_marked_file_is_block(&file));
    assert_true(qblk_marked_file_is_same(&file, &linked));
    assert_non_null(file.boot);
    assert_int_equal(unlink(link_name), 0);
    assert_false(qblk_marked_file_read(&fault, link_name));
    assert_int_equal(errno, ENOENT);
    assert_false(qblk_marked_file_read(&fault, directory));
    assert_int_equal(errno, EINVAL);
    assert_false(qblk_marked_file_read(&fault, "/dev/null"));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void
what_is_written_is_read(void **state)
{
    const QblkMarkedFile file = {8, 12, 99, one_boot, one_id};
    g_autoptr(QblkJson) json = qblk_json_new_object();
    g_auto(QblkMarkedFile) found = {0}, none = {0};
    qblk_marked_file_add(&file, json);
    qblk_marked_file_parse(&found, json);
    assert_int_equal(found.device, 8);
    assert_int_equal(found.inode, 12);
    assert_int_equal(found.born, 99);
    assert_string_equal(found.boot, one_boot);
    assert_string_equal(found.id, one_id);
    qblk_marked_file_parse(&none, NULL);
    assert_false(qblk_marked_file_is_known(&none));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_compared_by_what_stays_valid),
        cmocka_unit_test(a_file_is_read_through_links),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
