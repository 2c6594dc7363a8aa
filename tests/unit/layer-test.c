/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/chain.h"

#include "lib/chain-text.h"
#include "lib/check.h"

static void
each_getter_says_its_own_member(void **state)
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
    assert_string_equal(qblk_layer_get_format(layer), "qcow2");
    assert_string_equal(qblk_layer_get_filename(layer), "/base.img");
    assert_true(qblk_layer_get_virtual_size(layer) == G_MAXINT64);
    assert_int_equal(qblk_layer_get_actual_size(layer), 0);
}

static void
a_layer_of_which_nothing_is_known_says_so(void **state)
{
    QblkLayer *layer = qblk_chain_layer_new();
    assert_int_equal(qblk_layer_get_position(layer), 0);
    assert_int_equal(qblk_layer_get_index(layer), QBLK_UNKNOWN);
    assert_null(qblk_layer_get_node_name(layer));
    assert_null(qblk_layer_get_storage_node_name(layer));
    assert_null(qblk_layer_get_format(layer));
    assert_null(qblk_layer_get_filename(layer));
    assert_int_equal(qblk_layer_get_virtual_size(layer), QBLK_UNKNOWN);
    assert_int_equal(qblk_layer_get_actual_size(layer), QBLK_UNKNOWN);
    qblk_chain_layer_free(layer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_getter_says_its_own_member),
        cmocka_unit_test(a_layer_of_which_nothing_is_known_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
