/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-resolve.h"

#include "chain/chain-number.h"
#include "lib/chain-text.h"
#include "lib/check.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static QblkChain *
new_chain(const char *target, const char *names)
{
    g_auto(GStrv) list = g_strsplit(names, " ", -1);
    return chain_text_new(target, (const char *const *)list);
}

static void
set_file(QblkChain *chain, guint position, const char *filename)
{
    QblkLayer *layer = chain->layers->pdata[position];
    g_free(layer->filename);
    layer->filename = g_strdup(filename);
}

static const char *
resolve(const QblkChain *chain, const char *spec)
{
    g_autoptr(GError) error = NULL;
    const QblkLayer *layer = qblk_chain_resolve(chain, spec, &error);
    assert_no_error(error);
    return layer->node_name;
}

static void
assert_refused(const QblkChain *chain, const char *spec, QblkGraphError code, const char *reason)
{
    g_autoptr(GError) error = NULL;
    assert_null(qblk_chain_resolve(chain, spec, &error));
    assert_error(error, QBLK_GRAPH_ERROR, (int)code, reason);
}

static void
a_disk_and_its_index_zero_are_the_active_layer(void **state)
{
    g_autoptr(QblkChain) plain = new_chain("vda", "top middle base");
    g_autoptr(QblkChain) libvirt = new_chain("vda", "libvirt-4-format libvirt-8-format");
    assert_string_equal(resolve(plain, "vda"), "top");
    assert_string_equal(resolve(plain, "vda[0]"), "top");
    assert_string_equal(resolve(libvirt, "vda"), "libvirt-4-format");
    assert_string_equal(resolve(libvirt, "vda[0]"), "libvirt-4-format");
}

static void
an_index_is_a_position_or_the_number_of_libvirt(void **state)
{
    g_autoptr(QblkChain) plain = new_chain("vda", "top middle base");
    g_autoptr(QblkChain) libvirt = new_chain("vda", "libvirt-2-format libvirt-1-format");
    assert_string_equal(resolve(plain, "vda[1]"), "middle");
    assert_string_equal(resolve(plain, "vda[2]"), "base");
    assert_string_equal(resolve(libvirt, "vda[2]"), "libvirt-2-format");
    assert_string_equal(resolve(libvirt, "vda[1]"), "libvirt-1-format");
}

static void
an_unknown_index_lists_the_indexes(void **state)
{
    static const struct {
        const char *layers, *spec, *reason;
    } cases[] = {
        {"a b c d e", "vda[9]", "disk 'vda' has no index 9: its chain has indexes 1 to 4"},
        {"a b c d e", "vda[5]", "has no index 5: its chain has indexes 1 to 4"},
        {"a b", "vda[2]", "disk 'vda' has no index 2: its chain has index 1"},
        {"a", "vda[1]", "disk 'vda' has no index 1: its chain has the active layer only"},
        {"libvirt-4-format libvirt-8-format libvirt-9-format", "vda[5]",
         "disk 'vda' has no index 5: its chain has indexes 4, 8 and 9"},
        {"libvirt-4-format snap libvirt-9-format", "vda[1]", "its chain has indexes 4 and 9"},
        {"snap libvirt-4-format", "vda[1]", "disk 'vda' has no index 1: its chain has index 4"},
        {"a b", "vda[9223372036854775807]", "disk 'vda' has no index 9223372036854775807"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkChain) chain = new_chain("vda", cases[i].layers);
        assert_refused(chain, cases[i].spec, QBLK_GRAPH_ERROR_NO_LAYER, cases[i].reason);
    }
}

static void
a_layer_without_an_index_is_not_found_by_one(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = new_chain("vda", "libvirt-4-format snap");
    static const gint64 indexes[] = {QBLK_UNKNOWN, -2, 1, G_MININT64};
    for (gsize i = 0; i < G_N_ELEMENTS(indexes); i++) {
        assert_null(qblk_chain_resolve_index(chain, indexes[i], &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER, "has no index");
    }
}

static void
an_empty_drive_has_no_layers(void **state)
{
    static const char *const none[] = {NULL};
    g_autoptr(QblkChain) chain = chain_text_new("hdc", none);
    assert_refused(chain, "hdc", QBLK_GRAPH_ERROR_NO_LAYER, "disk 'hdc' is an empty drive");
    assert_refused(chain, "hdc[1]", QBLK_GRAPH_ERROR_NO_LAYER, "disk 'hdc' is an empty drive");
}

static void
an_invalid_specification_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *spec, *reason;
    } cases[] = {
        {"vda[02]", "the index is not a plain decimal number"},
        {"vda[ 2]", "the index is not a plain decimal number"},
        {"vda[+2]", "the index is not a plain decimal number"},
        {"vda[]", "the index is not a plain decimal number"},
        {"vda[99999999999999999999]", "the index is too large"},
        {"vda[2", "the bracket is not closed"},
        {"vda[2]x", "text follows the bracket"},
        {"[2]", "it has no disk"},
        {"", "it has no disk"},
        {"vdb[1]", "'vdb[1]' is a layer of disk 'vdb', not of 'vda'"},
    };
    g_autoptr(QblkChain) chain = new_chain("vda", "a b c");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_refused(chain, cases[i].spec, QBLK_GRAPH_ERROR_SPEC, cases[i].reason);
    }
}

static void
any_node_of_a_layer_names_it(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("vda", "top base");
    QblkLayer *base = chain->layers->pdata[1];
    qblk_chain_filter_add(base->filters, "limits", "throttle");
    qblk_chain_filter_add(base->storage_filters, "slice", "raw");
    static const char *const specs[] = {"node:base", "node:base-file", "node:limits", "node:slice"};
    for (gsize i = 0; i < G_N_ELEMENTS(specs); i++) {
        assert_string_equal(resolve(chain, specs[i]), "base");
    }
    assert_refused(chain, "node:gone", QBLK_GRAPH_ERROR_NO_LAYER,
                   "no layer has the node 'gone' (searched: vda)");
    assert_refused(chain, "node:", QBLK_GRAPH_ERROR_NO_LAYER, "has the node ''");
}

static void
a_path_is_exact_before_links_are_followed(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("qblk-XXXXXX", &error);
    assert_no_error(error);
    g_autofree char *real = g_build_filename(directory, "real.img", NULL);
    g_autofree char *link = g_build_filename(directory, "link.img", NULL);
    assert_true(g_file_set_contents(real, "", 0, &error));
    assert_int_equal(symlink("real.img", link), 0);

    g_autoptr(QblkChain) chain = new_chain("vda", "top base");
    set_file(chain, 1, real);
    assert_string_equal(resolve(chain, real), "base");
    assert_string_equal(resolve(chain, link), "base");
    set_file(chain, 1, link);
    assert_string_equal(resolve(chain, real), "base");
    set_file(chain, 0, real);
    assert_string_equal(resolve(chain, real), "top");
    assert_string_equal(resolve(chain, link), "base");

    assert_int_equal(g_unlink(link), 0);
    assert_int_equal(g_unlink(real), 0);
    assert_int_equal(g_rmdir(directory), 0);
    assert_refused(chain, "/no/such.img", QBLK_GRAPH_ERROR_NO_LAYER,
                   "'/no/such.img' is neither a disk nor an image of a chain (searched: vda)");
}

static void
names_with_brackets_can_be_images(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("vda", "top base");
    set_file(chain, 1, "/images/disk[2]");
    assert_string_equal(resolve(chain, "/images/disk[2]"), "base");
    set_file(chain, 1, "disk[2");
    assert_string_equal(resolve(chain, "disk[2"), "base");
    set_file(chain, 0, "disk[2");
    assert_refused(chain, "disk[2", QBLK_GRAPH_ERROR_AMBIGUOUS, "'disk[2' is open 2 times");
    set_file(chain, 1, "disk.img");
    assert_string_equal(resolve(chain, "disk.img"), "base");
}

static void
an_image_that_is_open_twice_is_ambiguous(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("vda", "top middle base");
    set_file(chain, 1, "/same.img");
    set_file(chain, 2, "/same.img");
    assert_refused(chain, "/same.img", QBLK_GRAPH_ERROR_AMBIGUOUS,
                   "'/same.img' is open 2 times: specify one as 'node:middle' or 'node:base'");
}

static void
ten_of_many_candidates_are_named(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("vda", "a b c d e f g h i j k l");
    for (guint i = 1; i < chain->layers->len; i++) {
        set_file(chain, i, "/same.img");
    }
    assert_refused(
        chain, "/same.img", QBLK_GRAPH_ERROR_AMBIGUOUS,
        "is open 11 times: specify one as 'node:b' or 'node:c' or 'node:d' or 'node:e' or "
        "'node:f' or 'node:g' or 'node:h' or 'node:i' or 'node:j' or 'node:k', and 1 "
        "more");
}

/* As in a chain that was read from a domain. */
static void
layers_without_nodes_are_named_by_their_indexes(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("vda", "top middle base");
    for (guint i = 0; i < 3; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        g_clear_pointer(&layer->node_name, g_free);
        g_clear_pointer(&layer->storage, g_free);
    }
    set_file(chain, 1, "/same.img");
    set_file(chain, 2, "/same.img");
    assert_refused(chain, "/same.img", QBLK_GRAPH_ERROR_AMBIGUOUS,
                   "'/same.img' is open 2 times: specify one as 'vda[1]' or 'vda[2]'");
    assert_refused(chain, "node:top", QBLK_GRAPH_ERROR_NO_LAYER, "has the node 'top'");
}

/* ---- among all disks ---- */

static void
a_layer_that_disks_share_is_one(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) one = new_chain("vda", "a base");
    g_autoptr(QblkChain) two = new_chain("vdb", "b base");
    const QblkChain *const chains[] = {one, two};
    const QblkChain *chain = NULL;
    const QblkLayer *layer = qblk_chain_resolve_among(chains, 2, "/base.img", &chain, &error);
    assert_no_error(error);
    assert_string_equal(layer->node_name, "base");
    assert_ptr_equal(chain, one);
    layer = qblk_chain_resolve_among(chains, 2, "node:b-file", &chain, &error);
    assert_string_equal(layer->node_name, "b");
    assert_ptr_equal(chain, two);
}

static void
a_file_in_several_nodes_is_ambiguous(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) one = new_chain("vda", "a base");
    g_autoptr(QblkChain) two = new_chain("vdb", "b other");
    g_autoptr(QblkChain) three = new_chain("vdc", "c other");
    set_file(two, 1, "/base.img");
    set_file(three, 1, "/base.img");
    const QblkChain *const chains[] = {one, two, three};
    const QblkChain *chain = NULL;
    assert_null(qblk_chain_resolve_among(chains, 3, "/base.img", &chain, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                 "'/base.img' is open 2 times: specify one as 'node:base' or 'node:other'");
    assert_null(chain);
}

static void
an_unknown_layer_lists_the_searched_disks(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) one = new_chain("vda", "a");
    g_autoptr(QblkChain) two = new_chain("vdb", "b");
    g_autoptr(QblkChain) three = new_chain("vdc", "c");
    const QblkChain *const chains[] = {one, two, three};
    static const char *const reasons[] = {
        "no layer 'x': there are no disks",
        "'x' is neither a disk nor an image of a chain (searched: vda)",
        "'x' is neither a disk nor an image of a chain (searched: vda and vdb)",
        "(searched: vda, vdb and vdc)",
    };
    for (guint count = 0; count < G_N_ELEMENTS(reasons); count++) {
        const QblkChain *chain = NULL;
        assert_null(qblk_chain_resolve_among(chains, count, "x", &chain, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER, reasons[count]);
    }
}

static void
a_layer_has_the_first_specification_that_is_known(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("vda", "top base");
    QblkLayer *base = chain->layers->pdata[1];
    g_autofree char *active = qblk_chain_layer_spec(chain, chain->layers->pdata[0]);
    assert_string_equal(active, "vda");

    base->index = 12;
    g_autofree char *by_index = qblk_chain_layer_spec(chain, base);
    assert_string_equal(by_index, "vda[12]");

    base->index = QBLK_UNKNOWN;
    g_autofree char *by_node = qblk_chain_layer_spec(chain, base);
    assert_string_equal(by_node, "node:base");

    g_clear_pointer(&base->node_name, g_free);
    g_autofree char *by_file = qblk_chain_layer_spec(chain, base);
    assert_string_equal(by_file, "/base.img");
}

/* QEMU has the file open to which @path leads now. */
static void
set_open(QblkChain *chain, guint position, const char *path)
{
    QblkLayer *layer = chain->layers->pdata[position];
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    qblk_layer_file_free(layer->file);
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = QBLK_FILE_ANOTHER;
    layer->file->open = qblk_file_identity(&status);
}

static void
a_path_means_the_layer_that_has_the_file_open(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("resolve-XXXXXX", NULL);
    g_autofree char *current = g_build_filename(directory, "cur", NULL);
    g_autofree char *snapshot = g_build_filename(directory, "snap", NULL);
    g_autofree char *link_path = g_build_filename(directory, "link", NULL);
    g_autofree char *new_file = g_build_filename(directory, "new", NULL);
    g_autoptr(QblkChain) one = new_chain("vda", "top base"), other = new_chain("vdb", "o-top");
    const QblkChain *const chains[] = {one, other};
    const QblkChain *found = NULL;
    assert_true(g_file_set_contents(current, "", 0, NULL));
    assert_true(g_file_set_contents(snapshot, "", 0, NULL));
    assert_true(g_file_set_contents(new_file, "", 0, NULL));
    assert_int_equal(symlink("snap", link_path), 0);
    set_file(one, 0, current);
    set_file(one, 1, current);
    set_file(other, 0, current);

    assert_refused(one, current, QBLK_GRAPH_ERROR_AMBIGUOUS, "is open 2 times");
    set_open(one, 0, current);
    set_open(one, 1, snapshot);
    assert_string_equal(resolve(one, current), "top");
    assert_string_equal(resolve(one, snapshot), "base");
    assert_string_equal(resolve(one, link_path), "base");
    assert_string_equal(qblk_chain_resolve_among(chains, 2, current, &found, NULL)->node_name,
                        "top");
    assert_refused(one, new_file, QBLK_GRAPH_ERROR_NO_LAYER, "neither a disk nor an image");

    set_file(one, 1, new_file); /* it has another file open */
    assert_string_equal(resolve(one, new_file), "base");
    (void)g_remove(current);
    (void)g_remove(snapshot);
    (void)g_remove(link_path);
    (void)g_remove(new_file);
    (void)g_rmdir(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_means_the_layer_that_has_the_file_open),
        cmocka_unit_test(a_disk_and_its_index_zero_are_the_active_layer),
        cmocka_unit_test(an_index_is_a_position_or_the_number_of_libvirt),
        cmocka_unit_test(an_unknown_index_lists_the_indexes),
        cmocka_unit_test(a_layer_without_an_index_is_not_found_by_one),
        cmocka_unit_test(an_empty_drive_has_no_layers),
        cmocka_unit_test(an_invalid_specification_is_refused_with_a_reason),
        cmocka_unit_test(any_node_of_a_layer_names_it),
        cmocka_unit_test(a_path_is_exact_before_links_are_followed),
        cmocka_unit_test(names_with_brackets_can_be_images),
        cmocka_unit_test(an_image_that_is_open_twice_is_ambiguous),
        cmocka_unit_test(ten_of_many_candidates_are_named),
        cmocka_unit_test(layers_without_nodes_are_named_by_their_indexes),
        cmocka_unit_test(a_layer_that_disks_share_is_one),
        cmocka_unit_test(a_file_in_several_nodes_is_ambiguous),
        cmocka_unit_test(an_unknown_layer_lists_the_searched_disks),
        cmocka_unit_test(a_layer_has_the_first_specification_that_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
