/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-number.h"

#include "chain/chain.h"
#include "lib/chain-text.h"
#include "lib/check.h"

#include <qblk/chain.h>

static const char *const names[] = {"top", "middle", "base", NULL};

static void
a_fingerprint_is_sixteen_digits_and_the_same_for_the_same_chain(void **state)
{
    g_autoptr(QblkChain) one = chain_text_new("vda", names);
    g_autoptr(QblkChain) two = chain_text_new("vdb", names);
    assert_int_equal(strlen(one->fingerprint), 16);
    assert_int_equal(strspn(one->fingerprint, "0123456789abcdef"), 16);
    assert_string_equal(one->fingerprint, two->fingerprint);
    /* It is written down in scripts of users: another text for the same chain breaks them. */
    assert_string_equal(one->fingerprint, "386a9deb982ac8c3");
}

static void
every_change_of_a_layer_changes_it(void **state)
{
    g_autoptr(QblkChain) chain = chain_text_new("vda", names);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_add(seen, g_strdup(chain->fingerprint));
    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        char **const parts[] = {&layer->node_name, &layer->storage, &layer->format,
                                &layer->filename};
        for (gsize j = 0; j < G_N_ELEMENTS(parts); j++) {
            g_autofree char *kept = *parts[j];
            static const char *const others[] = {"other", NULL};
            for (gsize k = 0; k < G_N_ELEMENTS(others); k++) {
                char text[17];
                *parts[j] = g_strdup(others[k]);
                qblk_chain_fingerprint(chain, text);
                assert_true(g_hash_table_add(seen, g_strdup(text)));
                g_free(*parts[j]);
            }
            *parts[j] = g_strdup(kept);
        }
    }
}

static void
order_and_number_of_layers_change_it(void **state)
{
    static const char *const others[][4] = {
        {"base", "middle", "top", NULL},    {"top", "base", "middle", NULL},
        {"top", "middle", NULL, NULL},      {"middle", "base", NULL, NULL},
        {"top", "middle-file", NULL, NULL}, {NULL, NULL, NULL, NULL}};
    g_autoptr(QblkChain) chain = chain_text_new("vda", names);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(QblkChain) other = chain_text_new("vda", others[i]);
        assert_string_not_equal(chain->fingerprint, other->fingerprint);
    }
}

static void
text_does_not_move_from_one_part_to_the_next(void **state)
{
    g_autoptr(QblkChain) one = chain_text_new("vda", names);
    g_autoptr(QblkChain) two = chain_text_new("vda", names);
    QblkLayer *first = one->layers->pdata[0], *second = two->layers->pdata[0];
    g_free(first->node_name);
    g_free(second->node_name);
    g_free(first->storage);
    g_free(second->storage);
    first->node_name = g_strdup("ab");
    first->storage = g_strdup("c");
    second->node_name = g_strdup("a");
    second->storage = g_strdup("bc");
    char text[2][17];
    qblk_chain_fingerprint(one, text[0]);
    qblk_chain_fingerprint(two, text[1]);
    assert_string_not_equal(text[0], text[1]);
}

static void
sizes_filters_and_mirrors_do_not_change_it(void **state)
{
    g_autoptr(QblkChain) chain = chain_text_new("vda", names);
    g_autofree char *before = g_strdup(chain->fingerprint);
    QblkLayer *layer = chain->layers->pdata[0];
    layer->actual_size = 12345;
    layer->read_only = TRUE;
    qblk_chain_filter_add(layer->filters, "limits", "throttle");
    chain->mirror = g_new0(QblkMirror, 1);
    chain->mirror->layer = qblk_chain_layer_new();
    char text[17];
    qblk_chain_fingerprint(chain, text);
    assert_string_equal(text, before);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fingerprint_is_sixteen_digits_and_the_same_for_the_same_chain),
        cmocka_unit_test(every_change_of_a_layer_changes_it),
        cmocka_unit_test(order_and_number_of_layers_change_it),
        cmocka_unit_test(text_does_not_move_from_one_part_to_the_next),
        cmocka_unit_test(sizes_filters_and_mirrors_do_not_change_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
