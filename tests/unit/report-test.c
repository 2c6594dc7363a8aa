/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/report.h"

#include "chain/chain-json.h"
#include "chain/chain-number.h"

#include "lib/check.h"
#include "lib/xml-check.h"

static void
assert_null_member(const QblkJson *json, const char *key)
{
    g_autofree char *text = qblk_json_print(qblk_json_get(json, key), QBLK_JSON_COMPACT);
    assert_string_equal(text, "null");
}

static void
an_unknown_value_is_null(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    layer->index = QBLK_UNKNOWN;
    layer->virtual_size = QBLK_UNKNOWN;
    layer->actual_size = 0;
    g_clear_pointer(&layer->source, qblk_source_unref);
    layer->problem = g_strdup("why");
    g_autoptr(QblkJson) json = qblk_layer_json_new(layer);
    gint64 size = -1;
    static const char *const nulls[] = {"index", "virtual-size", "source", "storage-node",
                                        "backing-string"};
    for (gsize i = 0; i < G_N_ELEMENTS(nulls); i++) {
        assert_null_member(json, nulls[i]);
    }

    assert_true(qblk_json_integer(qblk_json_get(json, "actual-size"), &size));
    assert_int_equal(size, 0);
    assert_string_equal(qblk_json_get_string(json, "problem"), "why");
}

static void
a_layer_with_a_source_has_no_problem(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    g_autoptr(QblkJson) json = qblk_layer_json_new(chain->layers->pdata[0]);
    const QblkJson *source = qblk_json_get(json, "source");
    assert_null(qblk_json_get(json, "problem"));
    assert_string_equal(qblk_json_get_string(source, "type"), "file");
    assert_string_equal(qblk_json_get_string(source, "path"), "/images/0");
}

static void
a_chain_has_its_mirror_and_all_layers(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(3);
    g_autoptr(QblkJson) without = qblk_report_chain(chain);
    assert_null_member(without, "mirror");
    xml_check_add_mirror(chain, TRUE, "node-2", "/images/2");
    g_autoptr(QblkJson) with = qblk_report_chain(chain);
    const QblkJson *mirror = qblk_json_get(with, "mirror");
    assert_string_equal(qblk_json_get_string(mirror, "kind"), "active-commit");
    assert_int_equal(qblk_json_length(qblk_json_get(with, "layers")), 3);
    assert_string_equal(qblk_json_get_string(with, "fingerprint"), chain->fingerprint);
    assert_string_equal(qblk_json_get_string(with, "index-source"), "position");
}

static void
a_json_name_is_not_printed(void **state)
{
    g_autoptr(QblkNode) node = qblk_node_new("n");
    qblk_node_set_text(&node->filename, "json:{}");
    assert_string_equal(qblk_report_file(node), "");
    qblk_node_set_text(&node->filename, "xson:{}");
    assert_string_equal(qblk_report_file(node), "xson:{}");
}

static char *
open_file_of(QblkChain *chain)
{
    qblk_chain_number(chain);
    g_autoptr(QblkJson) json = qblk_layer_json_new(chain->layers->pdata[0]);
    return qblk_json_print(qblk_json_get(json, "open-file"), QBLK_JSON_COMPACT);
}

static void
a_file_is_reported_unless_its_name_leads_to_it(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = QBLK_FILE_SAME;
    layer->file->open = (QblkFileIdentity){.device = 1, .inode = 2};
    g_autofree char *same = open_file_of(chain);
    assert_string_equal(same, "null");

    layer->file->state = QBLK_FILE_ANOTHER;
    layer->file->named = (QblkFileIdentity){.device = 3, .inode = 4};
    layer->file->offset = 512;
    layer->file->path = g_strdup("/true");
    g_autofree char *another = open_file_of(chain);
    assert_string_equal(another,
                        "{\"state\":\"another-file\",\"device\":1,\"inode\":2,\"offset\":512,"
                        "\"path\":\"/true\",\"deleted\":false,\"name-device\":3,"
                        "\"name-inode\":4,\"reason\":null}");

    layer->file->state = QBLK_FILE_UNKNOWN;
    layer->file->open = layer->file->named = (QblkFileIdentity){0};
    chain->unknown_files = g_strdup("why");
    g_clear_pointer(&layer->file->path, g_free);
    g_autofree char *unknown = open_file_of(chain);
    assert_string_equal(unknown,
                        "{\"state\":\"unknown\",\"device\":null,\"inode\":null,\"offset\":512,"
                        "\"path\":null,\"deleted\":false,\"name-device\":null,"
                        "\"name-inode\":null,\"reason\":\"why\"}");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_reported_unless_its_name_leads_to_it),
        cmocka_unit_test(an_unknown_value_is_null),
        cmocka_unit_test(a_layer_with_a_source_has_no_problem),
        cmocka_unit_test(a_chain_has_its_mirror_and_all_layers),
        cmocka_unit_test(a_json_name_is_not_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
