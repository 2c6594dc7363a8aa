/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

/* vda and vdb share /base; vdc is a quorum. */
static QblkSnapshot *
new_snapshot(void)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a qcow2 /a file=af backing=b\n"
                                                           "af file /a\n"
                                                           "b raw /base file=bf\n"
                                                           "bf file /base\n"
                                                           "c qcow2 /c file=cf backing=b\n"
                                                           "cf file /c\n"
                                                           "q quorum - children.0=cf\n",
                                                           "vda - a\nvdb - c\nvdc - q\n");
    return graph_fixture_snapshot(replies);
}

static void
add_warning(const char *message, gpointer user_data)
{
    g_ptr_array_add(user_data, g_strdup(message));
}

static void
each_form_of_a_specification_names_its_layer(void **state)
{
    static const struct {
        const char *spec, *node, *target;
    } cases[] = {
        {"vda", "a", "vda"},     {"vdb[0]", "c", "vdb"}, {"vdb[1]", "b", "vdb"},
        {"node:bf", "b", "vda"}, {"/c", "c", "vdb"},     {"/base", "b", "vda"},
    };
    g_autoptr(GError) error = NULL;
    QblkSnapshot *snapshot = new_snapshot();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkLayer) layer = qblk_snapshot_resolve(snapshot, cases[i].spec, NULL, &error);
        assert_no_error(error);
        assert_string_equal(qblk_layer_get_node_name(layer), cases[i].node);
        const QblkChain *chain = qblk_layer_get_chain(layer);
        assert_string_equal(qblk_chain_get_target(chain), cases[i].target);
    }

    g_autoptr(QblkLayer) layer = qblk_snapshot_resolve(snapshot, "vda[1]", NULL, &error);
    qblk_snapshot_unref(snapshot);
    assert_string_equal(qblk_layer_get_filename(layer), "/base");
}

static void
a_disk_without_a_chain_is_skipped_with_a_warning(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = new_snapshot();
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(QblkLayer) by_index =
        qblk_snapshot_resolve_full(snapshot, "vda[1]", NULL, add_warning, warnings, &error);
    assert_int_equal(warnings->len, 0);
    g_autoptr(QblkLayer) by_path =
        qblk_snapshot_resolve_full(snapshot, "/base", NULL, add_warning, warnings, &error);
    assert_no_error(error);
    assert_int_equal(warnings->len, 1);
    assert_non_null(strstr(warnings->pdata[0], "vdc"));
    assert_string_equal(qblk_layer_get_node_name(by_index), qblk_layer_get_node_name(by_path));
}

static void
what_no_disk_has_is_an_error(void **state)
{
    static const struct {
        const char *spec;
        QblkGraphError code;
        const char *part;
    } cases[] = {
        {"vde", QBLK_GRAPH_ERROR_NO_DISK, "vde"},
        {"vda[2]", QBLK_GRAPH_ERROR_NO_LAYER, "index 2"},
        {"vda[-1]", QBLK_GRAPH_ERROR_SPEC, "vda[-1]"},
        {"vda[", QBLK_GRAPH_ERROR_SPEC, "not closed"},
        {"[1]", QBLK_GRAPH_ERROR_SPEC, "no disk"},
        {"", QBLK_GRAPH_ERROR_NO_LAYER, ""},
        {"node:", QBLK_GRAPH_ERROR_NO_LAYER, "node"},
        {"node:none", QBLK_GRAPH_ERROR_NO_LAYER, "none"},
        {"/none", QBLK_GRAPH_ERROR_NO_LAYER, "/none"},
        {"vdc", QBLK_GRAPH_ERROR_UNSUPPORTED, "vdc"},
    };
    g_autoptr(QblkSnapshot) snapshot = new_snapshot();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_snapshot_resolve(snapshot, cases[i].spec, NULL, &error));
        assert_error(error, QBLK_GRAPH_ERROR, cases[i].code, cases[i].part);
    }
}

static void
a_chain_that_has_changed_is_refused_before_its_index_is_looked_up(void **state)
{
    static const char *const specs[] = {"vda", "vda[9]", "/a", "node:af"};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = new_snapshot();
    for (gsize i = 0; i < G_N_ELEMENTS(specs); i++) {
        assert_null(qblk_snapshot_resolve(snapshot, specs[i], "0123456789abcdef", &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "vda");
    }

    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, "vda", &error);
    const char *fingerprint = qblk_chain_get_fingerprint(chain);
    g_autoptr(QblkLayer) layer = qblk_snapshot_resolve(snapshot, "/a", fingerprint, &error);
    assert_no_error(error);
    assert_string_equal(qblk_layer_get_node_name(layer), "a");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_a_specification_names_its_layer),
        cmocka_unit_test(a_disk_without_a_chain_is_skipped_with_a_warning),
        cmocka_unit_test(what_no_disk_has_is_an_error),
        cmocka_unit_test(a_chain_that_has_changed_is_refused_before_its_index_is_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
