/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/device-use.h"

#include "lib/check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* sda (8:0) has the partitions sda1, sda2 and sda3; sdb (8:16) has none; dm-0 (253:0), called
 * vg-home, is made of sda2; md0 (9:0) is made of sdb; loop0 (7:0) shows the file "image". */
typedef struct {
    char *root, *mounts, *swaps, *image;
} Machine;

static void
add(const Machine *machine, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(machine->root, name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);
    assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
add_directory(const Machine *machine, const char *name)
{
    g_autofree char *path = g_build_filename(machine->root, name, NULL);
    assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
}

static void
add_link(const Machine *machine, const char *name, const char *target)
{
    g_autofree char *path = g_build_filename(machine->root, name, NULL);
    assert_int_equal(symlink(target, path), 0);
}

static void
add_device(const Machine *machine, const char *directory, const char *number, const char *name,
           const char *size)
{
    g_autofree char *event = g_strdup_printf("MAJOR=1\nDEVNAME=%s\nDEVTYPE=disk\n", name);
    g_autofree char *event_name = g_strconcat(directory, "/uevent", NULL);
    g_autofree char *number_name = g_strconcat(directory, "/dev", NULL);
    g_autofree char *size_name = g_strconcat(directory, "/size", NULL);
    g_autofree char *holders = g_strconcat(directory, "/holders", NULL);
    add(machine, event_name, event);
    add(machine, number_name, number);
    add(machine, size_name, size);
    add_directory(machine, holders);
}

static void
add_partition(const Machine *machine, guint number)
{
    g_autofree char *directory = g_strdup_printf("8:0/sda%u", number);
    g_autofree char *device = g_strdup_printf("8:%u", number);
    g_autofree char *name = g_strdup_printf("sda%u", number);
    g_autofree char *is_partition = g_strconcat(directory, "/partition", NULL);
    add_device(machine, directory, device, name, "100\n");
    add(machine, is_partition, "1\n");
    add_link(machine, device, directory);
}

static int
set_up(void **state)
{
    Machine *machine = g_new0(Machine, 1);
    machine->root = g_dir_make_tmp("qblk-sys-XXXXXX", NULL);
    machine->mounts = g_build_filename(machine->root, "mounts", NULL);
    machine->swaps = g_build_filename(machine->root, "swaps", NULL);
    machine->image = g_build_filename(machine->root, "image", NULL);
    add_device(machine, "8:0", "8:0\n", "sda", "2048\n");
    for (guint i = 1; i <= 3; i++) {
        add_partition(machine, i);
    }
    add_device(machine, "8:16", "8:16\n", "sdb", "8\n");
    add_device(machine, "253:0", "253:0\n", "dm-0", "8\n");
    add_device(machine, "9:0", "9:0\n", "md0", "8\n");
    add_device(machine, "7:0", "7:0\n", "loop0", "8\n");
    add(machine, "253:0/dm/name", "vg-home\n");
    add_directory(machine, "253:0/slaves");
    add_directory(machine, "9:0/slaves");
    add_link(machine, "253:0/slaves/sda2", "../../8:2");
    add_link(machine, "8:2/holders/dm-0", "../../../253:0");
    add_link(machine, "9:0/slaves/sdb", "../../8:16");
    add_link(machine, "8:16/holders/md0", "../../9:0");
    add(machine, "image", "x");
    g_autofree char *backing_file = g_strconcat(machine->image, "\n", NULL);
    add(machine, "7:0/loop/backing_file", backing_file);
    *state = machine;
    return 0;
}

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
    const char *name = NULL;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        gboolean is_directory =
            g_file_test(entry, G_FILE_TEST_IS_DIR) && !g_file_test(entry, G_FILE_TEST_IS_SYMLINK);
        if (is_directory) {
            remove_tree(entry);
        } else {
            assert_int_equal(g_unlink(entry), 0);
        }
    }
    assert_int_equal(g_rmdir(path), 0);
}

static int
tear_down(void **state)
{
    Machine *machine = *state;
    remove_tree(machine->root);
    g_free(machine->root);
    g_free(machine->mounts);
    g_free(machine->swaps);
    g_free(machine->image);
    g_free(machine);
    return 0;
}

static QblkDeviceUse *
find(const Machine *machine, guint major_number, guint minor_number)
{
    const QblkDeviceFiles files = {machine->root, machine->mounts, machine->swaps};
    const struct stat status = {.st_mode = S_IFBLK, .st_rdev = makedev(major_number, minor_number)};
    return qblk_device_use_find(&files, "/nonexistent/device", &status);
}

static void
assert_use(const QblkDeviceUse *use, QblkDeviceUseKind kind, const char *device, const char *by)
{
    assert_int_equal(use->kind, kind);
    assert_true(g_strcmp0(use->device, device) == 0);
    if (g_strcmp0(use->by, by) != 0) {
        fail_msg("'%s' instead of '%s'", use->by, by);
    }
}

#define MOUNT(number, place, source)                                                               \
    "36 25 " number " / " place " rw,relatime shared:1 master:2 - ext4 " source " rw\n"

static void
a_mount_is_found_by_the_number_or_the_source(void **state)
{
    static const struct {
        guint minor; /* of the destination */
        const char *mounts, *device, *place;
    } rows[] = {
        {16, MOUNT("8:0", "/other", "/dev/sda"), NULL, NULL},
        {1, MOUNT("8:1", "/mnt", "/dev/root"), "/dev/sda1", "/mnt"},
        {0, MOUNT("8:1", "/my\\040disk", "x"), "/dev/sda1", "/my disk"},
        {1, MOUNT("8:0", "/whole", "x"), "/dev/sda", "/whole"},
        {1, MOUNT("8:3", "/other", "/dev/sda3"), NULL, NULL},
        {3, MOUNT("0:42", "/btrfs", "/dev/sda3"), "/dev/sda3", "/btrfs"},
        {3, "36 25 8:3 / /short", NULL, NULL},
        {3, "36 25 0:1 / /odd rw -\n36 25 0:1 / /odd rw - x\n\n", NULL, NULL},
    };
    const Machine *machine = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        add(machine, "mounts", rows[i].mounts);
        g_autoptr(QblkDeviceUse) use = find(machine, 8, rows[i].minor);
        if (rows[i].minor == 16) { /* it is a part of md0 */
            assert_use(use, QBLK_DEVICE_HELD, "/dev/sdb", "/dev/md0");
        } else {
            /* A disk of which a partition is used is used as well. */
            QblkDeviceUseKind kind =
                rows[i].device == NULL ? QBLK_DEVICE_FREE : QBLK_DEVICE_MOUNTED;
            assert_use(use, kind, rows[i].device, rows[i].place);
        }
    }
}

static void
swap_is_found_by_the_name(void **state)
{
    const Machine *machine = *state;
    add(machine, "swaps", "Filename\tType\tSize\n/dev/sda3   partition\t65532\t0\t-2\n");
    g_autoptr(QblkDeviceUse) used = find(machine, 8, 3);
    assert_use(used, QBLK_DEVICE_SWAP, "/dev/sda3", NULL);
    g_autoptr(QblkDeviceUse) unused = find(machine, 8, 1);
    assert_use(unused, QBLK_DEVICE_FREE, NULL, NULL);
}

static void
a_part_of_another_device_is_held(void **state)
{
    const Machine *machine = *state;
    g_autoptr(QblkDeviceUse) volume = find(machine, 8, 2);
    assert_use(volume, QBLK_DEVICE_HELD, "/dev/sda2", "/dev/mapper/vg-home");
    g_autoptr(QblkDeviceUse) disk = find(machine, 8, 0);
    assert_use(disk, QBLK_DEVICE_HELD, "/dev/sda2", "/dev/mapper/vg-home");
    g_autoptr(QblkDeviceUse) raid = find(machine, 8, 16);
    assert_use(raid, QBLK_DEVICE_HELD, "/dev/sdb", "/dev/md0");
    g_autoptr(QblkDeviceUse) top = find(machine, 253, 0);
    assert_use(top, QBLK_DEVICE_FREE, NULL, NULL);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the parts, in their order. */
static char *
part_names(const QblkDeviceUse *use)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < use->parts->len; i++) {
        const QblkDevicePart *part = use->parts->pdata[i];
        g_ptr_array_add(names, g_path_get_basename(part->name));
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(" ", (char **)names->pdata);
}

static void
devices_with_the_same_data_are_known(void **state)
{
    static const struct {
        guint major, minor;
        const char *parts;
    } rows[] = {
        {8, 0, "sda sda1 sda2 sda3"}, {8, 1, "sda sda1"},
        {253, 0, "dm-0 sda sda2"},    {9, 0, "md0 sdb"},
        {7, 0, "image loop0"},        {99, 0, ""},
    };
    const Machine *machine = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkDeviceUse) use = find(machine, rows[i].major, rows[i].minor);
        g_autofree char *names = part_names(use);
        if (!g_str_equal(names, rows[i].parts)) {
            fail_msg("%u:%u: '%s'", rows[i].major, rows[i].minor, names);
        }
    }
}

static void
a_file_may_be_shown_by_a_loop_device_or_be_swap(void **state)
{
    const Machine *machine = *state;
    const QblkDeviceFiles files = {machine->root, machine->mounts, machine->swaps};
    struct stat status;
    assert_int_equal(stat(machine->image, &status), 0);
    g_autoptr(QblkDeviceUse) shown = qblk_device_use_find(&files, machine->image, &status);
    assert_use(shown, QBLK_DEVICE_LOOP, machine->image, "/dev/loop0");

    g_autofree char *path = g_build_filename(machine->root, "8:16/size", NULL);
    g_autofree char *swaps = g_strconcat("Filename\n", path, " file 1 0\n", NULL);
    assert_int_equal(stat(path, &status), 0);
    g_autoptr(QblkDeviceUse) unused = qblk_device_use_find(&files, path, &status);
    assert_use(unused, QBLK_DEVICE_FREE, NULL, NULL);
    assert_int_equal(unused->size, -1);
    add(machine, "swaps", swaps);
    g_autoptr(QblkDeviceUse) used = qblk_device_use_find(&files, path, &status);
    assert_use(used, QBLK_DEVICE_SWAP, path, NULL);
}

static void
size_and_access_are_those_of_the_device(void **state)
{
    const Machine *machine = *state;
    g_autoptr(QblkDeviceUse) disk = find(machine, 8, 0);
    assert_int_equal(disk->size, 2048 * 512);
    assert_false(disk->is_read_only);

    add(machine, "8:16/ro", "1\n");
    add(machine, "8:16/size", "9999999999999999999\n");
    g_autoptr(QblkDeviceUse) odd = find(machine, 8, 16);
    assert_int_equal(odd->size, -1);
    assert_true(odd->is_read_only);
    g_autoptr(QblkDeviceUse) unknown = find(machine, 99, 0);
    assert_int_equal(unknown->size, -1);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mount_is_found_by_the_number_or_the_source, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(swap_is_found_by_the_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_of_another_device_is_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(devices_with_the_same_data_are_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_may_be_shown_by_a_loop_device_or_be_swap, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(size_and_access_are_those_of_the_device, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
