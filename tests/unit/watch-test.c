/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/watch.h>

#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"

#include <poll.h>

typedef struct {
    FakeQmp *fake;
    QblkWatch *watch;
    QblkWatchOptions *options;
    GString *text; /* of what was delivered */
} Case;

static void
note_state(QblkWatch *watch, gpointer user_data)
{
    Case *test = user_data;
    const GError *problem = qblk_watch_get_problem(watch);
    g_string_append(test->text, qblk_watch_state_name(qblk_watch_get_state(watch)));
    if (problem != NULL) {
        g_string_append_printf(test->text, "(%d)", problem->code);
    }
    g_string_append_c(test->text, ' ');
}

static void
note_snapshot(QblkWatch *watch, gpointer user_data)
{
    Case *test = user_data;
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(watch);
    assert_ptr_equal(snapshot, qblk_watch_get_jobs(watch));
    g_string_append_printf(test->text, "snapshot:%s ", qblk_snapshot_get_targets(snapshot)[0]);
}

static void
note_progress(QblkWatch *watch, gpointer user_data)
{
    Case *test = user_data;
    const QblkSnapshot *jobs = qblk_watch_get_jobs(watch);
    g_string_append_printf(test->text, "progress:%u ", qblk_snapshot_get_n_jobs(jobs));
}

static void
note_event(QblkWatch *watch, const QblkWatchEvent *event, gpointer user_data)
{
    Case *test = user_data;
    const char *target = qblk_watch_event_get_target(event);
    g_string_append_printf(test->text, "%s%s%s ", qblk_watch_event_get_name(event),
                           target == NULL ? "" : ":", target == NULL ? "" : target);
}

/* A server that answers from @topology after its script.  QEMU is not looked at, and changes cause
 * a fetch at once, unless the test sets that. */
static void
set_up(Case *test, const char *topology)
{
    g_autofree char *capture = graph_fixture_text(topology, NULL);
    *test = (Case){
        .fake = fake_qmp_new_capture("7.2", capture),
        .options = qblk_watch_options_new(),
        .text = g_string_new(NULL),
    };
    qblk_watch_options_set_delay(test->options, 0);
    qblk_watch_options_set_look_interval(test->options, 0);
    qblk_watch_options_set_progress_interval(test->options, 0);
}

static void
start_at(Case *test, const char *address)
{
    g_autoptr(GError) error = NULL;
    test->watch = qblk_watch_new(address, test->options, &error);
    assert_no_error(error);
    qblk_watch_set_state_changed(test->watch, note_state, test, NULL);
    qblk_watch_set_snapshot_changed(test->watch, note_snapshot, test, NULL);
    qblk_watch_set_progress(test->watch, note_progress, test, NULL);
    qblk_watch_set_event(test->watch, note_event, test, NULL);
}

static void
start(Case *test)
{
    g_autofree char *address = fake_qmp_start(test->fake);
    start_at(test, address);
}

static void
tear_down(Case *test)
{
    qblk_watch_unref(test->watch);
    qblk_watch_options_unref(test->options);
    fake_qmp_finish(test->fake);
    g_string_free(test->text, TRUE);
}

/* Drive the watch until it has delivered @expected, or is at its end. */
static void
run_until(Case *test, const char *expected)
{
    int revents = 0;
    while (qblk_watch_process(test->watch, revents) && !g_str_equal(test->text->str, expected)) {
        struct pollfd item = {.fd = qblk_watch_get_fd(test->watch),
                              .events = (short)qblk_watch_get_events(test->watch)};
        int timeout = qblk_watch_get_timeout(test->watch);
        int ready = poll(&item, 1, timeout < 0 ? 10000 : timeout);
        if (ready == 0 && timeout < 0) {
            break;
        }
        revents = item.revents;
    }
    assert_string_equal(test->text->str, expected);
}

static void
a_watch_connects_and_fetches(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    start(&test);
    assert_int_equal(qblk_watch_get_timeout(test.watch), 0);
    assert_int_equal(qblk_watch_get_state(test.watch), QBLK_WATCH_STATE_CONNECTING);
    assert_null(qblk_watch_get_snapshot(test.watch));
    run_until(&test, "connecting connected snapshot:vda ");
    assert_int_equal(qblk_watch_get_timeout(test.watch), -1);
    assert_int_equal(qblk_watch_get_events(test.watch), POLLIN);
    assert_null(qblk_watch_get_problem(test.watch));
    tear_down(&test);
}

static void
a_burst_of_changes_causes_one_snapshot(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    fake_qmp_answer_recorded(test.fake);
    fake_qmp_expect(test.fake, "query-block-exports", NULL);
    for (int i = 0; i < 3; i++) {
        fake_qmp_event(test.fake, "RESUME", NULL);
    }
    fake_qmp_reply(test.fake, "[]");
    start(&test);
    run_until(&test, "connecting RESUME RESUME RESUME connected snapshot:vda snapshot:vda ");
    tear_down(&test);
}

static void
other_events_cause_no_snapshot(void **state)
{
    Case test;
    set_up(&test, "commit-ready");
    fake_qmp_answer_recorded(test.fake);
    fake_qmp_expect(test.fake, "query-block-exports", NULL);
    fake_qmp_event(test.fake, "RTC_CHANGE", "{\"offset\":1,\"qom-path\":\"/machine\"}");
    fake_qmp_reply(test.fake, "[]");
    start(&test);
    run_until(&test, "connecting RTC_CHANGE connected snapshot:vda ");
    assert_int_equal(qblk_watch_get_timeout(test.watch), -1);
    tear_down(&test);
}

static void
progress_is_queried_while_a_job_runs(void **state)
{
    Case test;
    set_up(&test, "mirror-running");
    qblk_watch_options_set_progress_interval(test.options, 1);
    start(&test);
    run_until(&test, "connecting connected snapshot:vda progress:1 progress:1 progress:1 ");
    assert_int_equal(qblk_watch_get_job_rate(test.watch, "no"), -1);
    tear_down(&test);
}

static void
a_look_that_finds_the_same_graph_causes_no_snapshot(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    qblk_watch_options_set_look_interval(test.options, 1);
    g_autoptr(QblkReplies) replies = graph_fixture_load("virtio-5-deep");
    const QblkJson *value = qblk_replies_value(replies, "x-debug-query-block-graph");
    g_autofree char *graph = qblk_json_print(value, QBLK_JSON_COMPACT);
    /* Before the first snapshot, in it, and twice afterwards. */
    for (int i = 0; i < 4; i++) {
        fake_qmp_answer_recorded(test.fake);
        fake_qmp_expect(test.fake, "x-debug-query-block-graph", "{}");
        fake_qmp_reply(test.fake, graph);
    }
    fake_qmp_answer_recorded(test.fake);
    fake_qmp_expect(test.fake, "x-debug-query-block-graph", "{}");
    fake_qmp_close(test.fake);
    start(&test);
    run_until(&test, "connecting connected snapshot:vda ended(3) ");
    tear_down(&test);
}

static void
a_graph_that_has_changed_without_an_event_is_fetched(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    qblk_watch_options_set_look_interval(test.options, 1);
    fake_qmp_expect(test.fake, "x-debug-query-block-graph", "{}");
    fake_qmp_reply(test.fake, "{\"nodes\":[],\"edges\":[]}");
    start(&test);
    run_until(&test, "connecting connected snapshot:vda snapshot:vda ");
    tear_down(&test);
}

static void
a_qemu_without_the_graph_is_asked_all_the_same(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    qblk_watch_options_set_look_interval(test.options, 1);
    fake_qmp_expect(test.fake, "x-debug-query-block-graph", "{}");
    fake_qmp_refuse(test.fake, "CommandNotFound", "no");
    start(&test);
    run_until(&test, "connecting connected snapshot:vda snapshot:vda ");
    tear_down(&test);
}

static void
a_qemu_that_does_not_reply_is_silent_and_comes_back(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    qblk_watch_options_set_timeout(test.options, 300);
    qblk_watch_options_set_look_interval(test.options, 1);
    fake_qmp_answer_recorded(test.fake);
    fake_qmp_expect(test.fake, "qom-get", NULL);
    fake_qmp_forget(test.fake);
    start(&test);
    run_until(&test, "connecting silent(2) connected snapshot:vda ");
    tear_down(&test);
}

static void
the_first_failure_ends_a_watch_that_does_not_connect_again(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    qblk_watch_options_set_timeout(test.options, 300);
    qblk_watch_options_set_reconnect(test.options, FALSE);
    fake_qmp_answer_recorded(test.fake);
    fake_qmp_expect(test.fake, "qom-get", NULL);
    fake_qmp_forget(test.fake);
    start(&test);
    run_until(&test, "connecting ended(2) ");
    assert_false(qblk_watch_process(test.watch, 0));
    assert_int_equal(qblk_watch_get_fd(test.watch), -1);
    assert_int_equal(qblk_watch_get_timeout(test.watch), -1);
    tear_down(&test);
}

static void
a_qemu_that_shuts_down_has_ended(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    fake_qmp_event(test.fake, "SHUTDOWN", "{\"guest\":true,\"reason\":\"guest-shutdown\"}");
    fake_qmp_close(test.fake);
    start(&test);
    run_until(&test, "connecting SHUTDOWN ended(9) ");
    tear_down(&test);
}

static void
a_busy_monitor_is_named(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    qblk_watch_options_set_timeout(test.options, 10);
    fake_qmp_stay_silent(test.fake);
    start(&test);
    run_until(&test, "connecting ended(1) ");
    tear_down(&test);
}

static void
a_monitor_that_does_not_exist_is_tried_again(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    g_free(fake_qmp_start(test.fake));
    start_at(&test, "/nonexistent/qmp");
    run_until(&test, "connecting lost(0) ");
    assert_int_equal(qblk_watch_get_pause(test.watch), 1);
    assert_int_equal(qblk_watch_get_fd(test.watch), -1);
    int timeout = qblk_watch_get_timeout(test.watch);
    assert_true(timeout > 0 && timeout <= 1000);
    assert_true(qblk_watch_process(test.watch, 0));
    tear_down(&test);
}

static void
only_a_monitor_can_be_watched(void **state)
{
    g_autoptr(GError) image = NULL;
    g_autoptr(GError) name = NULL;
    assert_null(qblk_watch_new("image:a.qcow2", NULL, &image));
    assert_error(image, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "cannot watch 'image:a.qcow2'");
    assert_null(qblk_watch_new("vm", NULL, &name));
    assert_error(name, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "invalid VM 'vm'");
}

static void
release(QblkWatch *watch, gpointer user_data)
{
    Case *test = user_data;
    qblk_watch_unref(g_steal_pointer(&test->watch));
}

static void
a_function_may_release_the_watch(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    start(&test);
    qblk_watch_set_state_changed(test.watch, release, &test, NULL);
    assert_true(qblk_watch_process(test.watch, 0));
    assert_null(test.watch);
    tear_down(&test);
}

static void
count_down(gpointer user_data)
{
    --*(guint *)user_data;
}

static void
data_of_functions_is_freed_once(void **state)
{
    g_autoptr(GError) error = NULL;
    guint left = 3;
    QblkWatch *watch = qblk_watch_new("/nonexistent/qmp", NULL, &error);
    assert_no_error(error);
    qblk_watch_set_event(watch, note_event, &left, count_down);
    qblk_watch_set_event(watch, NULL, &left, count_down);
    assert_int_equal(left, 2);
    qblk_watch_set_progress(watch, note_progress, &left, count_down);
    qblk_watch_unref(watch);
    assert_int_equal(left, 0);
}

static void
glib_drives_a_watch(void **state)
{
    Case test;
    set_up(&test, "virtio-5-deep");
    fake_qmp_event(test.fake, "SHUTDOWN", "{\"guest\":true,\"reason\":\"guest-shutdown\"}");
    fake_qmp_close(test.fake);
    start(&test);
    guint id = qblk_watch_attach(test.watch);
    while (g_main_context_find_source_by_id(NULL, id) != NULL) {
        g_main_context_iteration(NULL, TRUE);
    }
    assert_string_equal(test.text->str, "connecting SHUTDOWN ended(9) ");
    tear_down(&test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_connects_and_fetches),
        cmocka_unit_test(a_burst_of_changes_causes_one_snapshot),
        cmocka_unit_test(other_events_cause_no_snapshot),
        cmocka_unit_test(progress_is_queried_while_a_job_runs),
        cmocka_unit_test(a_look_that_finds_the_same_graph_causes_no_snapshot),
        cmocka_unit_test(a_graph_that_has_changed_without_an_event_is_fetched),
        cmocka_unit_test(a_qemu_without_the_graph_is_asked_all_the_same),
        cmocka_unit_test(a_qemu_that_does_not_reply_is_silent_and_comes_back),
        cmocka_unit_test(the_first_failure_ends_a_watch_that_does_not_connect_again),
        cmocka_unit_test(a_qemu_that_shuts_down_has_ended),
        cmocka_unit_test(a_busy_monitor_is_named),
        cmocka_unit_test(a_monitor_that_does_not_exist_is_tried_again),
        cmocka_unit_test(only_a_monitor_can_be_watched),
        cmocka_unit_test(a_function_may_release_the_watch),
        cmocka_unit_test(data_of_functions_is_freed_once),
        cmocka_unit_test(glib_drives_a_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
