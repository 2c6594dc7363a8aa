/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backing strings of images whose open files are known. */
#include "lib/check.h"
#include "lib/cli-check.h"
#include "plan/backing-string.h"

#include <glib/gstdio.h>
#include <qblk/error.h>
#include <unistd.h>

/* Three images in a directory, and this process, which stands for QEMU. */
typedef struct {
    char *directory;
    QblkSnapshot *snapshot;
    QblkChain *chain;
} Case;

static void
save(const Case *test, const char *name)
{
    g_autofree char *path = g_build_filename(test->directory, name, NULL);
    assert_true(g_file_set_contents(path, name, -1, NULL));
}

/* @name: as QEMU reports it; @file: of the image in the directory; @backing: in its header */
static QblkLayer *
add_layer(const Case *test, QblkFileState state, const char *name, const char *file,
          const char *backing)
{
    QblkLayer *layer = qblk_chain_layer_new();
    struct stat status;

    layer->position = test->chain->layers->len;
    layer->filename = g_strdup(name);
    layer->backing_name = g_strdup(backing);
    layer->source = qblk_source_new(QBLK_SOURCE_FILE);
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = state;
    layer->file->path = g_build_filename(test->directory, file, NULL);
    assert_int_equal(stat(layer->file->path, &status), 0);
    layer->file->open = qblk_file_identity(&status);
    g_ptr_array_add(test->chain->layers, layer);
    return layer;
}

static int
set_up(void **state)
{
    Case *test = g_new0(Case, 1);
    test->directory = cli_check_directory();
    test->snapshot = qblk_snapshot_new();
    test->snapshot->opened = qblk_opened_files_new(getpid());
    test->chain = qblk_chain_new("vda");
    save(test, "top");
    save(test, "middle");
    save(test, "base");
    *state = test;
    return 0;
}

static int
tear_down(void **state)
{
    Case *test = *state;
    qblk_chain_unref(test->chain);
    qblk_snapshot_unref(test->snapshot);
    cli_check_remove(test->directory);
    g_free(test);
    return 0;
}

/* What the header of the top names when the base is the next layer. */
static char *
choose(const Case *test, GError **error)
{
    const GPtrArray *layers = test->chain->layers;
    return qblk_backing_string_choose(test->snapshot, test->chain, layers->pdata[0],
                                      layers->pdata[layers->len - 1], FALSE, error);
}

static void
assert_chosen(const Case *test, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = choose(test, &error);
    assert_no_error(error);
    assert_string_equal(name, wanted);
}

static void
a_relative_string_stays_relative(void **state)
{
    const Case *test = *state;
    (void)add_layer(test, QBLK_FILE_SAME, "sub/top", "top", "middle");
    (void)add_layer(test, QBLK_FILE_SAME, "sub/middle", "middle", "base");
    (void)add_layer(test, QBLK_FILE_SAME, "sub/base", "base", NULL);
    assert_chosen(test, "base");
}

static void
a_relative_string_that_leads_elsewhere_becomes_absolute(void **state)
{
    const Case *test = *state;
    (void)add_layer(test, QBLK_FILE_SAME, "top", "top", "middle");
    (void)add_layer(test, QBLK_FILE_SAME, "middle", "middle", "top"); /* opened with -blockdev */
    QblkLayer *base = add_layer(test, QBLK_FILE_SAME, "base", "base", NULL);
    assert_chosen(test, base->file->path);
}

static void
a_descriptor_is_named_by_its_path(void **state)
{
    const Case *test = *state;
    (void)add_layer(test, QBLK_FILE_DESCRIPTOR, "/dev/fdset/1", "top", "/d/middle");
    QblkLayer *base = add_layer(test, QBLK_FILE_DESCRIPTOR, "/dev/fdset/2", "base", NULL);
    assert_chosen(test, base->file->path);
}

static void
a_relative_string_below_a_descriptor_is_relative_to_its_path(void **state)
{
    const Case *test = *state;
    (void)add_layer(test, QBLK_FILE_DESCRIPTOR, "/dev/fdset/1", "top", "base");
    (void)add_layer(test, QBLK_FILE_DESCRIPTOR, "/dev/fdset/2", "base", NULL);
    assert_chosen(test, "base");
}

static void
a_renamed_image_is_named_by_its_path(void **state)
{
    const Case *test = *state;
    (void)add_layer(test, QBLK_FILE_SAME, "/d/current", "top", "/d/old");
    QblkLayer *base = add_layer(test, QBLK_FILE_ANOTHER, "/d/current", "base", NULL);
    assert_chosen(test, base->file->path);
}

static void
a_path_that_leads_to_another_file_is_refused(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    (void)add_layer(test, QBLK_FILE_SAME, "/d/top", "top", "/d/middle");
    const QblkLayer *base = add_layer(test, QBLK_FILE_SAME, "/d/base", "base", NULL);
    const QblkLayer *top = test->chain->layers->pdata[0];
    base->file->open = top->file->open; /* what QEMU has open is another one */
    assert_null(choose(test, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "does not lead to the file that QEMU has open for '/d/base'");
}

static void
a_string_may_lead_through_a_link(void **state)
{
    const Case *test = *state;
    g_autofree char *link = g_build_filename(test->directory, "link", NULL);
    assert_int_equal(symlink("base", link), 0);
    (void)add_layer(test, QBLK_FILE_SAME, "top", "top", "link");
    (void)add_layer(test, QBLK_FILE_SAME, "link", "base", NULL);
    assert_chosen(test, "link");
}

static void
an_image_without_a_path_is_not_named(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    (void)add_layer(test, QBLK_FILE_SAME, "/d/top", "top", "/d/base");
    const QblkLayer *base = add_layer(test, QBLK_FILE_DESCRIPTOR, "/dev/fdset/2", "base", NULL);
    g_clear_pointer(&base->file->path, g_free);
    assert_null(choose(test, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "no path leads to");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_relative_string_stays_relative, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_relative_string_that_leads_elsewhere_becomes_absolute,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_descriptor_is_named_by_its_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_relative_string_below_a_descriptor_is_relative_to_its_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_renamed_image_is_named_by_its_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_path_that_leads_to_another_file_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_string_may_lead_through_a_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_without_a_path_is_not_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
