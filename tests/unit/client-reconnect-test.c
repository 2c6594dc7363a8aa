/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A monitor that accepts clients one after the other while its client waits. */
typedef struct {
    int listener, peer;
    guint clients;
    gboolean has_greeted;
} Monitor;

static void
send_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static int
serve(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    Monitor *monitor = user_data;
    char line[256] = "";
    if (monitor->peer < 0) {
        monitor->peer = accept(monitor->listener, NULL, NULL);
        monitor->clients++;
        send_text(monitor->peer, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, "
                                 "\"major\": 7}, \"package\": \"\"}, \"capabilities\": []}}\n");
    } else if (!monitor->has_greeted && item->events == POLLIN) {
        assert_true(read(monitor->peer, line, sizeof(line) - 1) > 0);
        const char *id = strstr(line, "\"id\":");
        assert_non_null(id);
        g_autofree char *reply = g_strdup_printf("{\"return\": {}, %s", id);
        send_text(monitor->peer, reply);
        monitor->has_greeted = TRUE;
    }
    return poll(item, 1, timeout_ms);
}

static void
hang_up(Monitor *monitor)
{
    close(monitor->peer);
    monitor->peer = -1;
    monitor->has_greeted = FALSE;
}

static void
a_client_connects_again_to_its_address(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-client-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "s", NULL);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path));
    Monitor monitor = {.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .peer = -1};
    assert_int_equal(bind(monitor.listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(monitor.listener, 1), 0);
    const QblkWaiter waiter = {.poll = serve, .user_data = &monitor};

    g_autoptr(GError) error = NULL;
    QblkClient *client = qblk_client_connect_with(path, 0, &waiter, &error);
    assert_no_error(error);
    assert_string_equal(qblk_client_get_address(client), path);
    hang_up(&monitor);
    while (qblk_client_process(client, POLLIN, NULL)) {
    }
    assert_int_equal(qblk_client_get_fd(client), -1);
    assert_true(qblk_client_reconnect(client, 0, &error));
    assert_null(qblk_client_get_error(client));
    assert_int_equal(monitor.clients, 2);

    /* A connection that has not failed is closed before, with its commands. */
    guint64 id = qblk_client_submit(client, "stop", NULL, 0, &error);
    char rest[64];
    monitor.has_greeted = FALSE;
    int before = monitor.peer;
    monitor.peer = -1;
    assert_true(qblk_client_reconnect(client, 0, &error));
    assert_int_equal(read(before, rest, sizeof(rest)), 0);
    QblkAnswer *answer = NULL;
    assert_false(qblk_client_take_answer(client, id, &answer, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "the client connects again");
    close(before);
    hang_up(&monitor);
    close(monitor.listener);
    qblk_client_unref(client);
    g_unlink(path);
    g_rmdir(directory);
}

static void
a_descriptor_is_not_connected_again(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[]");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    assert_false(qblk_client_reconnect(client, 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "again: a descriptor is one");
    g_autofree char *reply = qblk_client_execute(client, "query-jobs", NULL, 0, NULL);
    assert_string_equal(reply, "[]");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

/* A monitor whose backlog is full, and a program that connects its client meanwhile. */
typedef struct {
    Monitor monitor;
    QblkClient *client;
    int waiting; /* what fills the backlog */
} Crowd;

static int
connect_in_between(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    Crowd *crowd = user_data;
    if (crowd->waiting >= 0) {
        const QblkWaiter waiter = {.poll = serve, .user_data = &crowd->monitor};
        close(accept(crowd->monitor.listener, NULL, NULL));
        close(crowd->waiting);
        crowd->waiting = -1;
        qblk_client_set_waiter(crowd->client, &waiter);
        assert_true(qblk_client_reconnect(crowd->client, 0, NULL));
        qblk_client_set_waiter(crowd->client, NULL);
    }
    return poll(item, 1, 0);
}

/* QEMU would go on serving the first one, which is of no use. */
static void
of_two_connections_at_a_time_the_first_is_closed(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-client-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "s", NULL);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path));
    Crowd crowd = {
        .monitor = {.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .peer = -1}};
    int listener = crowd.monitor.listener;
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 0), 0);

    g_autoptr(GError) error = NULL;
    const QblkWaiter serving = {.poll = serve, .user_data = &crowd.monitor};
    const QblkWaiter crowded = {.poll = connect_in_between, .user_data = &crowd};
    crowd.client = qblk_client_connect_with(path, 0, &serving, &error);
    assert_no_error(error);
    hang_up(&crowd.monitor);
    crowd.waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(crowd.waiting, (struct sockaddr *)&name, sizeof(name)), 0);

    qblk_client_set_waiter(crowd.client, &crowded);
    assert_true(qblk_client_restart(crowd.client, path, 0, &error));
    assert_int_equal(crowd.waiting, -1);
    char rest[64];
    assert_int_equal(recv(crowd.monitor.peer, rest, sizeof(rest), MSG_DONTWAIT), 0);
    assert_false(qblk_client_is_ready(crowd.client));
    qblk_client_unref(crowd.client);
    hang_up(&crowd.monitor);
    close(listener);
    g_unlink(path);
    g_rmdir(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_connects_again_to_its_address),
        cmocka_unit_test(of_two_connections_at_a_time_the_first_is_closed),
        cmocka_unit_test(a_descriptor_is_not_connected_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
