/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-fetch.h"

#include "graph/snapshot-json.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"

#include <qblk/capture.h>

#define BLOCK_OF(node)                                                                             \
    "[{\"device\":\"vda\",\"removable\":false,\"inserted\":"                                       \
    "{\"node-name\":\"" node "\",\"ro\":false}}]"
#define NODE_A                                                                                     \
    "[{\"node-name\":\"a\",\"drv\":\"file\",\"file\":\"/a\",\"ro\":false,"                         \
    "\"image\":{\"virtual-size\":65536},\"children\":[]}]"

/* ---- from a recorded server ---- */

/* The graph of a snapshot, and the chain of each disk or the reason why it has no chain. */
static char *
text_of(const QblkSnapshot *snapshot)
{
    g_autoptr(QblkJson) json = qblk_snapshot_json_new(snapshot);
    g_autofree char *graph = qblk_json_print(json, QBLK_JSON_SORTED);
    g_autoptr(GString) text = g_string_new(graph);
    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, targets[i], &error);
        g_autofree char *layers = chain == NULL ? g_strdup(error->message) : chain_text(chain);
        g_string_append_printf(text, "\n%s: %s", targets[i], layers);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A logger: fails the test where more is asked than a look at the graph needs. */
static void
check_sent(gboolean sent, const char *message, gpointer user_data)
{
    guint *count = user_data;
    if (!sent) {
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse(message, strlen(message), &error);
    assert_no_error(error);
    const char *command = qblk_json_get_string(json, "execute");
    if (!g_str_has_prefix(command, "query-") && !g_str_equal(command, "qom-get") &&
        !g_str_equal(command, "x-debug-query-block-graph")) {
        fail_msg("'%s' is no look at the graph", command);
    }
    (*count)++;
}

static void
fetching_gives_the_same_snapshot_as_loading(void **state)
{
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        g_autofree char *capture = graph_fixture_text(topologies->pdata[i], NULL);
        g_autofree char *version = graph_fixture_version(topologies->pdata[i]);
        FakeQmp *fake = fake_qmp_new_capture(version, capture);
        QblkClient *client = fake_qmp_connect(fake);
        guint sent = 0;
        qblk_client_set_logger(client, check_sent, &sent, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkSnapshot) fetched = qblk_snapshot_fetch(client, NULL, &error);
        assert_no_error(error);
        assert_true(sent >= 6);
        g_autoptr(QblkReplies) replies = graph_fixture_load(topologies->pdata[i]);
        g_autoptr(QblkSnapshot) loaded = graph_fixture_snapshot(replies);
        g_autofree char *actual = text_of(fetched);
        g_autofree char *expected = text_of(loaded);
        assert_string_equal(actual, expected);
        qblk_client_unref(client);
        fake_qmp_finish(fake);
    }
}

/* ---- from a script: a QEMU 11.0 without jobs, whose drive vda has the node @node ---- */

static void
expect_first(FakeQmp *fake)
{
    static const char *const commands[] = {"query-jobs",  "query-name",          "query-status",
                                           "query-block", "query-block-exports", "query-chardev"};
    fake_qmp_set_version(fake,
                         "{\"qemu\":{\"major\":11,\"minor\":0,\"micro\":0},\"package\":\"\"}");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        fake_qmp_expect(fake, commands[i], "{}");
    }
    fake_qmp_reply(fake, "[]");
    fake_qmp_reply(fake, "{\"name\":\"vm\"}");
    fake_qmp_reply(fake, "{\"status\":\"running\",\"running\":true}");
}

static void
expect_nodes(FakeQmp *fake)
{
    fake_qmp_expect(fake, "query-named-block-nodes", "{\"flat\":true}");
}

static void
expect_attempt(FakeQmp *fake, const char *block)
{
    expect_first(fake);
    fake_qmp_reply(fake, block);
    fake_qmp_reply(fake, "[]");
    fake_qmp_reply(fake, "[]");
    expect_nodes(fake);
    fake_qmp_reply(fake, NODE_A);
}

/* Fetch from @fake to its end; the error of that. */
static GError *
fetch_error(FakeQmp *fake)
{
    QblkClient *client = fake_qmp_connect(fake);
    GError *error = NULL;
    assert_null(qblk_snapshot_fetch(client, NULL, &error));
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    return error;
}

static void
a_graph_that_changed_twice_is_read_a_third_time(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    expect_attempt(fake, BLOCK_OF("gone"));
    expect_attempt(fake, BLOCK_OF("gone too"));
    expect_attempt(fake, BLOCK_OF("a"));
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, NULL, &error);
    assert_no_error(error);
    assert_string_equal(qblk_snapshot_get_targets(snapshot)[0], "vda");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_graph_that_changes_a_third_time_is_an_error(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    expect_attempt(fake, BLOCK_OF("first"));
    expect_attempt(fake, BLOCK_OF("second"));
    expect_attempt(fake, BLOCK_OF("third"));
    g_autoptr(GError) error = fetch_error(fake);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED, "third");
}

static void
inconsistent_replies_can_be_captured(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    expect_attempt(fake, BLOCK_OF("first"));
    expect_attempt(fake, BLOCK_OF("second"));
    expect_attempt(fake, BLOCK_OF("third"));
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    g_autoptr(QblkReplies) replies = qblk_snapshot_fetch_replies(client, options, FALSE, &error);
    assert_no_error(error);
    assert_int_equal(replies->list->len, 8);
    g_autoptr(GError) cause = graph_fixture_error(replies, NULL);
    assert_error(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED, "third");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_refused_query_block_is_an_error_at_once(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    expect_first(fake);
    fake_qmp_refuse(fake, "GenericError", "no");
    fake_qmp_reply(fake, "[]");
    fake_qmp_reply(fake, "[]");
    expect_nodes(fake);
    fake_qmp_reply(fake, NODE_A);
    g_autoptr(GError) error = fetch_error(fake);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "'query-block'");
}

static void
a_connection_that_ends_within_a_batch_is_an_error(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    expect_first(fake);
    fake_qmp_reply(fake, BLOCK_OF("a"));
    fake_qmp_reply(fake, "[]");
    fake_qmp_reply(fake, "[]");
    expect_nodes(fake);
    fake_qmp_close(fake);
    g_autoptr(GError) error = fetch_error(fake);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "QEMU closed the connection");
}

/* ---- captures and jobs ---- */

static void
a_capture_has_what_a_snapshot_does_not_need(void **state)
{
    g_autofree char *recorded = graph_fixture_text("7.2/commit-ready", NULL);
    FakeQmp *fake = fake_qmp_new_capture("7.2", recorded);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = qblk_capture(client, NULL, &error);
    assert_no_error(error);
    assert_non_null(strstr(text, "\"query-uuid\""));

    g_autoptr(QblkCapture) capture = qblk_capture_parse(text, strlen(text), &error);
    assert_no_error(error);
    g_autoptr(QblkSnapshot) loaded = qblk_snapshot_load(capture, NULL, &error);
    assert_no_error(error);
    g_autoptr(QblkSnapshot) fetched = qblk_snapshot_fetch(client, NULL, &error);
    assert_no_error(error);
    g_autofree char *actual = text_of(loaded);
    g_autofree char *expected = text_of(fetched);
    assert_string_equal(actual, expected);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

#define JOB(id, done)                                                                              \
    "{\"id\":\"" id "\",\"type\":\"commit\",\"status\":\"running\","                               \
    "\"current-progress\":" done ",\"total-progress\":9}"

static void
the_progress_of_jobs_takes_two_queries(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("7.2/commit-ready");
    g_autoptr(QblkSnapshot) known = graph_fixture_snapshot(replies);
    const char *id = qblk_job_get_id(qblk_snapshot_get_job(known, 0));
    g_autofree char *jobs =
        g_strdup_printf("[{\"id\":\"%s\",\"type\":\"commit\",\"status\":\"running\","
                        "\"current-progress\":7,\"total-progress\":9}," JOB("new", "0") "]",
                        id);
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", "{}");
    fake_qmp_reply(fake, jobs);
    fake_qmp_expect(fake, "query-block-jobs", "{}");
    fake_qmp_reply(fake, "[]");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) now = qblk_snapshot_fetch_jobs(client, known, &error);
    assert_no_error(error);

    assert_int_equal(qblk_snapshot_get_n_jobs(now), 2);
    assert_int_equal(qblk_job_get_progress(qblk_snapshot_get_job(now, 0)), 7);
    assert_string_equal(qblk_job_get_target(qblk_snapshot_get_job(now, 0)), "vda");
    assert_int_equal(qblk_job_get_kind(qblk_snapshot_get_job(now, 0)), QBLK_JOB_KIND_ACTIVE_COMMIT);
    assert_null(qblk_job_get_target(qblk_snapshot_get_job(now, 1)));
    assert_int_equal(qblk_job_get_kind(qblk_snapshot_get_job(now, 1)), QBLK_JOB_KIND_COMMIT);
    assert_int_equal(qblk_snapshot_get_n_nodes(now), 0);
    assert_int_equal(qblk_snapshot_get_n_devices(now), 0);
    assert_int_equal(qblk_snapshot_get_n_exports(now), 0);
    assert_null(qblk_snapshot_get_targets(now)[0]);
    assert_non_null(qblk_snapshot_get_no_nodes_reason(now));
    assert_false(qblk_snapshot_get_qemu_version(now, NULL, NULL, NULL));
    g_autoptr(GError) cause = NULL;
    assert_null(qblk_snapshot_chain(now, "vda", &cause));
    assert_error(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "vda");
    g_autofree char *json = qblk_snapshot_to_json(now);
    assert_non_null(strstr(json, "\"new\""));
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_new_job_with_the_id_of_an_earlier_one_has_no_disk(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("7.2/commit-ready");
    g_autoptr(QblkSnapshot) known = graph_fixture_snapshot(replies);
    const char *id = qblk_job_get_id(qblk_snapshot_get_job(known, 0));
    g_autofree char *jobs =
        g_strdup_printf("[{\"id\":\"%s\",\"type\":\"stream\",\"status\":\"running\","
                        "\"current-progress\":7,\"total-progress\":9}]",
                        id);
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", "{}");
    fake_qmp_reply(fake, jobs);
    fake_qmp_expect(fake, "query-block-jobs", "{}");
    fake_qmp_reply(fake, "[]");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(QblkSnapshot) now = qblk_snapshot_fetch_jobs(client, known, NULL);
    assert_null(qblk_job_get_target(qblk_snapshot_get_job(now, 0)));
    assert_int_equal(qblk_job_get_kind(qblk_snapshot_get_job(now, 0)), QBLK_JOB_KIND_PULL);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
jobs_that_qemu_refuses_to_list_are_an_error(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", "{}");
    fake_qmp_refuse(fake, "GenericError", "no");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    assert_null(qblk_snapshot_fetch_jobs(client, NULL, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "no");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

/* ---- how long QEMU is kept busy ---- */

#define BLOCK_WITH_DEPTH(depth)                                                                    \
    "[{\"device\":\"vda\",\"removable\":false,\"inserted\":"                                       \
    "{\"node-name\":\"a\",\"ro\":false,\"backing_file_depth\":" depth "}}]"

static void
keep_message(const char *message, gpointer user_data)
{
    g_ptr_array_add(user_data, g_strdup(message));
}

/* The warnings while a disk of @block is fetched. */
static GPtrArray *
warnings_of(const char *block)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    expect_attempt(fake, block);
    QblkClient *client = fake_qmp_connect(fake);
    GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    qblk_snapshot_options_set_warning(options, keep_message, warnings, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, options, &error);
    assert_no_error(error);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    return warnings;
}

static void
a_query_that_keeps_qemu_busy_causes_a_warning(void **state)
{
    g_autoptr(GPtrArray) some = warnings_of(BLOCK_WITH_DEPTH("624"));
    assert_int_equal(some->len, 0);
    g_autoptr(GPtrArray) many = warnings_of(BLOCK_WITH_DEPTH("999"));
    assert_int_equal(many->len, 1);
    assert_non_null(strstr(many->pdata[0], "about 2000 block nodes"));
    assert_non_null(strstr(many->pdata[0], "about 160 ms"));
}

/* The server would complain of being asked for nodes. */
static void
a_graph_that_would_stop_the_guest_is_not_queried(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    expect_first(fake);
    fake_qmp_reply(fake, BLOCK_WITH_DEPTH("60000"));
    fake_qmp_reply(fake, "[]");
    fake_qmp_reply(fake, "[]");
    g_autoptr(GError) error = fetch_error(fake);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT, "about 120002 block nodes");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetching_gives_the_same_snapshot_as_loading),
        cmocka_unit_test(a_graph_that_changed_twice_is_read_a_third_time),
        cmocka_unit_test(a_graph_that_changes_a_third_time_is_an_error),
        cmocka_unit_test(inconsistent_replies_can_be_captured),
        cmocka_unit_test(a_refused_query_block_is_an_error_at_once),
        cmocka_unit_test(a_connection_that_ends_within_a_batch_is_an_error),
        cmocka_unit_test(a_capture_has_what_a_snapshot_does_not_need),
        cmocka_unit_test(the_progress_of_jobs_takes_two_queries),
        cmocka_unit_test(a_new_job_with_the_id_of_an_earlier_one_has_no_disk),
        cmocka_unit_test(jobs_that_qemu_refuses_to_list_are_an_error),
        cmocka_unit_test(a_query_that_keeps_qemu_busy_causes_a_warning),
        cmocka_unit_test(a_graph_that_would_stop_the_guest_is_not_queried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
