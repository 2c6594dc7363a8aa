/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/transport.h"

#include "lib/check.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <qblk/error.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TIMEOUT_MS 5000

static QblkAddress *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkAddress *address = qblk_address_parse(text, &error);
    assert_no_error(error);
    return address;
}

/* ---- connections ---- */

static int
make_directory(void **state)
{
    *state = g_dir_make_tmp("qblk-transport-XXXXXX", NULL);
    return *state == NULL ? -1 : 0;
}

static int
remove_directory(void **state)
{
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

/* A socket that listens at @name of the directory at @state; the directory is the working directory
 * meanwhile, because paths may be too long to bind. */
static int
listen_at(const char *directory, const char *name, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *before = g_get_current_dir();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(strlen(name) < sizeof(address.sun_path));
    memcpy(address.sun_path, name, strlen(name));
    assert_int_equal(g_chdir(directory), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(g_chdir(before), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static int
open_address(const char *text)
{
    g_autoptr(QblkAddress) address = parse(text);
    g_autoptr(GError) error = NULL;
    QblkSsh *ssh;
    int fd = qblk_transport_open(address, TIMEOUT_MS, NULL, &ssh, &error);
    assert_no_error(error);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    return fd;
}

static void
refuse(const char *text, int timeout_ms, int code, const char *part)
{
    g_autoptr(QblkAddress) address = parse(text);
    g_autoptr(GError) error = NULL;
    QblkSsh *ssh;
    assert_int_equal(qblk_transport_open(address, timeout_ms, NULL, &ssh, &error), -1);
    assert_null(ssh);
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

/* Bytes written to @fd come out of the connection that @listener accepts. */
static void
assert_connected(int fd, int listener)
{
    int peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    char byte = 0;
    assert_int_equal(qblk_transport_send(fd, "x", 1), 1);
    assert_int_equal(read(peer, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(peer);
}

static void
a_unix_socket_is_opened(void **state)
{
    g_autofree char *path = g_build_filename(*state, "s", NULL);
    int listener = listen_at(*state, "s", 1);
    int fd = open_address(path);
    assert_connected(fd, listener);
    close(fd);
    close(listener);
    g_unlink(path);
}

static void
a_path_longer_than_a_socket_name_is_opened(void **state)
{
    g_autofree char *part = g_strnfill(200, 'd');
    g_autofree char *directory = g_build_filename(*state, part, NULL);
    g_autofree char *path = g_build_filename(directory, "s", NULL);
    assert_int_equal(g_mkdir(directory, 0700), 0);
    int listener = listen_at(directory, "s", 1);
    int fd = open_address(path);
    assert_connected(fd, listener);
    close(fd);
    close(listener);
    g_unlink(path);
    refuse(path, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT,
           "No such file or directory: is the VM running");
    g_autofree char *name = g_strnfill(110, 's');
    g_autofree char *too_long = g_build_filename(directory, name, NULL);
    refuse(too_long, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT, "File name too long");
    g_rmdir(directory);
}

static void
a_failed_connection_reports_a_remedy(void **state)
{
    g_autofree char *path = g_build_filename(*state, "s", NULL);
    g_autofree char *missing = g_strdup_printf("cannot connect to '%s': No such file", path);
    refuse(path, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT, missing);
    refuse(path, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT, "is the VM running");
    close(listen_at(*state, "s", 1));
    refuse(path, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT,
           "Connection refused: no process listens on it");
    g_unlink(path);
    assert_true(g_file_set_contents(path, "", 0, NULL));
    refuse(path, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT, "it is not a socket");
    g_unlink(path);
}

static void
a_full_backlog_means_a_busy_monitor(void **state)
{
    g_autofree char *path = g_build_filename(*state, "s", NULL);
    int listener = listen_at(*state, "s", 0);
    int first = open_address(path);
    refuse(path, 20, QBLK_QMP_ERROR_BUSY, "other clients probably wait for this monitor");
    close(first);
    close(listener);
    g_unlink(path);
}

/* A waiter that makes room in the backlog while it is waited for. */
typedef struct {
    int listener;
    int *accepted;
    guint calls;
    int result;
} Room;

static int
make_room(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    Room *room = user_data;
    assert_int_equal(item->fd, -1);
    assert_true(timeout_ms > 0 && timeout_ms < TIMEOUT_MS);
    if (room->calls++ == 1) {
        *room->accepted = accept(room->listener, NULL, NULL);
    }
    return room->result;
}

static void
a_full_backlog_is_waited_for_by_the_waiter(void **state)
{
    g_autofree char *path = g_build_filename(*state, "s", NULL);
    int listener = listen_at(*state, "s", 0);
    int first = open_address(path);
    int accepted = -1;
    Room room = {.listener = listener, .accepted = &accepted};
    const QblkWaiter waiter = {.poll = make_room, .user_data = &room};
    g_autoptr(QblkAddress) address = parse(path);
    g_autoptr(GError) error = NULL;
    QblkSsh *ssh;
    int fd = qblk_transport_open(address, TIMEOUT_MS, &waiter, &ssh, &error);
    assert_no_error(error);
    assert_int_equal(room.calls, 2);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);

    /* One that can no longer wait ends the attempt. */
    room.result = -ECANCELED;
    assert_int_equal(qblk_transport_open(address, TIMEOUT_MS, &waiter, &ssh, &error), -1);
    assert_int_equal(room.calls, 3);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, g_strerror(ECANCELED));
    close(fd);
    close(accepted);
    close(first);
    close(listener);
    g_unlink(path);
}

static int
listen_tcp(int family, int *port)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
    if (fd < 0 || bind(fd, address, size) < 0) {
        return -1;
    }
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, address, &size), 0);
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

static void
tcp_is_opened_by_name_and_by_number(void **state)
{
    /* localhost may mean ::1 first, where no process listens: the next address is tried. */
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        int port;
        int listener = listen_tcp(AF_INET, &port);
        assert_true(listener >= 0);
        g_autofree char *text = g_strdup_printf("tcp:%s:%d", hosts[i], port);
        int fd = open_address(text);
        assert_connected(fd, listener);
        close(fd);
        close(listener);
        refuse(text, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT, "no process listens there");
    }
}

static void
tcp_over_ipv6_is_opened(void **state)
{
    int port;
    int listener = listen_tcp(AF_INET6, &port);
    if (listener < 0) {
        return; /* a machine without IPv6 */
    }
    g_autofree char *text = g_strdup_printf("tcp:[::1]:%d", port);
    int fd = open_address(text);
    assert_connected(fd, listener);
    close(fd);
    close(listener);
}

static void
an_inherited_socket_is_used_as_it_is(void **state)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    g_autofree char *text = g_strdup_printf("fd:%d", ends[0]);
    assert_int_equal(open_address(text), ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static void
an_inherited_descriptor_that_is_not_a_connected_stream_is_not_closed(void **state)
{
    const struct {
        int fd;
        const char *part;
    } cases[] = {
        {open("/dev/null", O_RDONLY), "it is not a socket"},
        {socket(AF_UNIX, SOCK_DGRAM, 0), "it is not a stream socket"},
        {socket(AF_UNIX, SOCK_STREAM, 0), "it is not connected"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("fd:%d", cases[i].fd);
        refuse(text, TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT, cases[i].part);
        assert_false(fcntl(cases[i].fd, F_GETFL) & O_NONBLOCK);
        assert_int_equal(close(cases[i].fd), 0);
    }
    refuse("fd:100000", TIMEOUT_MS, QBLK_QMP_ERROR_CONNECT, "Bad file descriptor");
}

static void
bytes_are_never_waited_for_and_no_signal_is_raised(void **state)
{
    int ends[2];
    char buffer[4096];
    gsize length = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(qblk_transport_receive(ends[0], buffer, sizeof(buffer), &length),
                     QBLK_TRANSPORT_NOTHING);
    memset(buffer, 'x', sizeof(buffer));
    gssize sent;
    do {
        sent = qblk_transport_send(ends[0], buffer, sizeof(buffer));
    } while (sent > 0);
    assert_int_equal(sent, 0);
    assert_int_equal(qblk_transport_receive(ends[1], buffer, 7, &length), QBLK_TRANSPORT_BYTES);
    assert_int_equal(length, 7);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    assert_int_equal(qblk_transport_receive(ends[0], buffer, 7, &length), QBLK_TRANSPORT_END);
    close(ends[1]);
    assert_int_equal(qblk_transport_send(ends[0], buffer, 1), -1);
    assert_int_equal(errno, EPIPE);
    close(ends[0]);
    assert_int_equal(qblk_transport_receive(ends[0], buffer, 1, &length), QBLK_TRANSPORT_FAILED);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unix_socket_is_opened),
        cmocka_unit_test(a_path_longer_than_a_socket_name_is_opened),
        cmocka_unit_test(a_failed_connection_reports_a_remedy),
        cmocka_unit_test(a_full_backlog_means_a_busy_monitor),
        cmocka_unit_test(a_full_backlog_is_waited_for_by_the_waiter),
        cmocka_unit_test(tcp_is_opened_by_name_and_by_number),
        cmocka_unit_test(tcp_over_ipv6_is_opened),
        cmocka_unit_test(an_inherited_socket_is_used_as_it_is),
        cmocka_unit_test(an_inherited_descriptor_that_is_not_a_connected_stream_is_not_closed),
        cmocka_unit_test(bytes_are_never_waited_for_and_no_signal_is_raised),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
