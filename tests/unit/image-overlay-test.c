/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-overlay.h"

#include "image/image-chain.h"
#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/qcow2-image.h"
#include "lib/test-directory.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
save(const char *name, const char *backing)
{
    g_autofree char *path = test_directory_path(name);
    g_autoptr(GError) error = NULL;
    Qcow2Image image = qcow2_image(3);

    if (backing != NULL) {
        qcow2_image_put_backing(&image, backing);
        qcow2_image_put_extension(&image, 104, QCOW2_BACKING_FORMAT, "qcow2");
    }
    g_file_set_contents(path, (const char *)image.bytes, sizeof image.bytes, &error);
    assert_no_error(error);
}

static void
make_directory(const char *name)
{
    g_autofree char *path = test_directory_path(name);
    assert_int_equal(g_mkdir(path, 0700), 0);
}

/* A chain in two directories, with other images. */
static void
save_all(void)
{
    make_directory("store");
    make_directory("vm");
    save("store/base.qcow2", NULL);
    save("store/middle.qcow2", "base.qcow2");
    save("vm/top.qcow2", "../store/middle.qcow2");
    save("vm/unrelated.qcow2", "../vm/absent.qcow2");
    save("store/alone.qcow2", NULL);

    g_autofree char *pipe = test_directory_path("store/pipe.qcow2");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    g_autofree char *link = test_directory_path("store/link.qcow2");
    assert_int_equal(symlink("../vm/top.qcow2", link), 0);
}

static GPtrArray *
find_all(guint first, guint last)
{
    g_autofree char *path = test_directory_path("vm/top.qcow2");
    g_autofree char *unread = NULL;
    g_autoptr(GPtrArray) layers = qblk_image_chain(path, NULL, NULL);

    assert_non_null(layers);
    GPtrArray *found = qblk_image_overlay_find_all(layers, first, last, &unread);
    assert_null(unread);
    return found;
}

static void
assert_one(guint first, guint last, const char *name, guint position)
{
    g_autofree char *path = test_directory_path(name);
    g_autoptr(GPtrArray) found = find_all(first, last);

    assert_int_equal(found->len, 1);
    const QblkImageOverlay *overlay = found->pdata[0];
    assert_string_equal(overlay->path, path);
    assert_int_equal(overlay->position, position);
}

static void
images_of_the_chain_are_no_others(void **state)
{
    save_all();
    g_autoptr(GPtrArray) found = find_all(0, 2);
    assert_int_equal(found->len, 0);
}

static void
another_overlay_is_found_in_each_directory(void **state)
{
    save_all();
    save("vm/other.qcow2", "json:{\"driver\":\"file\",\"filename\":\"../store/base.qcow2\"}");
    assert_one(0, 2, "vm/other.qcow2", 2);
    save("vm/other.qcow2", NULL);
    save("store/other.qcow2", "../store/middle.qcow2");
    assert_one(0, 2, "store/other.qcow2", 1);
}

static void
only_certain_layers_count(void **state)
{
    save_all();
    save("store/other.qcow2", "middle.qcow2");
    g_autoptr(GPtrArray) below = find_all(2, 2);
    g_autoptr(GPtrArray) above = find_all(0, 0);
    assert_int_equal(below->len, 0);
    assert_int_equal(above->len, 0);
    assert_one(1, 1, "store/other.qcow2", 1);
}

static void
one_overlay_is_left_out(void **state)
{
    save_all();
    g_autofree char *base = test_directory_path("store/base.qcow2");
    g_autofree char *middle = test_directory_path("store/middle.qcow2");

    g_autofree char *found = qblk_image_overlay_find(base, NULL);
    g_autofree char *other = qblk_image_overlay_find(base, middle);
    assert_string_equal(found, middle);
    assert_null(other);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(images_of_the_chain_are_no_others, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test_setup_teardown(another_overlay_is_found_in_each_directory,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(only_certain_layers_count, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test_setup_teardown(one_overlay_is_left_out, test_directory_set_up,
                                        test_directory_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
