/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/bitmap.h"
#include "graph/node.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#define BITMAP "'granularity':65536,'count':131072,'persistent':true,'recording':true,'busy':false"

static GPtrArray *
load(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = graph_fixture_json(text);
    GPtrArray *bitmaps = NULL;
    assert_true(qblk_bitmap_load_all(json, "it", &bitmaps, &error));
    assert_no_error(error);
    return bitmaps;
}

static void
all_members_of_a_bitmap_are_read(void **state)
{
    g_autoptr(GPtrArray) bitmaps =
        load("[{'name':'full'," BITMAP "},"
             "{'name':'old','granularity':512,'count':0,'persistent':false,'recording':false,"
             "'busy':true,'inconsistent':true,'status':'locked'}]");
    assert_int_equal(bitmaps->len, 2);

    const QblkBitmap *full = qblk_bitmap_find(bitmaps, "full");
    assert_int_equal(full->granularity, 65536);
    assert_int_equal(full->count, 131072);
    assert_true(full->is_persistent && full->is_recording);
    assert_false(full->is_busy || full->is_inconsistent);

    const QblkBitmap *old = qblk_bitmap_find(bitmaps, "old");
    assert_int_equal(old->granularity, 512);
    assert_false(old->is_persistent || old->is_recording);
    assert_true(old->is_busy && old->is_inconsistent);
}

static void
a_bitmap_without_a_name_is_left_out(void **state)
{
    assert_null(load("[{" BITMAP "}]"));
    assert_null(load("[]"));

    g_autoptr(GPtrArray) bitmaps = load("[{" BITMAP "},{'name':'full'," BITMAP "}]");
    assert_int_equal(bitmaps->len, 1);
}

static void
a_name_that_does_not_exist_is_not_found(void **state)
{
    g_autoptr(GPtrArray) bitmaps = load("[{'name':'full'," BITMAP "}]");
    assert_null(qblk_bitmap_find(bitmaps, "ful"));
    assert_null(qblk_bitmap_find(NULL, "full"));
}

static void
an_invalid_bitmap_is_refused(void **state)
{
    static const char *const cases[] = {
        "[{'name':'x'}]",
        "[{'name':1," BITMAP "}]",
        "[null]",
        "[{'name':'x','granularity':'64k','count':0,'persistent':true,'recording':true,"
        "'busy':false}]",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkJson) json = graph_fixture_json(cases[i]);
        GPtrArray *bitmaps = NULL;
        assert_false(qblk_bitmap_load_all(json, "it", &bitmaps, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "it, dirty-bitmaps[0]");
        assert_null(bitmaps);
    }
}

static void
a_node_has_its_bitmaps(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json =
        graph_fixture_json("{'node-name':'x','drv':'qcow2','file':'','ro':false,"
                           "'dirty-bitmaps':[{'name':'full'," BITMAP "}],"
                           "'image':{'virtual-size':0,'format-specific':{'type':'qcow2',"
                           "'data':{'compat':'0.10'}}}}");
    g_autoptr(QblkNode) node = qblk_node_load(json, "it", &error);
    assert_no_error(error);
    assert_non_null(qblk_bitmap_find(node->bitmaps, "full"));
    assert_true(node->is_qcow2_v2);
}

/* Each owner has a reference: a bitmap outlives the node that it was read with. */
static void
a_referenced_bitmap_outlives_its_list(void **state)
{
    GPtrArray *bitmaps = load("[{'name':'full'," BITMAP "}]");
    g_autoptr(QblkBitmap) bitmap = qblk_bitmap_ref(qblk_bitmap_find(bitmaps, "full"));
    g_ptr_array_unref(bitmaps);

    assert_string_equal(qblk_bitmap_get_name(bitmap), "full");
    assert_int_equal(qblk_bitmap_get_granularity(bitmap), 65536);
    assert_int_equal(qblk_bitmap_get_dirty(bitmap), 131072);
    assert_true(qblk_bitmap_is_persistent(bitmap));
    assert_true(qblk_bitmap_is_recording(bitmap));
    assert_false(qblk_bitmap_is_busy(bitmap));
    assert_false(qblk_bitmap_is_inconsistent(bitmap));
}

static void
a_referenced_internal_snapshot_outlives_its_node(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = graph_fixture_json(
        "{'node-name':'x','drv':'qcow2','file':'','ro':false,'image':{'virtual-size':0,"
        "'snapshots':[{'name':'s1','date-sec':77,'vm-state-size':5},{'name':null}]}}");
    QblkNode *node = qblk_node_load(json, "it", &error);
    assert_no_error(error);
    g_autoptr(QblkInternalSnapshot) first =
        qblk_internal_snapshot_ref(node->internal_snapshots->pdata[0]);
    g_autoptr(QblkInternalSnapshot) second =
        qblk_internal_snapshot_ref(node->internal_snapshots->pdata[1]);
    qblk_node_free(node);

    assert_string_equal(qblk_internal_snapshot_get_name(first), "s1");
    assert_int_equal(qblk_internal_snapshot_get_date(first), 77);
    assert_int_equal(qblk_internal_snapshot_get_vm_state_size(first), 5);
    assert_string_equal(qblk_internal_snapshot_get_name(second), "");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_of_a_bitmap_are_read),
        cmocka_unit_test(a_bitmap_without_a_name_is_left_out),
        cmocka_unit_test(a_name_that_does_not_exist_is_not_found),
        cmocka_unit_test(an_invalid_bitmap_is_refused),
        cmocka_unit_test(a_node_has_its_bitmaps),
        cmocka_unit_test(a_referenced_bitmap_outlives_its_list),
        cmocka_unit_test(a_referenced_internal_snapshot_outlives_its_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
