/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of a graph snapshot as programs see them, by installed headers only. */
#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <qblk/capture.h>
#include <qblk/graph.h>
#include <qblk/snapshot.h>

/* ---- each value is the one in the JSON of the same snapshot ---- */

static void
assert_text(const QblkJson *object, const char *key, const char *actual)
{
    const char *expected = qblk_json_get_string(object, key);
    if (g_strcmp0(expected, actual) != 0) {
        fail_msg("%s: %s, not %s", key, actual, expected);
    }
}

static void
assert_truth(const QblkJson *object, const char *key, gboolean actual)
{
    assert_int_equal(qblk_json_true(qblk_json_get(object, key)), actual != FALSE);
}

/* QBLK_UNKNOWN is null. */
static void
assert_number(const QblkJson *object, const char *key, gint64 actual)
{
    gint64 expected = QBLK_UNKNOWN;
    (void)qblk_json_integer(qblk_json_get(object, key), &expected);
    assert_int_equal(expected, actual);
}

static void
assert_bitmaps(const QblkJson *list, const QblkNode *node)
{
    assert_int_equal(qblk_json_length(list), qblk_node_get_n_bitmaps(node));
    for (guint i = 0; i < qblk_node_get_n_bitmaps(node); i++) {
        const QblkJson *object = qblk_json_at(list, i);
        const QblkBitmap *bitmap = qblk_node_get_bitmap(node, i);
        assert_text(object, "name", qblk_bitmap_get_name(bitmap));
        assert_number(object, "granularity", qblk_bitmap_get_granularity(bitmap));
        assert_number(object, "dirty", qblk_bitmap_get_dirty(bitmap));
        assert_truth(object, "persistent", qblk_bitmap_is_persistent(bitmap));
        assert_truth(object, "recording", qblk_bitmap_is_recording(bitmap));
        assert_truth(object, "busy", qblk_bitmap_is_busy(bitmap));
        assert_truth(object, "inconsistent", qblk_bitmap_is_inconsistent(bitmap));
    }
}

static void
assert_node(const QblkJson *object, const QblkNode *node)
{
    assert_text(object, "node", qblk_node_get_name(node));
    assert_text(object, "driver", qblk_node_get_driver(node));
    assert_text(object, "kind", qblk_node_kind_name(qblk_node_get_kind(node)));
    assert_text(object, "file", qblk_node_get_filename(node));
    assert_truth(object, "read-only", qblk_node_is_read_only(node));
    assert_truth(object, "active", qblk_node_is_active(node));
    assert_text(object, "encryption", qblk_node_get_encryption(node));
    assert_bitmaps(qblk_json_get(object, "bitmaps"), node);

    const QblkJson *snapshots = qblk_json_get(object, "internal-snapshots");
    assert_int_equal(qblk_json_length(snapshots), qblk_node_get_n_internal_snapshots(node));
    assert_null(qblk_node_get_internal_snapshot(node, qblk_node_get_n_internal_snapshots(node)));

    const QblkJson *children = qblk_json_get(object, "children");
    guint count = qblk_node_get_n_children(node);
    assert_int_equal(qblk_json_length(children), count);
    for (guint i = 0; i < count; i++) {
        const QblkJson *edge = qblk_json_at(children, i);
        const QblkNode *child = qblk_node_get_child(node, i);
        assert_text(edge, "child", qblk_node_get_child_name(node, i));
        assert_text(edge, "node", qblk_node_get_name(child));
        assert_non_null(qblk_node_find_child(node, qblk_node_get_child_name(node, i)));
    }
    assert_null(qblk_node_get_child(node, count));
    assert_null(qblk_node_get_child_name(node, count));
    assert_null(qblk_node_find_child(node, "no such edge"));
}

static void
assert_device(const QblkJson *object, const QblkDevice *device)
{
    const QblkNode *top = qblk_device_get_top_node(device);
    assert_text(object, "target", qblk_device_get_target(device));
    assert_text(object, "name-source", qblk_name_source_name(qblk_device_get_name_source(device)));
    assert_text(object, "bus", qblk_bus_name(qblk_device_get_bus(device)));
    assert_text(object, "device", qblk_device_kind_name(qblk_device_get_kind(device)));
    assert_text(object, "qdev", qblk_device_get_qdev(device));
    assert_text(object, "backend", qblk_device_get_backend(device));
    assert_text(object, "node", top == NULL ? NULL : qblk_node_get_name(top));
    assert_truth(object, "vhost-user", qblk_device_is_vhost_user(device));
    assert_non_null(qblk_device_get_label(device));
}

static void
assert_export(const QblkJson *object, const QblkExport *export)
{
    const QblkNode *node = qblk_export_get_node(export);
    assert_text(object, "id", qblk_export_get_id(export));
    assert_text(object, "type", qblk_export_get_export_type(export));
    assert_text(object, "node", qblk_export_get_node_name(export));
    assert_text(object, "node", node == NULL ? NULL : qblk_node_get_name(node));
    assert_text(object, "access", qblk_export_access_name(qblk_export_get_access(export)));
    assert_truth(object, "shutting-down", qblk_export_is_shutting_down(export));
}

static void
assert_job(const QblkJson *object, const QblkJob *job)
{
    assert_text(object, "id", qblk_job_get_id(job));
    assert_text(object, "target", qblk_job_get_target(job));
    assert_text(object, "kind", qblk_job_get_kind_name(job));
    assert_text(object, "type", qblk_job_get_job_type(job));
    assert_text(object, "state", qblk_job_get_state(job));
    assert_truth(object, "ready", qblk_job_is_ready(job));
    assert_truth(object, "paused", qblk_job_is_paused(job));
    assert_number(object, "progress", qblk_job_get_progress(job));
    assert_number(object, "total", qblk_job_get_total(job));
    assert_number(object, "speed", qblk_job_get_speed(job));
    assert_text(object, "io-status", qblk_job_get_io_status(job));
    assert_text(object, "error", qblk_job_get_error(job));
    assert_truth(object, "auto-finalize", qblk_job_get_auto_finalize(job));
    assert_truth(object, "auto-dismiss", qblk_job_get_auto_dismiss(job));

    const QblkJson *nodes = qblk_json_get(object, "nodes");
    guint count = qblk_job_get_n_nodes(job);
    assert_int_equal(qblk_json_length(nodes), count);
    for (guint i = 0; i < count; i++) {
        assert_text(qblk_json_at(nodes, i), "role", qblk_job_get_node_role(job, i));
        assert_text(qblk_json_at(nodes, i), "node", qblk_node_get_name(qblk_job_get_node(job, i)));
    }
    assert_null(qblk_job_get_node(job, count));
    assert_null(qblk_job_get_node_role(job, count));

    g_autofree char *text = qblk_job_to_json(job);
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), NULL);
    assert_true(qblk_json_equal(json, object));
}

static void
assert_snapshot(const QblkSnapshot *snapshot)
{
    g_autofree char *text = qblk_snapshot_to_json(snapshot);
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), NULL);
    int major = 0, minor = 0, micro = 0;
    assert_true(qblk_snapshot_get_qemu_version(snapshot, &major, &minor, &micro));
    g_autofree char *version = g_strdup_printf("%d.%d.%d", major, minor, micro);
    assert_text(json, "qemu", version);
    assert_text(json, "name", qblk_snapshot_get_vm_name(snapshot));
    assert_text(json, "edges", qblk_edge_source_name(qblk_snapshot_get_edge_source(snapshot)));

    const QblkJson *list = qblk_json_get(json, "devices");
    assert_int_equal(qblk_json_length(list), qblk_snapshot_get_n_devices(snapshot));
    for (guint i = 0; i < qblk_snapshot_get_n_devices(snapshot); i++) {
        assert_device(qblk_json_at(list, i), qblk_snapshot_get_device(snapshot, i));
    }
    list = qblk_json_get(json, "nodes");
    assert_int_equal(qblk_json_length(list), qblk_snapshot_get_n_nodes(snapshot));
    for (guint i = 0; i < qblk_snapshot_get_n_nodes(snapshot); i++) {
        const QblkNode *node = qblk_snapshot_get_node(snapshot, i);
        assert_node(qblk_json_at(list, i), node);
        assert_ptr_equal(qblk_snapshot_find_node(snapshot, qblk_node_get_name(node)), node);
    }
    list = qblk_json_get(json, "exports");
    assert_int_equal(qblk_json_length(list), qblk_snapshot_get_n_exports(snapshot));
    for (guint i = 0; i < qblk_snapshot_get_n_exports(snapshot); i++) {
        assert_export(qblk_json_at(list, i), qblk_snapshot_get_export(snapshot, i));
    }
    list = qblk_json_get(json, "jobs");
    assert_int_equal(qblk_json_length(list), qblk_snapshot_get_n_jobs(snapshot));
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        assert_job(qblk_json_at(list, i), job);
        assert_ptr_equal(qblk_snapshot_find_job(snapshot, qblk_job_get_id(job)), job);
    }
}

static void
each_value_is_the_one_in_json(void **state)
{
    g_autoptr(GPtrArray) all = graph_fixture_all();
    for (guint i = 0; i < all->len; i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(all->pdata[i]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        assert_snapshot(snapshot);
    }
}

static void
an_index_that_is_too_large_has_no_object(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_null(qblk_snapshot_get_node(snapshot, 1));
    assert_null(qblk_snapshot_get_node(snapshot, G_MAXUINT));
    assert_null(qblk_snapshot_get_device(snapshot, 0));
    assert_null(qblk_snapshot_get_export(snapshot, 0));
    assert_null(qblk_snapshot_get_job(snapshot, 0));
    assert_null(qblk_snapshot_find_node(snapshot, "b"));
    assert_null(qblk_snapshot_find_job(snapshot, "b"));

    const QblkNode *node = qblk_snapshot_get_node(snapshot, 0);
    assert_null(qblk_node_get_parent(node, 0));
    assert_null(qblk_node_get_bitmap(node, 0));
    assert_null(qblk_node_get_user(node, 0));
}

/* ---- what JSON does not have ---- */

static void
a_device_has_its_address_serial_and_alias(void **state)
{
    static const struct {
        const char *target, *alias, *address;
    } cases[] = {
        {"vda", "virtio-disk0", "40"},
        {"sda", "scsi0-0-0-0", "16.0.0.0"},
        {"sdb", "sata0-0-1", "24.1.0"},
        {"fda", "fdc0-0-0", "8.0"},
    };
    g_autoptr(QblkReplies) replies = graph_fixture_load("7.2/libvirt-aliases");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        const QblkDevice *device = qblk_snapshot_find_device(snapshot, cases[i].target, &error);
        assert_no_error(error);
        g_autofree char *address = qblk_device_get_bus_address(device);
        assert_string_equal(address, cases[i].address);
        assert_string_equal(qblk_device_get_alias(device), cases[i].alias);
        assert_string_equal(qblk_device_get_label(device), cases[i].alias);
        assert_non_null(qblk_device_get_qom_type(device));
        assert_int_equal(qblk_device_get_name_source(device), QBLK_NAME_SOURCE_ALIAS);
    }
}

static void
a_drive_without_a_device_has_no_address(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "- vda a\n");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkDevice *device = qblk_snapshot_get_device(snapshot, 0);
    assert_null(qblk_device_get_bus_address(device));
    assert_null(qblk_device_get_alias(device));
    assert_null(qblk_device_get_serial(device));
    assert_null(qblk_device_get_io_status(device));
    assert_int_equal(qblk_device_get_bus(device), QBLK_BUS_UNKNOWN);
    assert_ptr_equal(qblk_device_get_node(device), qblk_snapshot_get_node(snapshot, 0));
    assert_string_equal(qblk_device_get_node_name(device), "a");
    assert_false(qblk_device_is_read_only(device) || qblk_device_is_removable(device));
}

static void
the_size_of_a_node_may_be_unknown(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("7.2/write-threshold");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    gint64 threshold = 0;
    for (guint i = 0; i < qblk_snapshot_get_n_nodes(snapshot); i++) {
        const QblkNode *node = qblk_snapshot_get_node(snapshot, i);
        threshold = MAX(threshold, qblk_node_get_write_threshold(node));
        assert_true(qblk_node_get_virtual_size(node) > 0);
        assert_true(qblk_node_get_actual_size(node) >= QBLK_UNKNOWN);
        assert_true(qblk_node_get_written_end(node) >= QBLK_UNKNOWN);
    }
    assert_true(threshold > 0);
}

/* ---- references ---- */

static void
a_referenced_child_keeps_its_snapshot(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("commit-ready");
    QblkSnapshot *snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkNode) node = qblk_node_ref(qblk_snapshot_get_node(snapshot, 0));
    g_autoptr(QblkDevice) device = qblk_device_ref(qblk_snapshot_get_device(snapshot, 0));
    g_autoptr(QblkJob) job = qblk_job_ref(qblk_snapshot_get_job(snapshot, 0));
    qblk_snapshot_unref(snapshot);

    assert_non_null(qblk_node_get_parent(node, 0));
    assert_string_equal(qblk_device_get_target(device), "vda");
    assert_string_equal(qblk_job_get_target(job), "vda");
    assert_int_equal(qblk_job_get_kind(job), QBLK_JOB_KIND_ACTIVE_COMMIT);
    assert_string_equal(qblk_node_get_driver(qblk_device_get_top_node(device)), "mirror_top");

    g_autoptr(QblkJob) second = qblk_job_ref(job);
    g_clear_pointer(&job, qblk_job_unref);
    g_clear_pointer(&node, qblk_node_unref);
    g_clear_pointer(&device, qblk_device_unref);
    assert_string_equal(qblk_job_get_target(second), "vda");
}

static void
a_referenced_export_keeps_its_snapshot(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "");
    graph_fixture_replace(replies, "query-block-exports", NULL,
                          "[{'id':'e','type':'nbd','node-name':'a','shutting-down':true}]");
    QblkSnapshot *snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkExport) export = qblk_export_ref(qblk_snapshot_get_export(snapshot, 0));
    qblk_snapshot_unref(snapshot);

    assert_string_equal(qblk_export_get_export_type(export), "nbd");
    assert_true(qblk_export_is_shutting_down(export));
    assert_string_equal(qblk_node_get_filename(qblk_export_get_node(export)), "/a");
}

static void
a_user_outlives_its_snapshot(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("commit-ready");
    QblkSnapshot *snapshot = graph_fixture_snapshot(replies);
    const QblkJob *job = qblk_snapshot_get_job(snapshot, 0);
    const QblkNode *node = qblk_job_get_node(job, 0);
    g_autofree char *name = g_strdup(qblk_node_get_name(node));
    g_autoptr(QblkUser) found = NULL;
    for (guint i = 0; i < qblk_node_get_n_users(node); i++) {
        const QblkUser *user = qblk_node_get_user(node, i);
        if (qblk_user_get_kind(user) == QBLK_USER_KIND_JOB) {
            g_clear_pointer(&found, qblk_user_unref);
            found = qblk_user_ref(user);
        }
    }
    qblk_snapshot_unref(snapshot);

    assert_non_null(found);
    assert_string_equal(qblk_user_get_user_type(found), "commit");
    assert_string_equal(qblk_user_get_state(found), "ready");
    assert_string_equal(qblk_user_get_node_name(found), name);
    assert_non_null(qblk_user_get_role(found));
    assert_true(qblk_user_is_direct(found));
    assert_int_equal(qblk_user_get_access(found), QBLK_EXPORT_ACCESS_UNKNOWN);
}

/* ---- hostile replies ---- */

static void
a_cycle_of_nodes_has_parents_and_users(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("a throttle /a file=b\nb throttle /b file=a\n", "");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkNode *a = qblk_snapshot_find_node(snapshot, "a");
    assert_string_equal(qblk_node_get_name(qblk_node_get_parent(a, 0)), "b");
    assert_int_equal(qblk_node_get_n_users(a), 1);
    assert_int_equal(qblk_user_get_kind(qblk_node_get_user(a, 0)), QBLK_USER_KIND_FILTER);
    assert_snapshot(snapshot);
}

static void
a_snapshot_without_nodes_says_why(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_jobs("7.2.22",
                           "[{'id':'j','type':'stream','status':'concluded','current-progress':1,"
                           "'total-progress':2,'error':'no space'}]",
                           "[]");
    graph_fixture_add(replies, "query-block", NULL, "[]");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_non_null(strstr(qblk_snapshot_get_no_nodes_reason(snapshot), "not dismissed"));
    assert_int_equal(qblk_snapshot_get_edge_source(snapshot), QBLK_EDGE_SOURCE_BEST);
    assert_int_equal(qblk_job_get_kind(qblk_snapshot_get_job(snapshot, 0)), QBLK_JOB_KIND_PULL);
    assert_snapshot(snapshot);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_the_one_in_json),
        cmocka_unit_test(an_index_that_is_too_large_has_no_object),
        cmocka_unit_test(a_device_has_its_address_serial_and_alias),
        cmocka_unit_test(a_drive_without_a_device_has_no_address),
        cmocka_unit_test(the_size_of_a_node_may_be_unknown),
        cmocka_unit_test(a_referenced_child_keeps_its_snapshot),
        cmocka_unit_test(a_referenced_export_keeps_its_snapshot),
        cmocka_unit_test(a_user_outlives_its_snapshot),
        cmocka_unit_test(a_cycle_of_nodes_has_parents_and_users),
        cmocka_unit_test(a_snapshot_without_nodes_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
