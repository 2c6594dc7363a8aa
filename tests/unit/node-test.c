/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/node.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static QblkNode *
load(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = graph_fixture_json(text);
    QblkNode *node = qblk_node_load(json, "it", &error);
    assert_no_error(error);
    return node;
}

static void
all_members_of_a_node_are_read(void **state)
{
    g_autoptr(QblkNode) node =
        load("{'node-name':'top','drv':'qcow2','file':'/a.qcow2','ro':true,'write_threshold':512,"
             "'image':{'virtual-size':65536,'actual-size':4096,'backing-filename':'b.qcow2',"
             "'backing-filename-format':'qcow2',"
             "'format-specific':{'type':'qcow2','data':{'data-file':'/d.raw',"
             "'encrypt':{'format':'aes'}}}}}");
    assert_string_equal(node->name, "top");
    assert_string_equal(node->driver, "qcow2");
    assert_string_equal(node->kind->name, "qcow2");
    assert_string_equal(node->filename, "/a.qcow2");
    assert_true(node->read_only);
    assert_string_equal(node->encryption, "qcow");
    assert_true(node->has_data_file);
    assert_false(node->had_secrets);
    assert_int_equal(node->virtual_size, 65536);
    assert_int_equal(node->actual_size, 4096);
    assert_int_equal(node->write_threshold, 512);
    assert_string_equal(node->backing_name, "b.qcow2");
    assert_string_equal(node->backing_format, "qcow2");
    assert_true(qblk_node_is(node, QBLK_DRIVER_FORMAT));
}

static void
missing_optional_members_are_unknown(void **state)
{
    g_autoptr(QblkNode) node = load("{'node-name':'x','drv':'made-up','file':'','ro':false,"
                                    "'image':{'virtual-size':0}}");
    assert_null(node->kind);
    assert_int_equal(node->virtual_size, 0);
    assert_int_equal(node->actual_size, QBLK_UNKNOWN);
    assert_int_equal(node->written_end, QBLK_UNKNOWN);
    assert_int_equal(node->write_threshold, 0);
    assert_null(node->backing_name);
    assert_null(node->backing_format);
    assert_false(node->has_data_file);
    assert_false(qblk_node_is(node, QBLK_DRIVER_FORMAT));
    assert_null(qblk_node_filtered(node));
}

static void
a_node_is_inactive_only_if_qemu_reports_it(void **state)
{
    static const struct {
        const char *active;
        gboolean is_inactive;
    } cases[] = {{"'active':false,", TRUE}, {"'active':true,", FALSE}, {"", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("{'node-name':'x','drv':'raw','file':'','ro':false,"
                                                "%s'image':{'virtual-size':0}}",
                                                cases[i].active);
        g_autoptr(QblkNode) node = load(text);
        assert_int_equal(node->is_inactive, cases[i].is_inactive);
    }
}

static void
secrets_are_removed_from_a_node(void **state)
{
    g_autoptr(QblkNode) node =
        load("{'node-name':'x','drv':'http','file':'http://me:pw@host/a','ro':false,"
             "'image':{'virtual-size':0,'backing-filename':'http://me:pw@host/b'}}");
    assert_true(node->had_secrets);
    assert_string_equal(node->filename, "http://me:***@host/a");
    assert_string_equal(node->backing_name, "http://me:***@host/b");
}

static void
an_invalid_node_is_refused(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"[]", "it is not an object"},
        {"{'drv':'raw','file':'','ro':true,'image':{'virtual-size':0}}", "'node-name' is missing"},
        {"{'node-name':'a','file':'','ro':true,'image':{'virtual-size':0}}", "'drv' is missing"},
        {"{'node-name':'a','drv':'raw','ro':true,'image':{'virtual-size':0}}", "'file' is missing"},
        {"{'node-name':'a','drv':'raw','file':'','image':{'virtual-size':0}}", "'ro' is missing"},
        {"{'node-name':'a','drv':'raw','file':'','ro':true}", "'image' is missing"},
        {"{'node-name':'a','drv':'raw','file':'','ro':true,'image':{}}",
         "'virtual-size' is missing"},
        {"{'node-name':'a','drv':'raw','file':'','ro':true,'image':{'virtual-size':'0'}}",
         "'virtual-size' is not an integer"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkJson) json = graph_fixture_json(cases[i].text);
        assert_null(qblk_node_load(json, "it", &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, cases[i].reason);
    }
}

static void
edges_are_known_at_both_ends(void **state)
{
    g_autoptr(QblkNode) top = qblk_node_new("top");
    g_autoptr(QblkNode) file = qblk_node_new("file");
    qblk_node_add_child(top, "file", file);
    qblk_node_add_child(top, "data-file", file);
    assert_ptr_equal(qblk_node_find_child(top, "file"), file);
    assert_ptr_equal(qblk_node_find_child(top, "data-file"), file);
    assert_null(qblk_node_find_child(top, "backing"));
    assert_int_equal(file->parents->len, 2);
    assert_ptr_equal(file->parents->pdata[0], top);
}

static void
a_filter_filters_the_child_of_its_driver(void **state)
{
    static const char *const drivers[][2] = {{"throttle", "file"},
                                             {"commit_top", "backing"},
                                             {"mirror_top", "backing"},
                                             {"blkdebug", "image"},
                                             {"copy-before-write", "file"}};
    for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_autofree char *text = g_strdup_printf("{'node-name':'f','drv':'%s','file':'','ro':false,"
                                                "'image':{'virtual-size':0}}",
                                                drivers[i][0]);
        g_autoptr(QblkNode) filter = load(text);
        g_autoptr(QblkNode) other = qblk_node_new("other");
        g_autoptr(QblkNode) below = qblk_node_new("below");
        qblk_node_add_child(filter, "target", other);
        assert_null(qblk_node_filtered(filter));
        qblk_node_add_child(filter, drivers[i][1], below);
        assert_ptr_equal(qblk_node_filtered(filter), below);
    }
}

static void
freeing_nothing_is_allowed(void **state)
{
    qblk_node_free(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_of_a_node_are_read),
        cmocka_unit_test(missing_optional_members_are_unknown),
        cmocka_unit_test(a_node_is_inactive_only_if_qemu_reports_it),
        cmocka_unit_test(secrets_are_removed_from_a_node),
        cmocka_unit_test(an_invalid_node_is_refused),
        cmocka_unit_test(edges_are_known_at_both_ends),
        cmocka_unit_test(a_filter_filters_the_child_of_its_driver),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
