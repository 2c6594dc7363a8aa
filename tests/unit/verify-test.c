/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify.h"
#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"
#include "plan/plan-steps.h"

/* The chain that a commit of vda[1] into vda[2] plans, and the current one. */
static gboolean
is_promised(const char *header, const char *base, GError **error)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    const QblkCommitOptions options = {.top = "vda[1]"};
    g_autoptr(QblkPlan) plan = qblk_plan_make_commit(&context, &options, NULL);
    assert_non_null(plan);
    QblkExpectation *top = plan->after->pdata[0];
    g_clear_pointer(&top->backing_name, g_free); /* only that it leads to the next is known */
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_ptr_array_remove_index(chain->layers, 1);
    QblkLayer *overlay = chain->layers->pdata[0];
    QblkLayer *below = chain->layers->pdata[1];
    g_free(overlay->backing_name);
    overlay->backing_name = g_strdup(header);
    if (base != NULL) {
        g_free(below->node_name);
        below->node_name = g_strdup(base);
    }
    return qblk_verify_chain(snapshot, chain, "vda", plan->after, error);
}

static void
the_header_has_to_lead_to_the_next_open_image(void **state)
{
    GError *error = NULL;
    assert_true(is_promised("disk-base.qcow2", NULL, &error));
    assert_true(is_promised("/tmp/qblk-fixture/throttle-blockdev/disk-base.qcow2", NULL, &error));
    assert_false(is_promised("disk-1.qcow2", NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "'disk-1.qcow2'");
    assert_false(is_promised(NULL, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "expected");
}

static void
another_node_is_another_chain(void **state)
{
    GError *error = NULL;
    assert_false(is_promised("disk-base.qcow2", "stranger", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "(stranger)");
}

static void
another_format_is_another_chain(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    for (guint i = 0; i < chain->layers->len; i++) {
        (void)qblk_plan_expect(plan, chain->layers->pdata[i]);
    }
    assert_true(qblk_verify_chain(snapshot, chain, "vda", plan->after, NULL));
    QblkExpectation *base = plan->after->pdata[2];
    g_free(base->format);
    base->format = g_strdup("raw");
    assert_false(qblk_verify_chain(snapshot, chain, "vda", plan->after, NULL));
}

/* Its target name may change: the disk is found by its device. */
static void
a_disk_is_found_by_its_qdev_backend_or_node(void **state)
{
    static const struct {
        const char *qdev, *backend, *top, *found;
    } cases[] = {
        {"vdb", "drive-a", "a", "vdb"},
        {NULL, "drive-b", "a", "vdb"},
        {NULL, NULL, "b", "vdb"},
        {NULL, "drive-c", "b", "before"}, /* the one that was meant is gone */
    };
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("a file /a\nb file /b", "vda drive-a a\nvdb drive-b b");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
        plan->target = g_strdup("before");
        plan->qdev = g_strdup(cases[i].qdev);
        plan->backend = g_strdup(cases[i].backend);
        (void)qblk_plan_expect_image(plan, cases[i].top, "raw", "/x");
        assert_string_equal(qblk_verify_find(plan, snapshot), cases[i].found);
    }
}

/* A qed image whose header names "base", which is raw or not. */
static char *
save_qed(const char *directory, gboolean is_raw)
{
    guint8 bytes[128] = {'Q', 'E', 'D', 0};
    bytes[4 + 2] = 1; /* clusters of 64 KiB */
    bytes[8] = 4;     /* clusters of a table */
    bytes[12] = 1;    /* and of the header */
    bytes[16] = is_raw ? 5 : 1;
    bytes[56] = 64; /* the name: where */
    bytes[60] = 4;  /* and how long */
    memcpy(bytes + 64, "base", 4);
    char *path = g_build_filename(directory, "top.qed", NULL);
    assert_true(g_file_set_contents(path, (const char *)bytes, sizeof(bytes), NULL));
    return path;
}

static QblkLayer *
add_layer(QblkChain *chain, const char *node, const char *format, const char *path)
{
    QblkLayer *layer = qblk_chain_layer_new();

    layer->position = chain->layers->len;
    layer->node_name = g_strdup(node);
    layer->format = g_strdup(format);
    layer->filename = g_strdup(path);
    g_ptr_array_add(chain->layers, layer);
    return layer;
}

static gboolean
is_header_right(const char *path, const char *directory, const char *format, GError **error)
{
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    g_autoptr(QblkChain) chain = qblk_chain_new("vda");
    g_autofree char *base = g_build_filename(directory, "base", NULL);
    QblkLayer *top = add_layer(chain, "top", "qed", path);

    top->backing_name = g_strdup("base");
    (void)add_layer(chain, "base", format, base);
    qblk_plan_expect(plan, top)->names_next = TRUE;
    (void)qblk_plan_expect(plan, chain->layers->pdata[1]);
    return qblk_verify_headers(NULL, chain, plan->after, TRUE, error);
}

/* The header of a qed image records only if the backing file is raw. */
static void
a_qed_image_records_no_format_but_raw(void **state)
{
    char *directory = cli_check_directory();
    for (gboolean is_raw = FALSE; is_raw <= TRUE; is_raw++) {
        GError *error = NULL;
        g_autofree char *path = save_qed(directory, is_raw);
        assert_true(is_header_right(path, directory, is_raw ? "raw" : "qcow2", &error));
        assert_false(is_header_right(path, directory, is_raw ? "qcow2" : "raw", &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "'base' (format ");
    }
    cli_check_remove(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_has_to_lead_to_the_next_open_image),
        cmocka_unit_test(a_qed_image_records_no_format_but_raw),
        cmocka_unit_test(another_node_is_another_chain),
        cmocka_unit_test(another_format_is_another_chain),
        cmocka_unit_test(a_disk_is_found_by_its_qdev_backend_or_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
