/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"

/* What a callback does, and what it has seen. */
typedef struct {
    guint takes_events; /* at most so many a call */
    guint calls, events;
    guint64 id; /* the reply to take; 0: none */
    char *reply;
    guint wanted_events;
    gboolean until_failure;
    gboolean frees;
    GMainLoop *loop;
} Watcher;

static gboolean
watch(QblkClient *client, gpointer user_data)
{
    Watcher *watcher = user_data;
    watcher->calls++;
    for (guint i = 0; i < watcher->takes_events; i++) {
        g_autofree char *event = qblk_client_take_event(client);
        watcher->events += event == NULL ? 0 : 1;
    }
    gboolean done = FALSE;
    if (watcher->id != 0 && watcher->reply == NULL &&
        !qblk_client_take_reply(client, watcher->id, &done, &watcher->reply, NULL)) {
        watcher->id = 0;
    }
    gboolean failed = qblk_client_get_error(client) != NULL;
    if (watcher->events >= watcher->wanted_events && (watcher->id == 0 || watcher->reply != NULL) &&
        (!watcher->until_failure || failed)) {
        g_main_loop_quit(watcher->loop);
        if (watcher->frees) {
            qblk_client_unref(client);
            return G_SOURCE_REMOVE;
        }
    }
    return G_SOURCE_CONTINUE;
}

static GSource *
attach(QblkClient *client, Watcher *watcher)
{
    GMainContext *context = g_main_context_new();
    watcher->loop = g_main_loop_new(context, FALSE);
    GSource *source = qblk_client_source_new(client);
    g_source_set_callback(source, G_SOURCE_FUNC(watch), watcher, NULL);
    g_source_attach(source, context);
    g_main_context_unref(context);
    return source;
}

static void
detach(GSource *source, Watcher *watcher)
{
    g_source_destroy(source);
    g_source_unref(source);
    g_main_loop_unref(watcher->loop);
    g_free(watcher->reply);
}

static void
a_source_drives_the_handshake_and_a_command(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_event(fake, "A", NULL);
    fake_qmp_reply(fake, "[1]");
    g_autofree char *address = fake_qmp_start(fake);
    g_autoptr(GError) error = NULL;
    QblkClient *client = qblk_client_start(address, 0, &error);
    assert_no_error(error);
    Watcher watcher = {.takes_events = 10, .wanted_events = 1};
    watcher.id = qblk_client_submit(client, "query-jobs", NULL, 0, &error);
    GSource *source = attach(client, &watcher);
    g_main_loop_run(watcher.loop);
    assert_string_equal(watcher.reply, "[1]");
    detach(source, &watcher);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
the_end_of_the_handshake_is_dispatched(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    g_autofree char *address = fake_qmp_start(fake);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkClient) client = qblk_client_start(address, 0, &error);
    assert_no_error(error);
    Watcher watcher = {0};
    GSource *source = attach(client, &watcher);
    g_main_loop_run(watcher.loop);
    assert_true(qblk_client_is_ready(client));
    for (guint i = 0; i < 10; i++) {
        (void)g_main_context_iteration(g_main_loop_get_context(watcher.loop), FALSE);
    }
    assert_int_equal(watcher.calls, 1);
    detach(source, &watcher);
    g_clear_pointer(&client, qblk_client_unref);
    fake_qmp_finish(fake);
}

static void
everything_that_was_buffered_before_is_dispatched(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    for (guint i = 0; i < 5; i++) {
        fake_qmp_event(fake, "A", NULL);
    }
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[]");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    g_autofree char *reply = qblk_client_execute(client, "query-jobs", NULL, 0, &error);
    assert_no_error(error);
    /* Nothing more comes from the socket, and one event is taken a call. */
    Watcher watcher = {.takes_events = 1, .wanted_events = 5};
    GSource *source = attach(client, &watcher);
    g_main_loop_run(watcher.loop);
    assert_int_equal(watcher.events, 5);
    assert_int_equal(watcher.calls, 5);
    detach(source, &watcher);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_queued_event_does_not_cause_a_busy_loop(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_event(fake, "A", NULL);
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[]");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    g_autofree char *reply = qblk_client_execute(client, "query-jobs", NULL, 0, &error);
    assert_no_error(error);
    Watcher watcher = {.takes_events = 0, .wanted_events = 1};
    GSource *source = attach(client, &watcher);
    GMainContext *context = g_main_loop_get_context(watcher.loop);
    for (guint i = 0; i < 10; i++) {
        (void)g_main_context_iteration(context, FALSE);
    }
    assert_int_equal(watcher.calls, 1);
    detach(source, &watcher);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_failure_is_dispatched_once_and_then_the_source_is_quiet(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "quit", NULL);
    fake_qmp_close(fake);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    assert_true(qblk_client_submit(client, "quit", NULL, 0, &error) != 0);
    Watcher watcher = {.until_failure = TRUE};
    GSource *source = attach(client, &watcher);
    g_main_loop_run(watcher.loop);
    assert_int_equal(watcher.calls, 1);
    GMainContext *context = g_main_loop_get_context(watcher.loop);
    for (guint i = 0; i < 10; i++) {
        assert_false(g_main_context_iteration(context, FALSE));
    }
    assert_int_equal(watcher.calls, 1);
    detach(source, &watcher);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_deadline_is_dispatched_without_a_word_from_qemu(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    Watcher watcher = {.id = qblk_client_submit(client, "query-jobs", NULL, 20, &error)};
    GSource *source = attach(client, &watcher);
    g_main_loop_run(watcher.loop);
    assert_int_equal(watcher.id, 0);
    assert_null(qblk_client_get_error(client));
    detach(source, &watcher);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_callback_may_free_the_client(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_event(fake, "A", NULL);
    QblkClient *client = fake_qmp_connect(fake);
    Watcher watcher = {.takes_events = 1, .wanted_events = 1, .frees = TRUE};
    GSource *source = attach(client, &watcher);
    g_main_loop_run(watcher.loop);
    detach(source, &watcher);
    fake_qmp_finish(fake);
}

static void
a_source_keeps_its_client(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_event(fake, "A", NULL);
    QblkClient *client = fake_qmp_connect(fake);
    Watcher watcher = {.takes_events = 1, .wanted_events = 1};
    GSource *source = attach(client, &watcher);
    qblk_client_unref(client);
    g_main_loop_run(watcher.loop);
    assert_int_equal(watcher.events, 1);
    detach(source, &watcher);
    fake_qmp_finish(fake);
}

static void
count_destroyed(gpointer user_data)
{
    Watcher *watcher = user_data;
    watcher->wanted_events = 0;
}

static void
a_watch_runs_in_the_default_context_of_the_thread(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_event(fake, "A", NULL);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GMainContext) context = g_main_context_new();
    g_main_context_push_thread_default(context);
    Watcher watcher = {.takes_events = 1, .wanted_events = 1, .frees = TRUE};
    watcher.loop = g_main_loop_new(context, FALSE);
    assert_true(qblk_client_add_watch(client, watch, &watcher, count_destroyed) != 0);
    g_main_loop_run(watcher.loop);
    assert_int_equal(watcher.events, 1);
    assert_int_equal(watcher.wanted_events, 0);
    g_main_loop_unref(watcher.loop);
    g_main_context_pop_thread_default(context);
    fake_qmp_finish(fake);
}

static void
a_reconnected_client_is_dispatched_as_before(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "quit", NULL);
    fake_qmp_close(fake);
    FakeQmp *next = fake_qmp_new("7.2");
    fake_qmp_expect(next, "query-jobs", NULL);
    fake_qmp_event(next, "A", NULL);
    fake_qmp_reply(next, "[]");
    g_autofree char *address = fake_qmp_start(next);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    assert_true(qblk_client_submit(client, "quit", NULL, 0, &error) != 0);
    Watcher watcher = {.until_failure = TRUE};
    GSource *source = attach(client, &watcher);
    g_main_loop_run(watcher.loop);
    assert_non_null(qblk_client_get_error(client));

    assert_true(qblk_client_reconnect_to(client, address, 0, &error));
    assert_null(qblk_client_get_error(client));
    watcher.until_failure = FALSE;
    watcher.id = qblk_client_submit(client, "query-jobs", NULL, 0, &error);
    assert_no_error(error);
    g_main_loop_run(watcher.loop);
    assert_string_equal(watcher.reply, "[]");
    detach(source, &watcher);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    fake_qmp_finish(next);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_drives_the_handshake_and_a_command),
        cmocka_unit_test(the_end_of_the_handshake_is_dispatched),
        cmocka_unit_test(everything_that_was_buffered_before_is_dispatched),
        cmocka_unit_test(a_queued_event_does_not_cause_a_busy_loop),
        cmocka_unit_test(a_failure_is_dispatched_once_and_then_the_source_is_quiet),
        cmocka_unit_test(a_deadline_is_dispatched_without_a_word_from_qemu),
        cmocka_unit_test(a_callback_may_free_the_client),
        cmocka_unit_test(a_source_keeps_its_client),
        cmocka_unit_test(a_watch_runs_in_the_default_context_of_the_thread),
        cmocka_unit_test(a_reconnected_client_is_dispatched_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
