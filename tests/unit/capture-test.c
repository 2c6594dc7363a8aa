/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/graph-fixture.h"

#include <qblk/capture.h>
#include <stdio.h>

static QblkReplies *
read_text(const char *text, GError **error)
{
    g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
    return qblk_capture_parse(quoted, strlen(quoted), error);
}

static void
replies_are_read(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies =
        read_text("{'qblk-capture':1,'replies':["
                  "{'execute':'query-jobs','return':[1]},"
                  "{'execute':'query-name','error':{'class':'CommandNotFound','desc':'no'}},"
                  "{'execute':'qom-get','arguments':{'path':'/a'},'return':null},"
                  "{'execute':'query-jobs','return':[]}]}",
                  &error);
    assert_no_error(error);
    assert_int_equal(replies->list->len, 4);
    assert_int_equal(qblk_json_length(qblk_replies_value(replies, "query-jobs")), 1);
    assert_null(qblk_replies_value(replies, "query-name"));
    g_autoptr(QblkJson) arguments = graph_fixture_json("{'path':'/a'}");
    assert_non_null(qblk_replies_find(replies, "qom-get", arguments)->value);
}

static void
an_invalid_capture_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "not a capture: not JSON"},
        {"{", "not a capture: not JSON"},
        {"[]", "it is an array, as of several VMs"},
        {"'qblk-capture'", "it has no 'qblk-capture'"},
        {"{}", "it has no 'qblk-capture'"},
        {"{'qblk-capture':'1','replies':[]}", "it has no 'qblk-capture'"},
        {"{'qblk-capture':true,'replies':[]}", "it has no 'qblk-capture'"},
        {"{'qblk-capture':1.0,'replies':[]}", "it has no 'qblk-capture'"},
        {"{'qblk-capture':2,'replies':[]}", "its format version is not 1"},
        {"{'qblk-capture':0,'replies':[]}", "its format version is not 1"},
        {"{'qblk-capture':1}", "it has no list of 'replies'"},
        {"{'qblk-capture':1,'replies':{}}", "it has no list of 'replies'"},
        {"{'qblk-capture':1,'replies':null}", "it has no list of 'replies'"},
        {"{'qblk-capture':1,'replies':[7]}", "not a capture: replies[0] is not an object"},
        {"{'qblk-capture':1,'replies':[{}]}", "replies[0]: 'execute' is missing"},
        {"{'qblk-capture':1,'replies':[{'execute':1,'return':1}]}", "'execute' is not a string"},
        {"{'qblk-capture':1,'replies':[{'execute':'a','arguments':[],'return':1}]}",
         "replies[0]: 'arguments' is not an object"},
        {"{'qblk-capture':1,'replies':[{'execute':'a','error':'no'}]}",
         "replies[0]: 'error' is not an object"},
        {"{'qblk-capture':1,'replies':[{'execute':'b','return':1},{'execute':'a'}]}",
         "not a capture: replies[1]: either 'return' or 'error' is required"},
        {"{'qblk-capture':1,'replies':[{'execute':'a','return':1,'error':{}}]}",
         "not a capture: replies[0]: either 'return' or 'error' is required"},
        {"{'qblk-capture':1,'qblk-capture':1,'replies':[]}", "not a capture: not JSON"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(read_text(cases[i].text, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, cases[i].reason);
    }
}

static void
unknown_fields_are_kept(void **state)
{
    static const char text[] =
        "{'qblk-capture':1,'host':{'kernel':'6.1'},'replies':["
        "{'execute':'query-jobs','when':12.5,'return':[{'id':'a','new-in-12':[null]}]}]}";
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = read_text(text, &error);
    assert_no_error(error);
    g_autofree char *written = qblk_capture_to_text(replies);
    g_autoptr(QblkJson) expected = graph_fixture_json(text);
    g_autoptr(QblkJson) actual = qblk_json_parse(written, strlen(written), &error);
    assert_no_error(error);
    assert_true(qblk_json_equal(actual, expected));
}

/* The command escapes more characters than the library does. */
static void
check_same_values(const char *recorded, const char *written)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) again = qblk_capture_parse(written, strlen(written), &error);
    assert_no_error(error);
    g_autofree char *rewritten = qblk_capture_to_text(again);
    assert_string_equal(written, rewritten);

    g_autoptr(QblkJson) expected = qblk_json_parse(recorded, strlen(recorded), &error);
    g_autoptr(QblkJson) actual = qblk_json_parse(written, strlen(written), &error);
    assert_true(qblk_json_equal(expected, actual));
}

static void
a_written_capture_reads_and_writes_the_same(void **state)
{
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        g_autofree char *recorded = graph_fixture_text(topologies->pdata[i], NULL);
        g_autoptr(QblkReplies) replies = graph_fixture_load(topologies->pdata[i]);
        g_autofree char *written = qblk_capture_to_text(replies);
        if (!g_str_equal(recorded, written)) {
            check_same_values(recorded, written);
        }
    }
}

/* The number has an exponent, so that all is parsed at once. */
static QblkReplies *
parse_at_once(const char *text, GError **error)
{
    g_autofree char *unusual = g_strconcat("{\"unusual\": 1e1, ", text + 1, NULL);
    QblkReplies *replies = qblk_capture_parse(unusual, strlen(unusual), error);
    assert_no_error(*error);
    assert_null(((QblkReply *)replies->list->pdata[0])->owner);
    return replies;
}

static char *
graph_of(const QblkReplies *replies, QblkEdgeSource edges)
{
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = edges;
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &error);
    return snapshot == NULL ? g_strdup(error->message) : qblk_snapshot_to_json(snapshot);
}

static void
compare_graphs(const QblkReplies *left, const QblkReplies *right)
{
    static const QblkEdgeSource sources[] = {QBLK_EDGE_SOURCE_BEST, QBLK_EDGE_SOURCE_BLOCKSTATS};
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        g_autofree char *of_left = graph_of(left, sources[i]);
        g_autofree char *of_right = graph_of(right, sources[i]);
        assert_string_equal(of_left, of_right);
    }
}

static void
text_and_values_give_the_same(void **state)
{
    guint large = 0;
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        gsize length;
        g_autoptr(GError) error = NULL;
        gboolean is_oldest = g_str_has_prefix(topologies->pdata[i], "5.2/");
        if (!is_oldest && !g_str_has_prefix(topologies->pdata[i], "11.1/")) {
            continue;
        }
        g_autofree char *recorded = graph_fixture_text(topologies->pdata[i], &length);
        g_autoptr(QblkReplies) text = qblk_capture_parse(recorded, length, &error);
        g_autoptr(QblkReplies) values = parse_at_once(recorded, &error);
        for (guint j = 0; j < text->list->len; j++) {
            const QblkReply *reply = text->list->pdata[j];
            large += qblk_json_view_is_absent(reply->text) ? 0 : 1;
        }

        g_autofree char *left = qblk_capture_to_text(text);
        g_autofree char *right = qblk_capture_to_text(values);
        assert_string_equal(strstr(left, "\"replies\""), strstr(right, "\"replies\""));
        compare_graphs(text, values);
    }
    assert_true(large > 100);
}

static void
note_that_it_is_free(gpointer data)
{
    *(gboolean *)data = TRUE;
}

static void
a_capture_refers_to_its_bytes(void **state)
{
    gsize length;
    gboolean is_free = FALSE;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = graph_fixture_text("deep-200", &length);
    GBytes *bytes = g_bytes_new_with_free_func(text, length, note_that_it_is_free, &is_free);

    QblkCapture *capture = qblk_capture_parse_bytes(bytes, &error);
    assert_no_error(error);
    g_bytes_unref(bytes);
    assert_false(is_free);
    g_autoptr(QblkCapture) copied = qblk_capture_parse(text, length, &error);
    compare_graphs(capture, copied);
    qblk_capture_unref(capture);
    assert_true(is_free);
}

static void
fetched_replies_are_written_one_on_each_line(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-jobs", NULL, "[]");
    graph_fixture_add(replies, "qom-get", "{'path':'/a'}", NULL);
    graph_fixture_add(replies, "query-name", NULL, "null");
    g_autofree char *written = qblk_capture_to_text(replies);
    assert_string_equal(written, "{\"qblk-capture\": 1,\n\"replies\": [\n"
                                 "{\"execute\":\"query-jobs\",\"return\":[]},\n"
                                 "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/a\"},"
                                 "\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"}},\n"
                                 "{\"execute\":\"query-name\",\"return\":null}\n]}\n");
}

static void
a_capture_may_have_no_replies(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) none = qblk_replies_new();
    g_autofree char *written = qblk_capture_to_text(none);
    g_autoptr(QblkReplies) replies = qblk_capture_parse(written, strlen(written), &error);
    assert_no_error(error);
    assert_int_equal(replies->list->len, 0);
}

static void
secrets_are_redacted_everywhere(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies =
        read_text("{'qblk-capture':1,'host':{'password':'hunter2'},'replies':["
                  "{'execute':'query-block','password':'hunter2',"
                  "'return':[{'file':'http://me:hunter2@host/x'}]},"
                  "{'execute':'qom-get','arguments':{'path':'http://me:hunter2@host/'},'error':"
                  "{'class':'GenericError','desc':'rbd:pool/image:key=hunter2'}}]}",
                  &error);
    assert_no_error(error);
    graph_fixture_add(replies, "query-name", NULL,
                      "{'name':'nbd://me:hunter2@host/x','secret-data':'hunter2'}");
    g_autofree char *written = qblk_capture_to_text(replies);
    assert_null(strstr(written, "hunter2"));
    assert_non_null(strstr(written, "http://me:***@host/x"));
}

/* ---- files ---- */

/* A file with the capture of @topology. */
static char *
write_capture(const char *directory, const char *topology)
{
    gsize length;
    g_autofree char *text = graph_fixture_text(topology, &length);
    char *path = g_build_filename(directory, "capture.json", NULL);
    assert_true(g_file_set_contents(path, text, (gssize)length, NULL));
    return path;
}

static void
a_capture_is_read_from_a_file_and_from_memory(void **state)
{
    char *directory = cli_check_directory();
    g_autofree char *path = write_capture(directory, "commit-ready");
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) of_file = qblk_snapshot_read_capture(path, NULL, &error);
    assert_no_error(error);

    gsize length;
    g_autofree char *text = graph_fixture_text("commit-ready", &length);
    QblkCapture *capture = qblk_capture_parse(text, length, &error);
    assert_no_error(error);
    g_autoptr(QblkCapture) reference = qblk_capture_ref(capture);
    qblk_capture_unref(capture);
    g_autoptr(QblkSnapshot) of_bytes = qblk_snapshot_load(reference, NULL, &error);
    assert_no_error(error);

    g_autofree char *left = qblk_snapshot_to_json(of_file);
    g_autofree char *right = qblk_snapshot_to_json(of_bytes);
    assert_string_equal(left, right);
    assert_non_null(strstr(left, "active-commit"));
    cli_check_remove(directory);
}

static int
print_stdin(gconstpointer data)
{
    if (freopen(data, "r", stdin) == NULL) {
        return 2;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkCapture) capture = qblk_capture_read("-", &error);
    g_autofree char *text = capture == NULL ? NULL : qblk_capture_to_text(capture);
    printf("%s", text == NULL ? error->message : text);
    return text == NULL;
}

static void
a_capture_is_read_from_standard_input(void **state)
{
    char *directory = cli_check_directory();
    g_autofree char *path = write_capture(directory, "commit-ready");
    g_autoptr(QblkReplies) replies = graph_fixture_load("commit-ready");
    g_autofree char *expected = qblk_capture_to_text(replies);

    g_auto(CliCheckResult) good = cli_check_fork(print_stdin, path);
    assert_string_equal(good.out, expected);
    g_auto(CliCheckResult) bad = cli_check_fork(print_stdin, "/dev/null");
    assert_non_null(strstr(bad.out, "'-': not a capture: not JSON"));
    cli_check_remove(directory);
}

static void
an_error_names_the_file(void **state)
{
    char *directory = cli_check_directory();
    g_autofree char *path = g_build_filename(directory, "x.json", NULL);
    g_autofree char *message = g_strdup_printf("'%s': not a capture", path);
    assert_true(g_file_set_contents(path, "{}", -1, NULL));
    g_autoptr(GError) invalid = NULL, missing = NULL, incomplete = NULL;

    assert_null(qblk_capture_read(path, &invalid));
    assert_error(invalid, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, message);
    assert_true(g_file_set_contents(path, "{\"qblk-capture\":1,\"replies\":[]}", -1, NULL));
    assert_null(qblk_snapshot_read_capture(path, NULL, &incomplete));
    assert_error(incomplete, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                 "no reply to 'query-named-block-nodes'");

    cli_check_remove(directory);
    assert_null(qblk_capture_read(path, &missing));
    assert_error(missing, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot read");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read),
        cmocka_unit_test(an_invalid_capture_is_refused_with_a_reason),
        cmocka_unit_test(unknown_fields_are_kept),
        cmocka_unit_test(a_written_capture_reads_and_writes_the_same),
        cmocka_unit_test(text_and_values_give_the_same),
        cmocka_unit_test(a_capture_refers_to_its_bytes),
        cmocka_unit_test(fetched_replies_are_written_one_on_each_line),
        cmocka_unit_test(a_capture_may_have_no_replies),
        cmocka_unit_test(secrets_are_redacted_everywhere),
        cmocka_unit_test(a_capture_is_read_from_a_file_and_from_memory),
        cmocka_unit_test(a_capture_is_read_from_standard_input),
        cmocka_unit_test(an_error_names_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
