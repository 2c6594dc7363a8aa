/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/activation.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <qblk/error.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- sockets ---- */

static const struct {
    const char *environment[4];
    const char *expected; /* "FD" or "FD:read-only" each; or the error */
} rows[] = {
    {{NULL}, ""},
    {{"LISTEN_PID=7", "LISTEN_FDS=1", NULL}, "3"},
    {{"LISTEN_PID=8", "LISTEN_FDS=1", NULL}, ""},
    {{"LISTEN_FDS=1", NULL}, ""},
    {{"LISTEN_PID=7", NULL}, ""},
    {{"LISTEN_PID=7", "LISTEN_FDS=2", "LISTEN_FDNAMES=read-only:qmp", NULL}, "3:read-only 4"},
    {{"LISTEN_PID=7", "LISTEN_FDS=0", NULL}, ""},
    {{"LISTEN_PID=7", "LISTEN_FDS=x", NULL}, "invalid environment variable LISTEN_FDS: 'x'"},
    {{"LISTEN_PID=-1", "LISTEN_FDS=1", NULL}, "invalid environment variable LISTEN_PID: '-1'"},
    {{"LISTEN_PID=7", "LISTEN_FDS=65", NULL}, "invalid environment variable LISTEN_FDS: '65'"},
    {{"LISTEN_PID=7", "LISTEN_FDS=2", "LISTEN_FDNAMES=qmp", NULL},
     "invalid environment variable LISTEN_FDNAMES: 'qmp'"},
    {{"LISTEN_PID=7", "LISTEN_FDS=1", "LISTEN_FDNAMES=vm1.socket", NULL},
     "cannot use the socket 'vm1.socket' of the service manager: set FileDescriptorName=qmp or "
     "FileDescriptorName=read-only in its unit"},
};

static char *
describe(const GArray *sockets, const GError *error)
{
    GString *text = g_string_new(error == NULL ? NULL : error->message);
    for (guint i = 0; sockets != NULL && i < sockets->len; i++) {
        const QblkActivatedSocket *entry = &g_array_index(sockets, QblkActivatedSocket, i);
        g_string_append_printf(text, "%s%d%s", i == 0 ? "" : " ", entry->fd,
                               entry->is_read_only ? ":read-only" : "");
    }
    return g_string_free(text, FALSE);
}

static void
sockets_of_the_service_manager_are_read(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) sockets = qblk_activation_read(rows[i].environment, 7, &error);
        g_autofree char *text = describe(sockets, error);
        assert_string_equal(text, rows[i].expected);
        assert_int_equal(sockets == NULL, error != NULL);
    }
}

/* ---- the state ---- */

static int
bind_manager(const struct sockaddr_un *address, gsize length)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)address, (socklen_t)length), 0);
    return fd;
}

static void
assert_received(int fd, const char *expected)
{
    char text[64] = "";
    assert_int_equal(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT), strlen(expected));
    assert_string_equal(text, expected);
    close(fd);
}

static void
the_state_is_sent_to_a_path_and_to_an_abstract_name(void **state)
{
    g_autofree char *path = test_directory_path("notify");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int fd = bind_manager(&address, sizeof(address));
    assert_true(qblk_activation_notify(path, "READY=1"));
    assert_received(fd, "READY=1");

    path[0] = '@';
    address.sun_path[0] = '\0';
    fd = bind_manager(&address, G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + strlen(path));
    assert_true(qblk_activation_notify(path, "STOPPING=1"));
    assert_received(fd, "STOPPING=1");
}

static void
without_a_service_manager_nothing_is_sent(void **state)
{
    g_autofree char *missing = test_directory_path("missing");
    g_autofree char *too_long = g_strnfill(200, '/');
    assert_false(qblk_activation_notify(NULL, "READY=1"));
    assert_false(qblk_activation_notify("", "READY=1"));
    assert_false(qblk_activation_notify("vsock:2:1", "READY=1"));
    assert_false(qblk_activation_notify(missing, "READY=1"));
    assert_false(qblk_activation_notify(too_long, "READY=1"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_of_the_service_manager_are_read),
        cmocka_unit_test_setup_teardown(the_state_is_sent_to_a_path_and_to_an_abstract_name,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(without_a_service_manager_nothing_is_sent,
                                        test_directory_set_up, test_directory_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
