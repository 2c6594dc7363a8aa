/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-chain.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/qcow2-image.h"
#include "lib/test-directory.h"

#include <glib/gstdio.h>
#include <qblk/error.h>

static void
save(const char *name, const Qcow2Image *image)
{
    g_autofree char *path = test_directory_path(name);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, (const char *)image->bytes, sizeof image->bytes, &error);
    assert_no_error(error);
}

static void
save_overlay(const char *name, const char *backing, const char *format)
{
    Qcow2Image image = qcow2_image(3);

    qcow2_image_put_backing(&image, backing);
    if (format != NULL) {
        qcow2_image_put_extension(&image, 104, QCOW2_BACKING_FORMAT, format);
    }

    save(name, &image);
}

static void
save_base(const char *name)
{
    Qcow2Image image = qcow2_image(3);
    save(name, &image);
}

static GPtrArray *
walk(const char *name, const char *format, GError **error)
{
    g_autofree char *path = test_directory_path(name);
    return qblk_image_chain(path, format, error);
}

static void
assert_layer(GPtrArray *layers, guint position, const char *name, const char *format)
{
    g_autofree char *path = test_directory_path(name);
    const QblkImageLayer *layer = layers->pdata[position];

    assert_string_equal(layer->path, path);
    assert_string_equal(layer->format, format);
    assert_false(layer->is_block);
    assert_int_equal(layer->has_backing, position + 1 < layers->len);
}

static void
assert_refused(const char *name, const char *format, int code, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) layers = walk(name, format, &error);

    assert_null(layers);
    assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, code));
    assert_non_null(strstr(error->message, reason));
}

static void
a_chain_is_followed_to_its_end(void **state)
{
    save_overlay("top.qcow2", "middle.qcow2", "qcow2");

    save_overlay("middle.qcow2", "base.img", "raw");
    save_base("base.img"); /* its overlay specifies raw: its magic does not count */
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) layers = walk("top.qcow2", NULL, &error);
    assert_no_error(error);
    assert_int_equal(layers->len, 3);
    assert_layer(layers, 0, "top.qcow2", "qcow2");
    assert_layer(layers, 1, "middle.qcow2", "qcow2");
    assert_layer(layers, 2, "base.img", "raw");
}

static void
a_name_that_is_relative_starts_from_its_image(void **state)
{
    g_autofree char *below = test_directory_path("below");

    assert_int_equal(g_mkdir(below, 0700), 0);
    save_overlay("from-above.qcow2", "below/one.qcow2", "qcow2");
    save_overlay("below/one.qcow2", "two.qcow2", "qcow2");
    save_base("below/two.qcow2");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) layers = walk("from-above.qcow2", NULL, &error);
    assert_no_error(error);
    assert_int_equal(layers->len, 3);
    assert_layer(layers, 2, "below/two.qcow2", "qcow2");
    cli_check_remove(g_steal_pointer(&below));
}

static void
what_qemu_finds_by_itself_is_marked(void **state)
{
    save_base("plain.qcow2");

    save_overlay("said.qcow2", "plain.qcow2", "qcow2");
    save_overlay("unsaid.qcow2", "plain.qcow2", NULL);
    g_autoptr(GPtrArray) said = walk("said.qcow2", NULL, NULL);
    g_autoptr(GPtrArray) unsaid = walk("unsaid.qcow2", NULL, NULL);
    assert_true(((QblkImageLayer *)said->pdata[0])->qemu_finds_backing);
    assert_false(((QblkImageLayer *)unsaid->pdata[0])->qemu_finds_backing);
    assert_layer(unsaid, 1, "plain.qcow2", "qcow2");
}

/* To a protocol driver the name may mean something else. */
static void
a_backing_file_with_a_protocol_as_its_format_is_not_left_to_qemu(void **state)
{
    save_base("plain.img");

    save_overlay("protocol.qcow2", "plain.img", "file");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) layers = walk("protocol.qcow2", NULL, &error);
    assert_no_error(error);
    assert_int_equal(layers->len, 2);
    assert_layer(layers, 1, "plain.img", "raw");
    assert_false(((QblkImageLayer *)layers->pdata[0])->qemu_finds_backing);
}

static void
a_data_file_is_found_or_missed(void **state)
{
    Qcow2Image image = qcow2_image(3);

    qcow2_image_put(&image, 72, 8, 4); /* incompatible feature: external data file */
    qcow2_image_put_extension(&image, 104, QCOW2_DATA_FILE, "data.img");
    save("with-data.qcow2", &image);
    assert_refused("with-data.qcow2", NULL, QBLK_GRAPH_ERROR_FILE, "data file of");
    save_base("data.img");
    g_autofree char *data = test_directory_path("data.img");
    g_autoptr(GPtrArray) layers = walk("with-data.qcow2", NULL, NULL);
    assert_non_null(layers);
    assert_string_equal(((QblkImageLayer *)layers->pdata[0])->data_path, data);
}

static void
a_cycle_is_refused_with_both_names(void **state)
{
    save_overlay("a.qcow2", "b.qcow2", "qcow2");

    save_overlay("b.qcow2", "./c.qcow2", "qcow2");
    g_autofree char *link = test_directory_path("c.qcow2");
    assert_int_equal(symlink("a.qcow2", link), 0);
    assert_refused("a.qcow2", NULL, QBLK_GRAPH_ERROR_FILE, "b.qcow2' is the same file as");
}

static void
what_is_missing_is_named_with_its_overlay(void **state)
{
    save_overlay("alone.qcow2", "gone.qcow2", "qcow2");

    assert_refused("alone.qcow2", NULL, QBLK_GRAPH_ERROR_FILE, "gone.qcow2");
    assert_refused("alone.qcow2", NULL, QBLK_GRAPH_ERROR_FILE, "alone.qcow2': '");
    assert_refused("alone.qcow2", NULL, QBLK_GRAPH_ERROR_FILE, "alone.qcow2 --backing PATH'");
}

static void
another_host_is_not_queried(void **state)
{
    save_overlay("far.qcow2", "nbd://example.com/x", "raw");
    assert_refused("far.qcow2", NULL, QBLK_GRAPH_ERROR_UNSAFE, "far.qcow2");
}

static void
a_format_is_not_guessed_if_a_guest_may_have_written_it(void **state)
{
    save_base("disk.img");

    assert_refused("disk.img", NULL, QBLK_GRAPH_ERROR_UNSAFE, "--format");
    g_autoptr(GPtrArray) layers = walk("disk.img", "raw", NULL);
    assert_layer(layers, 0, "disk.img", "raw");
}

/* ---- recorded formats ---- */

/* The chain of top.qcow2, in which @formats, NULL-terminated, are specified. */
static GPtrArray *
walk_with(const char *const *formats, gboolean takes_wrong, GError **error)
{
    g_autofree char *path = test_directory_path("top.qcow2");
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();

    qblk_image_options_set_wrong_formats(options, takes_wrong);
    for (gsize i = 0; formats[i] != NULL; i++) {
        assert_true(qblk_image_options_add_backing_format(options, formats[i], error));
    }
    return qblk_image_chain_for(path, options, error);
}

static void
a_wrong_format_is_an_error_or_put_right(void **state)
{
    static const char *const none[] = {NULL};
    g_autoptr(GError) error = NULL;

    save_overlay("top.qcow2", "middle.qcow2", "vmdk");
    save_overlay("middle.qcow2", "base.qcow2", "qcow2");
    save_base("base.qcow2");
    assert_null(walk_with(none, FALSE, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                 "middle.qcow2', which is qcow2: use 'qblk mend image:");

    g_autoptr(GPtrArray) layers = walk_with(none, TRUE, NULL);
    assert_int_equal(layers->len, 3);
    assert_layer(layers, 1, "middle.qcow2", "qcow2");
    const QblkImageLayer *top = layers->pdata[0];
    const QblkImageLayer *middle = layers->pdata[1];
    const QblkImageLayer *base = layers->pdata[2];
    assert_false(top->qemu_finds_backing);
    assert_true(middle->qemu_finds_backing);
    assert_true(middle->has_wrong_record);
    assert_false(base->has_wrong_record);
}

static void
the_user_decides_about_bytes_that_a_guest_may_have_written(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const words[] = {"qcow2", NULL};
    static const char *const raw[] = {"vda=raw", NULL};
    static const char *const recorded[] = {"raw", NULL}; /* NULL: not recorded */

    for (gsize i = 0; i < G_N_ELEMENTS(recorded); i++) {
        save_overlay("top.qcow2", "base.img", recorded[i]);
        save_base("base.img");

        g_autoptr(GPtrArray) taken = walk_with(none, TRUE, NULL);
        const QblkImageLayer *base = taken->pdata[1];
        assert_layer(taken, 1, "base.img", "raw");
        assert_string_equal(base->undecided, "qcow2");

        g_autoptr(GPtrArray) decided = walk_with(words, FALSE, NULL);
        base = decided->pdata[1];
        assert_layer(decided, 1, "base.img", "qcow2");
        assert_null(base->undecided);
        assert_int_equal(base->has_wrong_record, recorded[i] != NULL);

        g_autoptr(GPtrArray) is_raw = walk_with(raw, FALSE, NULL);
        base = is_raw->pdata[1];
        assert_layer(is_raw, 1, "base.img", "raw");
        assert_null(base->undecided);
        assert_false(base->has_wrong_record);
    }

    /* Reading believes a header that records raw, and nothing else. */
    g_autoptr(GError) error = NULL;
    assert_null(walk_with(none, FALSE, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                 "--backing-format qcow2', or the same with raw");
    save_overlay("top.qcow2", "base.img", "raw");
    g_autoptr(GPtrArray) read = walk_with(none, FALSE, NULL);
    assert_layer(read, 1, "base.img", "raw");
}

static void
a_format_is_specified_once_and_only_if_it_is_needed(void **state)
{
    static const struct {
        const char *formats[3];
        const char *error; /* NULL: none */
    } cases[] = {
        {{"vda=qcow2", "vda[1]=qcow2"}, NULL},
        {{"vda[1]=raw", "vda=qcow2"}, NULL},
        {{"qcow2"}, "need a format: use --backing-format LAYER=FORMAT, such as 'vda[1]=FORMAT'"},
        {{"vda[2]=qcow2", "vda=qcow2"}, "--backing-format qcow2 is not used"},
        {{"vda=raw"}, NULL},
        {{"raw"}, NULL},
        {{"vda=vmdk"}, "no image of the format vmdk: it looks like qcow2"},
    };

    save_overlay("top.qcow2", "middle.qcow2", "raw");
    save_overlay("middle.qcow2", "base.qcow2", "raw");
    save_base("base.qcow2");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) layers = walk_with(cases[i].formats, FALSE, &error);
        if (cases[i].error == NULL) {
            assert_no_error(error);
        } else {
            assert_null(layers);
            assert_non_null(strstr(error->message, cases[i].error));
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_followed_to_its_end),
        cmocka_unit_test(a_name_that_is_relative_starts_from_its_image),
        cmocka_unit_test(what_qemu_finds_by_itself_is_marked),
        cmocka_unit_test(a_backing_file_with_a_protocol_as_its_format_is_not_left_to_qemu),
        cmocka_unit_test(a_data_file_is_found_or_missed),
        cmocka_unit_test(a_cycle_is_refused_with_both_names),
        cmocka_unit_test(what_is_missing_is_named_with_its_overlay),
        cmocka_unit_test(another_host_is_not_queried),
        cmocka_unit_test(a_format_is_not_guessed_if_a_guest_may_have_written_it),
        cmocka_unit_test(a_wrong_format_is_an_error_or_put_right),
        cmocka_unit_test(the_user_decides_about_bytes_that_a_guest_may_have_written),
        cmocka_unit_test(a_format_is_specified_once_and_only_if_it_is_needed),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
