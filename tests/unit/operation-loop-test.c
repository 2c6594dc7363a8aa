/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations in GLib's main loop, and those that are stopped, released or disconnected. */
#include "lib/cli-check.h"
#include "lib/operation-case.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- GLib's main loop ---- */

static void
quit_after_last(QblkOperation *operation, gpointer user_data)
{
    guint *running = user_data;
    assert_true(qblk_operation_is_done(operation));
    --*running;
}

static void
operations_of_several_clients_run_in_one_loop(void **state)
{
    OperationCase *tests[] = {operation_case_new(), operation_case_new()};
    guint running = G_N_ELEMENTS(tests);
    g_autoptr(GMainContext) context = g_main_context_new();
    g_main_context_push_thread_default(context);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        operation_case_script(tests[i]);
        operation_case_start(tests[i]);
        assert_true(
            qblk_operation_add_watch(tests[i]->operation, quit_after_last, &running, NULL) != 0);
    }
    while (running > 0) {
        g_main_context_iteration(context, TRUE);
    }
    g_main_context_pop_thread_default(context);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        operation_case_succeeded(tests[i]);
        operation_case_free(tests[i]);
    }
}

static gboolean
take_events(QblkClient *client, gpointer user_data)
{
    guint *events = user_data;
    for (;;) {
        g_autofree char *event = qblk_client_take_event(client);
        if (event == NULL) {
            return G_SOURCE_CONTINUE;
        }
        ++*events;
    }
}

/* Either source may be the one that receives what both wait for. */
static void
a_source_of_the_client_may_be_in_the_same_loop(void **state)
{
    static const int priorities[] = {G_PRIORITY_HIGH, G_PRIORITY_LOW};
    for (gsize i = 0; i < G_N_ELEMENTS(priorities); i++) {
        OperationCase *test = operation_case_new();
        guint events = 0, running = 1;
        operation_case_script(test);
        operation_case_start(test);
        g_autoptr(GMainContext) context = g_main_context_new();
        g_autoptr(GSource) of_client = qblk_client_source_new(test->client);
        g_source_set_callback(of_client, G_SOURCE_FUNC(take_events), &events, NULL);
        g_source_set_priority(of_client, priorities[i]);
        g_source_attach(of_client, context);
        g_autoptr(GSource) source = qblk_operation_source_new(test->operation);
        g_source_set_callback(source, G_SOURCE_FUNC(quit_after_last), &running, NULL);
        g_source_attach(source, context);
        while (running > 0) {
            g_main_context_iteration(context, TRUE);
        }
        while (g_main_context_iteration(context, FALSE)) {
        }
        operation_case_succeeded(test);
        assert_int_equal(events, 8);
        g_source_destroy(of_client);
        operation_case_free(test);
    }
}

typedef struct {
    const OperationCase *test;
    guint events;
} Taker;

static gboolean
take_events_and_start_another(QblkClient *client, gpointer user_data)
{
    Taker *taker = user_data;
    g_autoptr(GError) error = NULL;
    (void)take_events(client, &taker->events);
    if (!qblk_operation_is_done(taker->test->operation)) {
        assert_null(qblk_operation_start(client, taker->test->plans, NULL, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "has not ended");
    }
    return G_SOURCE_CONTINUE;
}

/* The one that runs still sees the events that the program has taken. */
static void
an_operation_that_is_refused_leaves_the_running_one_alone(void **state)
{
    OperationCase *test = operation_case_new();
    Taker taker = {.test = test};
    guint running = 1;
    operation_case_script(test);
    operation_case_start(test);
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GSource) of_client = qblk_client_source_new(test->client);
    g_source_set_callback(of_client, G_SOURCE_FUNC(take_events_and_start_another), &taker, NULL);
    g_source_set_priority(of_client, G_PRIORITY_HIGH);
    g_source_attach(of_client, context);
    g_autoptr(GSource) source = qblk_operation_source_new(test->operation);
    g_source_set_callback(source, G_SOURCE_FUNC(quit_after_last), &running, NULL);
    g_source_attach(source, context);
    while (running > 0) {
        g_main_context_iteration(context, TRUE);
    }
    operation_case_succeeded(test);
    assert_true(taker.events > 0);
    g_source_destroy(of_client);
    operation_case_free(test);
}

static void
an_operation_at_its_end_is_reported_at_once(void **state)
{
    OperationCase *test = operation_case_new();
    guint running = 1;
    operation_case_script(test);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GSource) source = qblk_operation_source_new(test->operation);
    g_source_set_callback(source, G_SOURCE_FUNC(quit_after_last), &running, NULL);
    g_source_attach(source, context);
    assert_true(g_main_context_iteration(context, FALSE));
    assert_int_equal(running, 0);
    assert_true(g_source_is_destroyed(source));
    operation_case_free(test);
}

static void
a_source_that_is_removed_releases_the_operation(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_start(test);
    operation_case_start(test);
    g_autoptr(GMainContext) context = g_main_context_new();
    GSource *source = qblk_operation_source_new(test->operation);
    g_source_attach(source, context);
    g_clear_pointer(&test->operation, qblk_operation_unref);
    while (strstr(test->states->str, "running") == NULL) {
        g_main_context_iteration(context, TRUE);
    }
    g_source_destroy(source);
    g_source_unref(source);
    assert_int_equal(operation_case_count_journals(test), 1);
    operation_case_free(test);
}

/* ---- stopping ---- */

static void
a_cancelled_operation_is_rolled_back(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_start(test);
    run_case_accept_rollback(test->run->fake, "running");
    operation_case_start(test);
    assert_true(operation_case_drive(test, "running"));
    qblk_operation_cancel(test->operation);
    qblk_operation_cancel(test->operation);
    assert_int_equal(qblk_operation_get_timeout(test->operation), 0);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                          "job 'job0' was cancelled: interrupted");
    assert_non_null(strstr(test->states->str, "running rolling-back rolled-back "));
    assert_false(qblk_operation_has_journal(test->operation));
    operation_case_free(test);
}

static void
one_that_is_cancelled_before_it_begins_sends_no_command(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_begin(test);
    operation_case_start(test);
    qblk_operation_cancel(test->operation);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                          "job 'job0' was not started: interrupted");
    assert_int_equal(operation_case_count_journals(test), 0);
    operation_case_free(test);
}

static void
a_detached_operation_leaves_its_job_and_no_journal(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_start(test);
    operation_case_start(test);
    assert_true(operation_case_drive(test, "running"));
    qblk_operation_detach(test->operation);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED,
                          "job 'job0' was detached in state 'running': interrupted");
    assert_false(qblk_operation_has_journal(test->operation));
    assert_int_equal(operation_case_count_journals(test), 0);
    operation_case_free(test);
}

static void
one_with_a_time_limit_is_cancelled(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_start(test);
    run_case_accept_rollback(test->run->fake, "running");
    qblk_operation_options_set_time_limit(test->options, 50);
    operation_case_start(test);
    assert_true(operation_case_drive(test, "starting"));
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                          "the time limit was reached");
    operation_case_free(test);
}

/* ---- releasing ---- */

/* The client can be used afterwards, and the server receives nothing else. */
static void
assert_nothing_more_is_sent(OperationCase *test)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reply = qblk_client_execute(test->client, "query-kvm", NULL, 0, &error);
    assert_no_error(error);
    assert_string_equal(reply, "{\"enabled\":true,\"present\":true}");
}

/* What was reported before the operation is released. */
static void
release_at(const char *reported, guint journals)
{
    OperationCase *test = operation_case_new();
    gboolean is_started = g_str_equal(reported, "running");
    if (is_started) {
        operation_case_script_start(test);
    } else {
        operation_case_script_begin(test);
    }
    fake_qmp_expect(test->run->fake, "query-kvm", NULL);
    fake_qmp_reply(test->run->fake, "{\"enabled\": true, \"present\": true}");
    operation_case_start(test);
    assert_true(operation_case_drive(test, reported));
    g_clear_pointer(&test->operation, qblk_operation_unref);
    assert_int_equal(operation_case_count_journals(test), journals);
    assert_nothing_more_is_sent(test);
    operation_case_free(test);
}

/* While the job is "starting" its command waits to be sent. */
static void
a_released_operation_sends_nothing_more_and_leaves_its_journal(void **state)
{
    release_at("starting", 1);
    release_at("running", 1);
}

/* Recovery has to find out what has become of it. */
static void
one_that_is_released_while_the_chain_changes_keeps_that_stage(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    operation_case_script_start(test);
    run_case_status(test->run->fake, "waiting pending");
    run_case_accept_flush(test->run->fake);
    fake_qmp_expect(test->run->fake, "job-finalize", NULL);
    fake_qmp_forget(test->run->fake);
    fake_qmp_expect(test->run->fake, "query-kvm", NULL);
    fake_qmp_reply(test->run->fake, "{\"enabled\": true, \"present\": true}");
    operation_case_start(test);
    assert_true(operation_case_drive(test, "changing"));
    assert_true(operation_case_turn(test)); /* the command is sent */
    g_clear_pointer(&test->operation, qblk_operation_unref);
    assert_nothing_more_is_sent(test);

    g_autoptr(GPtrArray) records = qblk_journal_list(test->directory, &error);
    assert_no_error(error);
    assert_int_equal(records->len, 1);
    const QblkJournalRecord *record = records->pdata[0];
    assert_int_equal(record->stage, QBLK_STAGE_PIVOTING);
    operation_case_free(test);
}

/* The outcome was not seen. */
static void
one_that_is_released_while_the_chain_is_verified_leaves_its_journal(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script(test);
    fake_qmp_answer_recorded(test->run->fake);
    fake_qmp_expect(test->run->fake, "query-kvm", NULL);
    fake_qmp_reply(test->run->fake, "{\"enabled\": true, \"present\": true}");
    operation_case_start(test);
    assert_true(operation_case_drive(test, "completed"));
    g_clear_pointer(&test->operation, qblk_operation_unref);
    assert_int_equal(operation_case_count_journals(test), 1);
    assert_nothing_more_is_sent(test);
    operation_case_free(test);
}

static void
one_that_is_released_in_a_query_has_left_nothing(void **state)
{
    OperationCase *test = operation_case_new();
    fake_qmp_expect(test->run->fake, "query-kvm", NULL);
    fake_qmp_reply(test->run->fake, "{\"enabled\": true, \"present\": true}");
    operation_case_start(test);
    for (guint i = 0; i < 2; i++) {
        assert_true(operation_case_turn(test));
    }
    g_clear_pointer(&test->operation, qblk_operation_unref);
    assert_int_equal(operation_case_count_journals(test), 0);
    assert_nothing_more_is_sent(test);
    operation_case_free(test);
}

static void
release(QblkOperation *operation, const char *target, QblkPlanState state, gpointer user_data)
{
    OperationCase *test = user_data;
    if (state == QBLK_PLAN_STATE_RUNNING) {
        g_clear_pointer(&test->operation, qblk_operation_unref);
    }
}

static void
a_function_may_release_its_operation(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_start(test);
    fake_qmp_expect(test->run->fake, "query-kvm", NULL);
    fake_qmp_reply(test->run->fake, "{\"enabled\": true, \"present\": true}");
    operation_case_start(test);
    qblk_operation_set_state_changed(test->operation, release, test, NULL);
    while (test->operation != NULL) {
        assert_true(operation_case_turn(test));
    }
    assert_int_equal(operation_case_count_journals(test), 1);
    assert_nothing_more_is_sent(test);
    operation_case_free(test);
}

/* ---- a lost connection ---- */

/* A monitor at a path, in front of one server after the other. */
typedef struct {
    char *path;
    int listener;
    int servers[2]; /* descriptors of their clients */
} Front;

/* Copy what one side sends to the other until one of them ends. */
static void
relay(int a, int b)
{
    struct pollfd items[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    for (;;) {
        char bytes[4096];
        assert_true(poll(items, 2, -1) > 0);
        for (int i = 0; i < 2; i++) {
            gssize length = items[i].revents == 0 ? -1 : read(items[i].fd, bytes, sizeof(bytes));
            if (length == 0) {
                return;
            }
            if (length > 0) {
                (void)send(items[1 - i].fd, bytes, (gsize)length, MSG_NOSIGNAL);
            }
        }
    }
}

static gpointer
serve(gpointer data)
{
    const Front *front = data;
    for (gsize i = 0; i < G_N_ELEMENTS(front->servers); i++) {
        int peer = accept(front->listener, NULL, NULL);
        relay(peer, front->servers[i]);
        close(peer);
        close(front->servers[i]);
    }
    return NULL;
}

static int
start_server(FakeQmp *fake)
{
    g_autofree char *address = fake_qmp_start(fake);
    gint64 fd = -1;
    assert_true(g_ascii_string_to_signed(address + strlen("fd:"), 10, 0, G_MAXINT, &fd, NULL));
    return (int)fd;
}

static void
the_client_is_connected_again_in_the_middle(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    operation_case_script_start(test);
    run_case_status(test->run->fake, "waiting pending");
    run_case_accept_flush(test->run->fake);
    run_case_disconnect(test->run->fake, "job-finalize", FALSE);
    FakeQmp *next = run_case_server();
    run_case_answer_jobs(next, "pending", NULL);
    run_case_accept(next, "job-finalize", NULL, "concluded");
    run_case_answer_jobs(next, "concluded", NULL);
    run_case_accept(next, "job-dismiss", "null", NULL);
    run_case_refuse(next, "blockdev-del");
    run_case_accept(next, "blockdev-del", NULL, NULL);

    Front front = {.path = g_build_filename(test->directory, "monitor", NULL)};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    g_strlcpy(name.sun_path, front.path, sizeof(name.sun_path));
    front.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(front.listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(front.listener, 1), 0);
    front.servers[0] = start_server(test->run->fake);
    front.servers[1] = start_server(next);
    GThread *thread = g_thread_new("front", serve, &front);

    test->client = qblk_client_connect(front.path, 0, &error);
    assert_no_error(error);
    g_autoptr(QblkClient) same = qblk_client_ref(test->client);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    assert_ptr_equal(same, test->client);
    assert_null(qblk_client_get_error(test->client));

    g_clear_pointer(&test->operation, qblk_operation_unref);
    g_clear_pointer(&test->client, qblk_client_unref);
    qblk_client_unref(g_steal_pointer(&same));
    g_thread_join(thread);
    close(front.listener);
    g_free(front.path);
    fake_qmp_finish(next);
    operation_case_free(test);
}

/* A descriptor cannot be connected again: the journal stays. */
static void
a_lost_connection_leaves_the_journal(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_start(test);
    fake_qmp_close(test->run->fake);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                          "QEMU closed the connection");
    assert_true(qblk_operation_has_journal(test->operation));
    assert_int_equal(operation_case_count_journals(test), 1);
    operation_case_free(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_of_several_clients_run_in_one_loop),
        cmocka_unit_test(a_source_of_the_client_may_be_in_the_same_loop),
        cmocka_unit_test(an_operation_that_is_refused_leaves_the_running_one_alone),
        cmocka_unit_test(an_operation_at_its_end_is_reported_at_once),
        cmocka_unit_test(a_source_that_is_removed_releases_the_operation),
        cmocka_unit_test(a_cancelled_operation_is_rolled_back),
        cmocka_unit_test(one_that_is_cancelled_before_it_begins_sends_no_command),
        cmocka_unit_test(a_detached_operation_leaves_its_job_and_no_journal),
        cmocka_unit_test(one_with_a_time_limit_is_cancelled),
        cmocka_unit_test(a_released_operation_sends_nothing_more_and_leaves_its_journal),
        cmocka_unit_test(one_that_is_released_while_the_chain_changes_keeps_that_stage),
        cmocka_unit_test(one_that_is_released_while_the_chain_is_verified_leaves_its_journal),
        cmocka_unit_test(one_that_is_released_in_a_query_has_left_nothing),
        cmocka_unit_test(a_function_may_release_its_operation),
        cmocka_unit_test(the_client_is_connected_again_in_the_middle),
        cmocka_unit_test(a_lost_connection_leaves_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
