/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/io-statistics.h"

#include "graph/block-stats.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

typedef gint64 (*Getter)(const QblkIoStatistics *statistics, QblkIoOperation operation);

static const Getter getters[] = {
    qblk_io_statistics_get_requests, qblk_io_statistics_get_bytes,   qblk_io_statistics_get_time,
    qblk_io_statistics_get_failed,   qblk_io_statistics_get_invalid, qblk_io_statistics_get_merged,
};

static void
each_counter_is_that_of_its_operation(void **state)
{
    static const char reply[] =
        "{'rd_operations':1,'rd_bytes':2,'rd_total_time_ns':3,'failed_rd_operations':4,"
        "'invalid_rd_operations':5,'rd_merged':6,'wr_operations':11,'wr_bytes':12,"
        "'wr_total_time_ns':13,'failed_wr_operations':14,'invalid_wr_operations':15,'wr_merged':16,"
        "'flush_operations':21,'flush_total_time_ns':23,'failed_flush_operations':24,"
        "'invalid_flush_operations':25,'unmap_operations':31,'unmap_bytes':32,"
        "'unmap_total_time_ns':33,'failed_unmap_operations':34,'invalid_unmap_operations':35,"
        "'unmap_merged':36,'wr_highest_offset':99,'timed_stats':[]}";
    static const gint64 expected[QBLK_IO_OPERATIONS][QBLK_IO_COUNTERS] = {
        {1, 2, 3, 4, 5, 6},
        {11, 12, 13, 14, 15, 16},
        {21, QBLK_UNKNOWN, 23, 24, 25, QBLK_UNKNOWN},
        {31, 32, 33, 34, 35, 36},
    };
    g_autoptr(QblkJson) stats = graph_fixture_json(reply);
    g_autoptr(QblkIoStatistics) statistics = qblk_io_statistics_load(stats);

    for (guint operation = 0; operation < QBLK_IO_OPERATIONS; operation++) {
        for (guint counter = 0; counter < QBLK_IO_COUNTERS; counter++) {
            assert_int_equal(getters[counter](statistics, operation), expected[operation][counter]);
        }
    }
}

static void
what_is_no_count_is_not_known(void **state)
{
    static const char *const replies[] = {"{}", "7", "{'rd_bytes':-1}", "{'rd_bytes':'9'}",
                                          "{'rd_bytes':null}"};
    for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
        g_autoptr(QblkJson) stats = graph_fixture_json(replies[i]);
        g_autoptr(QblkIoStatistics) statistics = qblk_io_statistics_load(stats);
        assert_int_equal(qblk_io_statistics_get_bytes(statistics, QBLK_IO_OPERATION_READ),
                         QBLK_UNKNOWN);
    }
    g_autoptr(QblkIoStatistics) empty = qblk_io_statistics_load(NULL);
    assert_int_equal(qblk_io_statistics_get_time(empty, QBLK_IO_OPERATION_UNMAP), QBLK_UNKNOWN);
    assert_int_equal(qblk_io_statistics_get_time(empty, (QblkIoOperation)99), QBLK_UNKNOWN);
}

static void
operations_have_names(void **state)
{
    static const char *const names[] = {"read", "write", "flush", "unmap"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        assert_string_equal(qblk_io_operation_name((QblkIoOperation)i), names[i]);
    }
}

static QblkSnapshot *
load(const QblkReplies *replies)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    qblk_snapshot_options_set_statistics(options, TRUE);
    QblkSnapshot *snapshot = qblk_snapshot_load(replies, options, &error);
    assert_no_error(error);
    return snapshot;
}

/* Empty drives have statistics, too, but not vhost-user disks.  A capture without nodes was made
 * without statistics. */
static void
each_recorded_device_has_statistics(void **state)
{
    g_autoptr(GPtrArray) names = graph_fixture_all();
    guint devices = 0;
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(names->pdata[i]);
        g_autoptr(QblkSnapshot) snapshot = load(replies);
        gboolean has_nodes = qblk_snapshot_get_no_nodes_reason(snapshot) == NULL;
        assert_int_equal(qblk_snapshot_has_statistics(snapshot), has_nodes);
        for (guint j = 0; j < qblk_snapshot_get_n_devices(snapshot); j++) {
            const QblkDevice *device = qblk_snapshot_get_device(snapshot, j);
            gboolean has_entry = has_nodes && (device->qdev != NULL || device->backend != NULL);
            assert_int_equal(qblk_device_get_statistics(device) != NULL,
                             has_entry && !qblk_device_is_vhost_user(device));
            devices += has_entry ? 1 : 0;
        }
    }
    assert_true(devices > 50);
}

static void
statistics_are_those_of_the_device_of_the_name(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("a file /a\nb file /b\nc file /c\n", "one - a\n- two b\n- three c\n");
    graph_fixture_add(replies, "query-blockstats", NULL,
                      "[{'device':'','qdev':'one','stats':{'rd_bytes':1}},"
                      "{'device':'','qdev':'one','stats':{'rd_bytes':9}},"
                      "{'device':'two','stats':{'rd_bytes':2}},{'device':'four','stats':{}},"
                      "{'device':'','stats':{}},{'stats':7},7,{'device':'three'}]");
    g_autoptr(QblkSnapshot) snapshot = load(replies);
    static const struct {
        const char *name;
        gint64 bytes;
    } rows[] = {{"a", 1}, {"b", 2}, {"c", QBLK_UNKNOWN}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (guint j = 0; j < qblk_snapshot_get_n_devices(snapshot); j++) {
            const QblkDevice *device = qblk_snapshot_get_device(snapshot, j);
            const QblkIoStatistics *statistics = qblk_device_get_statistics(device);
            if (g_str_equal(device->node_name, rows[i].name)) {
                gint64 bytes =
                    statistics == NULL
                        ? QBLK_UNKNOWN
                        : qblk_io_statistics_get_bytes(statistics, QBLK_IO_OPERATION_READ);
                assert_int_equal(bytes, rows[i].bytes);
            }
        }
    }
    assert_false(qblk_snapshot_has_statistics(snapshot));
}

static void
statistics_are_not_loaded_without_the_option(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("virtio-5-deep");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_false(qblk_snapshot_has_statistics(snapshot));
    assert_null(qblk_device_get_statistics(qblk_snapshot_get_device(snapshot, 0)));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_counter_is_that_of_its_operation),
        cmocka_unit_test(what_is_no_count_is_not_known),
        cmocka_unit_test(operations_have_names),
        cmocka_unit_test(each_recorded_device_has_statistics),
        cmocka_unit_test(statistics_are_those_of_the_device_of_the_name),
        cmocka_unit_test(statistics_are_not_loaded_without_the_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
