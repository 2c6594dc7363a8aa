/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-number.h"

#include "chain/chain.h"
#include "lib/chain-text.h"
#include "lib/check.h"

static QblkChain *
new_chain(const char *names)
{
    g_auto(GStrv) list = g_strsplit(names, " ", -1);
    return chain_text_new("vda", (const char *const *)list);
}

static void
layers_are_numbered_from_the_top_downwards(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("top middle base");
    assert_false(chain->has_libvirt_indexes);
    for (guint i = 0; i < 3; i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        assert_int_equal(qblk_layer_get_position(layer), i);
        assert_int_equal(qblk_layer_get_index(layer), i);
    }
}

static void
numbers_of_libvirt_are_the_indexes(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("libvirt-4-format libvirt-8-format libvirt-9-format");
    g_autofree char *text = chain_text(chain);
    assert_true(chain->has_libvirt_indexes);
    assert_string_equal(text, "4 libvirt-4-format>libvirt-4-format-file:qcow2, "
                              "8 libvirt-8-format>libvirt-8-format-file:qcow2, "
                              "9 libvirt-9-format>libvirt-9-format-file:qcow2");
    const QblkLayer *last = qblk_chain_get_layer(chain, 2);
    assert_int_equal(qblk_layer_get_position(last), 2);
}

static void
a_layer_that_libvirt_did_not_number_has_no_index(void **state)
{
    static const char *const cases[][2] = {
        {"libvirt-4-format snap libvirt-9-format", "4 and 9"},
        {"snap libvirt-4-format", "4"},
        {"snap overlay libvirt-4-format", "4"},
        {"libvirt-4-format snap", "4"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkChain) chain = new_chain(cases[i][0]);
        for (guint j = 0; j < qblk_chain_get_depth(chain); j++) {
            const QblkLayer *layer = qblk_chain_get_layer(chain, j);
            gboolean is_libvirts = g_str_has_prefix(layer->node_name, "libvirt-");
            assert_int_equal(layer->index == QBLK_UNKNOWN, !is_libvirts);
            assert_int_equal(layer->position, j);
        }
        g_autofree char *list = qblk_chain_index_list(chain);
        assert_string_equal(list, cases[i][1]);
    }
}

static void
the_storage_node_counts_if_the_format_node_has_no_number(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("mine");
    QblkLayer *layer = chain->layers->pdata[0];
    g_free(layer->storage);
    layer->storage = g_strdup("libvirt-2-storage");
    qblk_chain_number(chain);
    assert_int_equal(layer->index, 2);
}

static void
a_mirror_has_the_number_of_its_node(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("libvirt-4-format");
    chain->mirror = g_new0(QblkMirror, 1);
    chain->mirror->layer = qblk_chain_layer_new();
    chain->mirror->layer->node_name = g_strdup("libvirt-14-format");
    qblk_chain_number(chain);
    assert_int_equal(chain->mirror->layer->index, 14);

    g_autoptr(QblkChain) plain = new_chain("top");
    plain->mirror = g_new0(QblkMirror, 1);
    plain->mirror->layer = qblk_chain_layer_new();
    plain->mirror->layer->node_name = g_strdup("libvirt-14-format");
    qblk_chain_number(plain);
    assert_int_equal(plain->mirror->layer->index, QBLK_UNKNOWN);
}

static void
a_mirror_into_a_layer_has_the_index_of_the_layer(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("top");
    QblkLayer *base = qblk_chain_layer_new();
    base->node_name = g_strdup("base");
    g_ptr_array_add(chain->layers, base);
    chain->mirror = g_new0(QblkMirror, 1);
    chain->mirror->layer = qblk_chain_layer_new();
    chain->mirror->layer->node_name = g_strdup("base");
    qblk_chain_number(chain);
    assert_int_equal(chain->mirror->layer->index, base->index);
    assert_int_equal(base->index, (gint64)base->position);
}

static void
indexes_are_listed_for_messages(void **state)
{
    static const char *const cases[][2] = {
        {"a b", "1"},
        {"a b c", "1 and 2"},
        {"a b c d", "1 to 3"},
        {"a b c d e", "1 to 4"},
        {"libvirt-2-format libvirt-5-format libvirt-9-format", "2, 5 and 9"},
        {"libvirt-2-format libvirt-3-format libvirt-4-format", "2 to 4"},
        {"libvirt-4-format libvirt-3-format libvirt-2-format", "4, 3 and 2"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkChain) chain = new_chain(cases[i][0]);
        g_autofree char *list = qblk_chain_index_list(chain);
        assert_string_equal(list, cases[i][1]);
    }
    g_autoptr(QblkChain) single = new_chain("a");
    assert_null(qblk_chain_index_list(single));
}

static void
a_changed_chain_is_stale(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = new_chain("top base");
    assert_true(qblk_chain_expect(chain, qblk_chain_get_fingerprint(chain), &error));
    assert_no_error(error);
    static const char *const others[] = {"0123456789abcdef", "", "x"};
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_false(qblk_chain_expect(chain, others[i], &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE,
                     "the chain of 'vda' has changed");
    }
}

static void
below_the_base_there_is_no_layer(void **state)
{
    static const char *const none[] = {NULL};
    g_autoptr(QblkChain) chain = new_chain("top base");
    g_autoptr(QblkChain) empty = chain_text_new("sr0", none);
    assert_int_equal(qblk_chain_get_depth(chain), 2);
    assert_null(qblk_chain_get_layer(chain, 2));
    assert_null(qblk_chain_get_layer(chain, G_MAXUINT));
    assert_int_equal(qblk_chain_get_depth(empty), 0);
    assert_null(qblk_chain_get_layer(empty, 0));
    assert_int_equal(strlen(qblk_chain_get_fingerprint(empty)), 16);
    qblk_chain_unref(NULL);
    qblk_chain_layer_free(NULL);
}

static void
getters_return_what_was_set(void **state)
{
    g_autoptr(QblkChain) chain = new_chain("top");
    chain->bus = "virtio";
    chain->name_source = QBLK_NAME_SOURCE_ALIAS;
    QblkLayer *layer = chain->layers->pdata[0];
    layer->virtual_size = 65536;
    assert_string_equal(qblk_chain_get_target(chain), "vda");
    assert_string_equal(qblk_chain_get_bus_name(chain), "virtio");
    assert_int_equal(qblk_chain_get_name_source(chain), QBLK_NAME_SOURCE_ALIAS);
    assert_string_equal(qblk_layer_get_node_name(layer), "top");
    assert_string_equal(qblk_layer_get_storage_node_name(layer), "top-file");
    assert_string_equal(qblk_layer_get_format_name(layer), "qcow2");
    assert_string_equal(qblk_layer_get_filename(layer), "/top.img");
    assert_int_equal(qblk_layer_get_virtual_size(layer), 65536);
    assert_int_equal(qblk_layer_get_actual_size(layer), QBLK_UNKNOWN);
}

static void
each_getter_returns_its_own_member(void **state)
{
    static const char *const names[] = {"top", "base", NULL};
    g_autoptr(QblkChain) chain = chain_text_new("vda", names);
    QblkLayer *layer = chain->layers->pdata[1];
    layer->index = 7;
    layer->virtual_size = G_MAXINT64;
    layer->actual_size = 0;
    assert_int_equal(qblk_layer_get_position(layer), 1);
    assert_int_equal(qblk_layer_get_index(layer), 7);
    assert_string_equal(qblk_layer_get_node_name(layer), "base");
    assert_string_equal(qblk_layer_get_storage_node_name(layer), "base-file");
    assert_string_equal(qblk_layer_get_format_name(layer), "qcow2");
    assert_string_equal(qblk_layer_get_filename(layer), "/base.img");
    assert_true(qblk_layer_get_virtual_size(layer) == G_MAXINT64);
    assert_int_equal(qblk_layer_get_actual_size(layer), 0);
}

static void
unknown_values_of_a_layer_are_reported_as_such(void **state)
{
    QblkLayer *layer = qblk_chain_layer_new();
    assert_int_equal(qblk_layer_get_position(layer), 0);
    assert_int_equal(qblk_layer_get_index(layer), QBLK_UNKNOWN);
    assert_null(qblk_layer_get_node_name(layer));
    assert_null(qblk_layer_get_storage_node_name(layer));
    assert_null(qblk_layer_get_format_name(layer));
    assert_null(qblk_layer_get_filename(layer));
    assert_int_equal(qblk_layer_get_virtual_size(layer), QBLK_UNKNOWN);
    assert_int_equal(qblk_layer_get_actual_size(layer), QBLK_UNKNOWN);
    qblk_chain_layer_free(layer);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_numbered_from_the_top_downwards),
        cmocka_unit_test(numbers_of_libvirt_are_the_indexes),
        cmocka_unit_test(a_layer_that_libvirt_did_not_number_has_no_index),
        cmocka_unit_test(the_storage_node_counts_if_the_format_node_has_no_number),
        cmocka_unit_test(a_mirror_has_the_number_of_its_node),
        cmocka_unit_test(a_mirror_into_a_layer_has_the_index_of_the_layer),
        cmocka_unit_test(indexes_are_listed_for_messages),
        cmocka_unit_test(a_changed_chain_is_stale),
        cmocka_unit_test(below_the_base_there_is_no_layer),
        cmocka_unit_test(getters_return_what_was_set),
        cmocka_unit_test(each_getter_returns_its_own_member),
        cmocka_unit_test(unknown_values_of_a_layer_are_reported_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
