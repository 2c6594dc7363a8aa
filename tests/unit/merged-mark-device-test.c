/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-device.h"

#include "lib/check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* A part of sysfs: files by their paths, each in a directory of its own tree. */
typedef struct {
    char *root;
    GPtrArray *paths; /* of char, owned, of what was created, in order */
} Tree;

static int
set_up(void **state)
{
    Tree *tree = g_new0(Tree, 1);
    tree->root = g_dir_make_tmp("qblk-sys-XXXXXX", NULL);
    tree->paths = g_ptr_array_new_with_free_func(g_free);
    *state = tree;
    return 0;
}

static int
tear_down(void **state)
{
    Tree *tree = *state;
    for (guint i = tree->paths->len; i-- > 0;) {
        assert_int_equal(g_remove(tree->paths->pdata[i]), 0);
    }
    assert_int_equal(g_rmdir(tree->root), 0);
    g_ptr_array_unref(tree->paths);
    g_free(tree->root);
    g_free(tree);
    return 0;
}

static void
make_directory(const Tree *tree, const char *path)
{
    if (g_str_equal(path, tree->root) || g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return;
    }
    g_autofree char *above = g_path_get_dirname(path);
    make_directory(tree, above);
    assert_int_equal(g_mkdir(path, 0700), 0);
    g_ptr_array_add(tree->paths, g_strdup(path));
}

static void
add_file(const Tree *tree, const char *name, const char *text)
{
    char *path = g_build_filename(tree->root, name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);
    make_directory(tree, directory);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    g_ptr_array_add(tree->paths, path);
}

static void
add_link(const Tree *tree, const char *name, const char *target)
{
    char *path = g_build_filename(tree->root, name, NULL);
    assert_int_equal(symlink(target, path), 0);
    g_ptr_array_add(tree->paths, path);
}

static char *
id_of(const Tree *tree, guint minor)
{
    g_autofree char *partitions = g_build_filename(tree->root, "by-partuuid", NULL);
    return qblk_marked_device_id(tree->root, partitions, 8, minor);
}

static void
assert_id(const Tree *tree, guint minor, const char *wanted)
{
    g_autofree char *id = id_of(tree, minor);
    assert_string_equal(id, wanted);
}

static void
a_logical_volume_has_its_lvm_uuid(void **state)
{
    const Tree *tree = *state;
    add_file(tree, "8:1/dm/uuid", "LVM-0123abcd\n");
    assert_id(tree, 1, "dm-LVM-0123abcd");
}

static void
a_disk_has_its_wwid(void **state)
{
    const Tree *tree = *state;
    add_file(tree, "8:1/device/wwid", "naa.5000c500a1b2c3d4\n");
    add_file(tree, "8:2/wwid", "eui.0025385b71b0f1c2\n");
    assert_id(tree, 1, "wwid-naa.5000c500a1b2c3d4");
    assert_id(tree, 2, "wwid-eui.0025385b71b0f1c2");
}

static void
a_loop_device_has_its_file(void **state)
{
    const Tree *tree = *state;
    add_file(tree, "file", "x");
    g_autofree char *file = g_build_filename(tree->root, "file", NULL);
    add_file(tree, "8:1/loop/backing_file", file);
    add_file(tree, "8:1/loop/offset", "512\n");
    g_autofree char *id = id_of(tree, 1);
    g_autofree char *prefix = g_strdup_printf("loop-%s-", file);
    assert_true(g_str_has_prefix(id, prefix));
    assert_true(g_str_has_suffix(id, "-512"));

    /* Another file that got the name of the first one. */
    g_autofree char *new = g_build_filename(tree->root, "new", NULL);
    assert_true(g_file_set_contents(new, "x", 1, NULL));
    assert_int_equal(g_rename(new, file), 0);
    g_autofree char *other = id_of(tree, 1);
    assert_string_not_equal(id, other);
}

static void
a_partition_has_the_id_of_its_disk_and_its_number(void **state)
{
    const Tree *tree = *state;
    add_file(tree, "loop0/loop/backing_file", "/nonexistent/disk.img");
    add_file(tree, "loop0/loop0p2/partition", "2\n");
    add_file(tree, "loop0/loop0p2/uevent", "PARTN=2\nPARTUUID=1234-02\n");
    add_link(tree, "8:1", "loop0");
    add_link(tree, "8:2", "loop0/loop0p2");
    assert_id(tree, 1, "loop-/nonexistent/disk.img-0-0.000000000-0");
    assert_id(tree, 2, "loop-/nonexistent/disk.img-0-0.000000000-0-partition-2");
}

static void
a_partition_of_a_disk_without_id_has_its_uuid(void **state)
{
    const Tree *tree = *state;
    add_file(tree, "vda/vda1/partition", "1\n");
    add_file(tree, "vda/vda1/uevent", "PARTN=1\nPARTUUID=1234-01\n");
    add_link(tree, "8:1", "vda/vda1");
    assert_id(tree, 1, "partuuid-1234-01");
}

static void
a_device_without_any_id_has_none(void **state)
{
    const Tree *tree = *state;
    add_file(tree, "8:1/dm/uuid", "\n"); /* dmsetup create without --uuid */
    add_file(tree, "vda/vda1/partition", "1\n");
    add_link(tree, "8:2", "vda/vda1");
    for (guint minor = 1; minor <= 3; minor++) { /* the third one does not exist */
        assert_null(id_of(tree, minor));
    }
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_logical_volume_has_its_lvm_uuid),
        TREE_TEST(a_disk_has_its_wwid),
        TREE_TEST(a_loop_device_has_its_file),
        TREE_TEST(a_partition_has_the_id_of_its_disk_and_its_number),
        TREE_TEST(a_partition_of_a_disk_without_id_has_its_uuid),
        TREE_TEST(a_device_without_any_id_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
