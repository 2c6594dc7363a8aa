/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/bridge-peer.h"

#include "image/image-client.h"
#include "lib/check.h"
#include "lib/started-process.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER_USER 65534

/* A monitor of another process, which is served by this one while its client waits. */
typedef struct {
    char *directory, *path; /* owned */
    int listener, peer;
    pid_t pid;    /* of the process that listens */
    char *answer; /* owned: the member of the reply to qblk-query-peer */
    guint asked;  /* how often that was sent */
    GString *input;
} Bridge;

static void
send_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
reply(Bridge *bridge, const char *line)
{
    gboolean is_question = strstr(line, "qblk-query-peer") != NULL;
    const char *id = strstr(line, "\"id\":");

    assert_non_null(id);
    bridge->asked += is_question ? 1 : 0;
    g_autofree char *text =
        g_strdup_printf("{%s, %s\n", is_question ? bridge->answer : "\"return\": {}", id);
    send_text(bridge->peer, text);
}

static int
serve(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    Bridge *bridge = user_data;
    char bytes[512];
    if (bridge->peer < 0) {
        bridge->peer = accept4(bridge->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        send_text(bridge->peer, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, "
                                "\"major\": 7}, \"package\": \"\"}, \"capabilities\": []}}\n");
    }

    ssize_t count = read(bridge->peer, bytes, sizeof(bytes));
    if (count > 0) {
        g_string_append_len(bridge->input, bytes, count);
    }
    const char *end = strchr(bridge->input->str, '\n');
    for (; end != NULL; end = strchr(bridge->input->str, '\n')) {
        gssize length = end - bridge->input->str + 1;
        g_autofree char *line = g_strndup(bridge->input->str, (gsize)length - 1);
        g_string_erase(bridge->input, 0, length);
        reply(bridge, line);
    }
    return poll(item, 1, timeout_ms);
}

/* Returns: the pid of a process that listens on @listener (-1: none) as @user (0: this one) and
 * becomes a program that is called @name, which waits to be killed */
static pid_t
start_process(int listener, uid_t user, const char *name)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);

    pid_t pid = fork();
    if (pid == 0) {
        gboolean is_ready = user == 0 || setuid(user) == 0;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (is_ready && (listener < 0 || listen(listener, 1) == 0)) {
            (void)execl("/bin/sleep", name, "60", NULL);
        }
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* closed when the program is executed */
    close(ends[0]);
    started_process_wait(pid);
    return pid;
}

static void
end_process(pid_t pid)
{
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static QblkClient *
connect_to(Bridge *bridge, uid_t user, const char *program)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    *bridge = (Bridge){.peer = -1, .input = g_string_new(NULL)};
    bridge->directory = g_dir_make_tmp("qblk-bridge-XXXXXX", NULL);
    bridge->path = g_build_filename(bridge->directory, "s", NULL);
    memcpy(name.sun_path, bridge->path, strlen(bridge->path));
    bridge->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(bridge->listener, (struct sockaddr *)&name, sizeof(name)), 0);
    bridge->pid = start_process(bridge->listener, user, program);

    static QblkWaiter waiter;
    g_autoptr(GError) error = NULL;
    waiter = (QblkWaiter){.poll = serve, .user_data = bridge};
    QblkClient *client = qblk_client_connect_with(bridge->path, 0, &waiter, &error);
    assert_no_error(error);
    return client;
}

static void
disconnect(Bridge *bridge, QblkClient *client)
{
    qblk_client_unref(client);
    end_process(bridge->pid);
    close(bridge->peer);
    close(bridge->listener);
    g_unlink(bridge->path);
    g_rmdir(bridge->directory);
    g_free(bridge->directory);
    g_free(bridge->path);
    g_free(bridge->answer);
    g_string_free(bridge->input, TRUE);
}

static void
set_answer(Bridge *bridge, gint64 pid, gint64 start)
{
    g_free(bridge->answer);
    bridge->answer =
        g_strdup_printf("\"return\": {\"pid\": %" G_GINT64_FORMAT ", \"start\": %" G_GINT64_FORMAT
                        ", \"address\": \"/a\", \"read-only\": true, \"full\": \"/f\"}",
                        pid, start);
}

static void
a_bridge_names_the_process_of_qemu_once(void **state)
{
    Bridge bridge;
    QblkClient *client = connect_to(&bridge, 0, "qblk");
    pid_t qemu = start_process(-1, 0, "qemu-system-x86_64");

    set_answer(&bridge, qemu, qblk_process_start(qemu));
    assert_int_equal(qblk_client_get_process(client), qemu);
    const QblkClientBridge *known = qblk_bridge_peer_get(client);
    assert_true(known->is_there);
    assert_true(known->is_read_only);
    assert_string_equal(known->full, "/f");
    assert_int_equal(qblk_client_get_process(client), qemu);
    assert_int_equal(bridge.asked, 1);

    /* The next connection may lead to another process. */
    close(bridge.peer);
    bridge.peer = -1;
    set_answer(&bridge, bridge.pid, qblk_process_start(bridge.pid));
    assert_true(qblk_client_reconnect(client, 0, NULL));
    assert_int_equal(qblk_client_get_process(client), bridge.pid);
    assert_int_equal(bridge.asked, 2);

    end_process(qemu);
    disconnect(&bridge, client);
}

static void
the_question_is_sent_before_its_answer_is_needed(void **state)
{
    Bridge bridge;
    QblkClient *client = connect_to(&bridge, 0, "qblk");

    set_answer(&bridge, bridge.pid, qblk_process_start(bridge.pid));
    qblk_bridge_peer_ask(client);
    qblk_bridge_peer_ask(client);
    g_autofree char *text = qblk_client_execute(client, "query-status", NULL, 0, NULL);
    assert_non_null(text);
    assert_int_equal(bridge.asked, 1);
    qblk_client_set_waiter(client, NULL); /* the answer was received */
    assert_int_equal(qblk_client_get_process(client), bridge.pid);
    assert_int_equal(qblk_client_taken(client), qblk_client_arrived(client));
    disconnect(&bridge, client);
}

static void
the_process_of_a_relay_is_reported_as_before(void **state)
{
    Bridge bridge;
    QblkClient *client = connect_to(&bridge, 0, "socat");

    bridge.answer = g_strdup("\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"none\"}");
    assert_int_equal(qblk_client_get_process(client), bridge.pid);
    assert_false(qblk_bridge_peer_get(client)->is_there);
    assert_int_equal(bridge.asked, 1);
    disconnect(&bridge, client);
}

static void
qemu_is_not_asked(void **state)
{
    static const char *const names[] = {"qemu-system-x86_64", "/usr/bin/kvm",
                                        "qemu-storage-daemon"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        Bridge bridge;
        QblkClient *client = connect_to(&bridge, 0, names[i]);
        assert_int_equal(qblk_client_get_process(client), bridge.pid);
        assert_int_equal(bridge.asked, 0);
        disconnect(&bridge, client);
    }
}

static void
an_answer_that_cannot_be_true_is_not_believed(void **state)
{
    static const char *const answers[] = {
        "\"return\": {\"pid\": 2147483647, \"start\": 1}",
        "\"return\": {\"pid\": 1, \"start\": 0}",
        "\"return\": {\"pid\": -1, \"start\": -1}",
        "\"return\": {\"pid\": 1}",
        "\"return\": {\"pid\": \"1\", \"start\": \"1\"}",
        "\"return\": []",
        "\"return\": null",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(answers) + 1; i++) {
        Bridge bridge;
        QblkClient *client = connect_to(&bridge, 0, "qblk");
        if (i < G_N_ELEMENTS(answers)) {
            bridge.answer = g_strdup(answers[i]);
        } else { /* an earlier process of that number */
            set_answer(&bridge, bridge.pid, qblk_process_start(bridge.pid) + 1);
        }
        assert_int_equal(qblk_client_get_process(client), 0);
        assert_true(qblk_bridge_peer_get(client)->is_there);
        disconnect(&bridge, client);
    }
}

/* Only root can be another user. */
static void
another_user_names_no_process_of_root(void **state)
{
    Bridge bridge;
    uid_t other = geteuid() == 0 ? OTHER_USER : 0;
    QblkClient *client = connect_to(&bridge, other, "qblk");
    gboolean is_other = qblk_process_user(bridge.pid) != (gint64)geteuid();

    set_answer(&bridge, getpid(), qblk_process_start(getpid()));
    assert_int_equal(qblk_client_get_process(client), is_other ? 0 : getpid());
    disconnect(&bridge, client);

    client = connect_to(&bridge, other, "qblk");
    set_answer(&bridge, bridge.pid, qblk_process_start(bridge.pid));
    assert_int_equal(qblk_client_get_process(client), bridge.pid);
    disconnect(&bridge, client);
}

static void
a_bridge_sets_the_process_of_its_own_client(void **state)
{
    int pair[2];
    g_autoptr(GError) error = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    g_autoptr(QblkClient) client = qblk_client_start_fd(pair[0], 0, &error);
    assert_no_error(error);

    assert_int_equal(qblk_client_get_process(client), getpid());
    qblk_bridge_peer_set(client, 12);
    assert_int_equal(qblk_client_get_process(client), 12);
    close(pair[1]);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bridge_names_the_process_of_qemu_once),
        cmocka_unit_test(the_question_is_sent_before_its_answer_is_needed),
        cmocka_unit_test(the_process_of_a_relay_is_reported_as_before),
        cmocka_unit_test(qemu_is_not_asked),
        cmocka_unit_test(an_answer_that_cannot_be_true_is_not_believed),
        cmocka_unit_test(another_user_names_no_process_of_root),
        cmocka_unit_test(a_bridge_sets_the_process_of_its_own_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
