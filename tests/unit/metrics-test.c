/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/metrics.h"

#include "cli/print/metrics-table.h"
#include "cli/print/metrics-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#define NODES                                                                                      \
    "[{'node-name':'top','drv':'qcow2','file':'/a\\nb','ro':false,'image':{'virtual-size':65536,"  \
    "'actual-size':4096},'children':[{'child':'file','node-name':'dev'}],'dirty-bitmaps':"         \
    "[{'name':'b\\\"0','granularity':512,'count':1024,'persistent':true,'recording':false,"        \
    "'busy':false,'inconsistent':true},{'name':'b1','granularity':512,'count':0,"                  \
    "'persistent':false,'recording':true,'busy':true}]},"                                          \
    "{'node-name':'dev','drv':'file','file':'/a\\nb','ro':false,'write_threshold':7,"              \
    "'image':{'virtual-size':9999,'actual-size':4096},'children':[]}]"

#define JOBS                                                                                       \
    "[{'id':'j','type':'mirror','status':'concluded','current-progress':1,'total-progress':4,"     \
    "'error':'no'},{'id':'k','type':'create','status':'running','current-progress':0,"             \
    "'total-progress':1}]"
#define BLOCK_JOBS                                                                                 \
    "[{'device':'j','type':'mirror','len':4,'offset':1,'busy':true,'paused':true,'speed':5,"       \
    "'io-status':'failed','ready':true,'status':'concluded','auto-finalize':true,"                 \
    "'auto-dismiss':false}]"

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

/* A VM @name with one disk, or without @name. */
static QblkSnapshot *
make_vm(const char *name)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("", "vda - top\ncd -\n");
    graph_fixture_replace(replies, "query-named-block-nodes", "{'flat':true}", NODES);
    graph_fixture_add(replies, "query-blockstats", NULL,
                      "[{'device':'','qdev':'vda','stats':{'rd_bytes':512,'rd_operations':1,"
                      "'rd_total_time_ns':1000000001,'failed_rd_operations':2}}]");
    graph_fixture_add(replies, "query-blockstats", "{'query-nodes':true}",
                      "[{'node-name':'dev','stats':{'wr_highest_offset':4608}},"
                      "{'node-name':'top','stats':{'wr_highest_offset':1}}]");
    graph_fixture_replace(replies, "query-name", NULL, name == NULL ? "{}" : name);
    return load(replies);
}

static char *
print(const QblkMetrics *metrics, QblkMetricsFormat format)
{
    GString *out = g_string_new(NULL);
    qblk_metrics_print(metrics, format, out);
    return g_string_free(out, FALSE);
}

/* Returns: (transfer full): the lines of @text with the sample @name, without the name */
static char *
samples(const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) found = g_string_new(NULL);
    for (char **at = lines; *at != NULL; at++) {
        gsize length = strlen(name);
        if (g_str_has_prefix(*at, name) && strchr("{ ", (*at)[length]) != NULL) {
            g_string_append_printf(found, "%s%s", found->len == 0 ? "" : "\n", *at + length);
        }
    }
    return g_strdup(found->str);
}

static void
assert_samples(const char *text, const char *name, const char *expected)
{
    g_autofree char *found = samples(text, name);
    assert_string_equal(found, expected);
}

static void
each_value_has_its_labels(void **state)
{
    g_autoptr(QblkSnapshot) snapshot = make_vm("{'name':'web \\\\ \\\"1\\\"'}");
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    qblk_metrics_set_time(metrics, 1000000, 2500);
    qblk_metrics_add_vm(metrics, "web", "/run/web", qblk_snapshot_get_vm_name(snapshot), snapshot);
    g_autofree char *text = print(metrics, QBLK_METRICS_OPENMETRICS);

#define DOMAIN "{domain=\"web \\\\ \\\"1\\\"\""
#define DISK   DOMAIN ",target_device=\"vda\""
#define LAYER  DISK ",node_name=\"top\",index=\"0\""
#define BITMAP LAYER ",bitmap="
    static const struct {
        const char *name, *expected;
    } rows[] = {
        {"qblk_vms", " 1"},
        {"qblk_read_timestamp_seconds", " 1.0"},
        {"qblk_read_duration_seconds", " 0.0025"},
        {"qblk_up", DOMAIN "} 1"},
        {"qblk_domain_info", DOMAIN ",vm=\"web\",qemu=\"11.0.0\"} 1"},
        {"qblk_disk_readable", DOMAIN ",target_device=\"cd\"} 1\n" DISK "} 1"},
        {"qblk_chain_depth", DOMAIN ",target_device=\"cd\"} 0\n" DISK "} 1"},
        {"libvirt_domain_block_stats_capacity_bytes", DISK "} 65536"},
        {"libvirt_domain_block_stats_physicalsize_bytes", DISK "} 4096"},
        {"libvirt_domain_block_stats_allocation", DISK "} 4608"},
        {"libvirt_domain_block_stats_read_bytes_total", DISK "} 512"},
        {"libvirt_domain_block_stats_read_time_seconds_total", DISK "} 1.000000001"},
        {"libvirt_domain_block_stats_write_bytes_total", ""},
        {"qblk_disk_failed_requests_total", DISK ",operation=\"read\"} 2"},
        {"qblk_layer_info", LAYER ",position=\"0\",format=\"qcow2\",file=\"/a\\\\nb\","
                                  "read_only=\"false\"} 1"},
        {"qblk_layer_written_end_bytes", LAYER "} 4608"},
        {"qblk_layer_write_threshold_bytes", LAYER "} 7"},
        {"qblk_layer_bitmaps", LAYER "} 2"},
        {"qblk_bitmap_dirty_bytes", BITMAP "\"b\\\"0\"} 1024\n" BITMAP "\"b1\"} 0"},
        {"qblk_bitmap_granularity_bytes", BITMAP "\"b\\\"0\"} 512\n" BITMAP "\"b1\"} 512"},
        {"qblk_bitmap_recording", BITMAP "\"b\\\"0\"} 0\n" BITMAP "\"b1\"} 1"},
        {"qblk_bitmap_persistent", BITMAP "\"b\\\"0\"} 1\n" BITMAP "\"b1\"} 0"},
        {"qblk_bitmap_inconsistent", BITMAP "\"b\\\"0\"} 1\n" BITMAP "\"b1\"} 0"},
        {"qblk_bitmap_busy", BITMAP "\"b\\\"0\"} 0\n" BITMAP "\"b1\"} 1"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_samples(text, rows[i].name, rows[i].expected);
    }
}

static void
each_job_has_its_state(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("top file /a\n", "disk0 - top\n");
    graph_fixture_add_job(replies, JOBS, BLOCK_JOBS);
    g_autoptr(QblkSnapshot) snapshot = load(replies);
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    qblk_metrics_add_vm(metrics, "v", NULL, NULL, snapshot);
    g_autofree char *text = print(metrics, QBLK_METRICS_OPENMETRICS);

#define J "{domain=\"v\",job_id=\"j\""
#define K "{domain=\"v\",job_id=\"k\""
    static const struct {
        const char *name, *expected;
    } rows[] = {
        {"qblk_job_info",
         J ",kind=\"copy\",state=\"concluded\"} 1\n" K ",kind=\"create\",state=\"running\"} 1"},
        {"qblk_job_current_progress", J "} 1\n" K "} 0"},
        {"qblk_job_total_progress", J "} 4\n" K "} 1"},
        {"qblk_job_ready", J "} 1\n" K "} 0"},
        {"qblk_job_paused", J "} 1\n" K "} 0"},
        {"qblk_job_failed", J "} 1\n" K "} 0"},
        {"qblk_job_io_error", J "} 1"},
        {"qblk_job_speed_limit_bytes_per_second", J "} 5"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_samples(text, rows[i].name, rows[i].expected);
    }
}

/* A VM that cannot be read has no more than these. */
static void
a_vm_that_cannot_be_read_is_down(void **state)
{
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    qblk_metrics_add_vm(metrics, "./q\x1b\xff", NULL, NULL, NULL);
    g_autofree char *text = print(metrics, QBLK_METRICS_OPENMETRICS);
    assert_samples(text, "qblk_up", "{domain=\"./q\\\\x1b\\\\xff\"} 0");
    assert_samples(text, "qblk_domain_info",
                   "{domain=\"./q\\\\x1b\\\\xff\",vm=\"./q\\\\x1b\\\\xff\"} 1");
    assert_null(strstr(text, "target_device"));
    assert_true(g_str_has_suffix(text, "\n# EOF\n"));
}

static void
domains_differ(void **state)
{
    static const struct {
        const char *name, *address;
    } vms[] = {
        {"web", "/run/1"},    {"twin", "/run/2"}, {"twin", "/run/3"}, {NULL, "/run/4"},
        {"/run/1", "/run/5"}, {"", "/run/6"},     {"web", "/run/1"},  {"/run/8", "/run/8"},
    };
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    for (gsize i = 0; i < G_N_ELEMENTS(vms); i++) {
        qblk_metrics_add_vm(metrics, "vm", vms[i].address, vms[i].name, NULL);
    }
    g_autofree char *text = print(metrics, QBLK_METRICS_OPENMETRICS);
    assert_samples(text, "qblk_up",
                   "{domain=\"web\"} 0\n{domain=\"/run/2\"} 0\n{domain=\"/run/3\"} 0\n"
                   "{domain=\"/run/4\"} 0\n{domain=\"/run/5\"} 0\n{domain=\"/run/6\"} 0\n"
                   "{domain=\"/run/8\"} 0");
    assert_samples(text, "qblk_vms", " 7");
}

/* Names that only differ in what cannot be printed, from a hostile QEMU. */
static void
no_series_is_printed_twice(void **state)
{
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    qblk_metrics_add_vm(metrics, "1", "/run/1", "a\x1b", NULL);
    qblk_metrics_add_vm(metrics, "2", "/run/2", "a\\x1b", NULL);
    g_autofree char *text = print(metrics, QBLK_METRICS_OPENMETRICS);
    assert_samples(text, "qblk_up", "{domain=\"a\\\\x1b\"} 0");
}

/* The parsers of the tests of the command check this, too, on what real guests have. */
static void
assert_families(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    static const char head[] = "# TYPE ";
    const char *family = "";
    for (char **at = lines; *at != NULL; at++) {
        char *line = *at;
        if (g_str_has_prefix(line, head)) {
            char *name = line + strlen(head);
            *strchr(name, ' ') = '\0';
            assert_false(g_hash_table_contains(seen, name));
            g_hash_table_add(seen, name);
            family = name;
        } else if (line[0] != '\0' && line[0] != '#') {
            assert_true(g_str_has_prefix(line, family));
        }
    }
}

static void
families_of_recorded_vms_are_not_interleaved(void **state)
{
    static const char *const fixtures[] = {"many-buses", "bitmaps", "commit-ready", "shared-base",
                                           "libvirt-names"};
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    for (gsize i = 0; i < G_N_ELEMENTS(fixtures); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(fixtures[i]);
        g_autoptr(QblkSnapshot) snapshot = load(replies);
        qblk_metrics_add_vm(metrics, fixtures[i], NULL, NULL, snapshot);
    }
    g_autofree char *text = print(metrics, QBLK_METRICS_OPENMETRICS);
    assert_families(text);
    assert_samples(text, "qblk_vms", " 5");
}

static void
the_older_form_has_other_metadata(void **state)
{
    g_autoptr(QblkSnapshot) snapshot = make_vm("{'name':'v'}");
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    qblk_metrics_add_vm(metrics, "v", NULL, "v", snapshot);
    g_autofree char *text = print(metrics, QBLK_METRICS_PROMETHEUS);
    static const char *const parts[] = {
        "# TYPE qblk_build_info gauge\n",
        "# TYPE libvirt_domain_block_stats_read_bytes_total counter\n",
        "# HELP libvirt_domain_block_stats_read_bytes_total Bytes that the guest has read\n",
        "\nlibvirt_domain_block_stats_read_bytes_total{domain=\"v\",target_device=\"vda\"} 512\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        assert_non_null(strstr(text, parts[i]));
    }
    assert_null(strstr(text, "# UNIT"));
    assert_null(strstr(text, "# EOF"));
}

/* ---- the table ---- */

static void
names_end_with_their_unit(void **state)
{
    guint count;
    const QblkMetricsRow *rows = qblk_metrics_table(&count);
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < count; i++) {
        assert_true(g_str_has_suffix(rows[i].name, qblk_metrics_text_unit(&rows[i])));
        assert_null(strpbrk(rows[i].help, "\\\n\""));
        gboolean is_counted = rows[i].counter != NULL;
        gboolean has_labels = rows[i].add_labels != NULL;
        assert_int_equal(is_counted, rows[i].type == QBLK_METRICS_COUNTER);
        assert_int_equal(has_labels, rows[i].type == QBLK_METRICS_INFO);
        assert_int_equal(rows[i].get == NULL, is_counted || has_labels);
        assert_false(g_hash_table_contains(names, rows[i].name));
        g_hash_table_add(names, g_strdup(rows[i].name));
    }
}

/* docs/metrics.md has this table. */
static void
the_manual_lists_each_metric(void **state)
{
    static const char *const labels[] = {
        "",
        "domain",
        "domain, target_device",
        "domain, target_device, operation",
        "domain, target_device, node_name, index",
        "domain, target_device, node_name, index, bitmap",
        "domain, target_device, job_id",
    };
    g_autofree char *manual = NULL;
    g_autofree char *path =
        g_build_filename(g_getenv("QBLK_SOURCE_ROOT"), "docs", "metrics.md", NULL);
    g_autoptr(GError) error = NULL;
    (void)!g_file_get_contents(path, &manual, NULL, &error);
    assert_no_error(error);

    guint count;
    const QblkMetricsRow *rows = qblk_metrics_table(&count);
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = qblk_metrics_text_sample_name(&rows[i]);
        g_autofree char *line = g_strdup_printf(
            "\n| `%s` | %s | %s | %s | %s | %s |\n", name, qblk_metrics_text_type(&rows[i]),
            qblk_metrics_text_unit(&rows[i]), labels[rows[i].level], rows[i].help, rows[i].source);
        if (strstr(manual, line) == NULL) {
            fail_msg("docs/metrics.md lacks the line%s", line);
        }
    }
    guint listed = 0;
    for (const char *at = strstr(manual, "## All metrics"); (at = strstr(at, "\n| `")) != NULL;
         at++) {
        listed++;
    }
    assert_int_equal(listed, count);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_its_labels),
        cmocka_unit_test(each_job_has_its_state),
        cmocka_unit_test(a_vm_that_cannot_be_read_is_down),
        cmocka_unit_test(domains_differ),
        cmocka_unit_test(no_series_is_printed_twice),
        cmocka_unit_test(families_of_recorded_vms_are_not_interleaved),
        cmocka_unit_test(the_older_form_has_other_metadata),
        cmocka_unit_test(names_end_with_their_unit),
        cmocka_unit_test(the_manual_lists_each_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
