/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/listeners.h"

#include "lib/check.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Tables as of Linux 6.1, of a little-endian machine. */
static const char unix_table[] =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/a b.sock\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 12 /run/of-another.sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 13 /run/connected.sock\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01    14 @hidden\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 15\n"
    "0000000000000000: 00000002 0000\n";

static const char tcp_table[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:2A39 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 11 1\n"
    "   1: 00000000:2A3A 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 13 1\n"
    "   2: 00000000:2A3B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 12 1\n"
    "   3: 0100007F:2A3C 0100007F:2A39 01 00000000:00000000 00:00000000 00000000  0        0 14 1\n"
    "   4: 010000:2A3D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 11 1\n"
    "   5: 09030201:2A3E 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 11 "
    "1\n";

static const char tcp6_table[] =
    "   0: 00000000000000000000000001000000:2A40 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 11 1 0\n"
    "   1: 00000000000000000000000000000000:2A41 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 11 1 0\n";

static GHashTable *
own_sockets(void)
{
    static const char *const names[] = {"socket:[11]", "socket:[13]", "socket:[14]", "socket:[15]"};
    GHashTable *own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_hash_table_add(own, g_strdup(names[i]));
    }
    return own;
}

static gboolean
has_path(const QblkListeners *listeners, const char *path)
{
    const GPtrArray *paths = qblk_listeners_paths(listeners);

    for (guint i = 0; i < paths->len; i++) {
        if (g_str_equal(paths->pdata[i], path)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
the_unix_sockets_that_a_process_listens_on_are_found(void **state)
{
    g_autoptr(QblkListeners) listeners = qblk_listeners_new();
    g_autoptr(GHashTable) own = own_sockets();

    qblk_listeners_add_unix(listeners, unix_table, own);
    const GPtrArray *paths = qblk_listeners_paths(listeners);
    assert_int_equal(paths->len, 2);
    assert_string_equal(paths->pdata[0], "/run/a b.sock");
    assert_string_equal(paths->pdata[1], "@hidden");
}

static void
an_address_is_compared_with_the_tcp_sockets_of_a_process(void **state)
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    static const struct {
        const char *host, *port;
        gboolean is_own;
    } rows[] = {
        {"127.0.0.1", "10809", TRUE},
        {"localhost", "10809", TRUE},
        {"LocalHost", "10809", TRUE},
        {"", "10809", TRUE},
        {"127.1", "10809", TRUE},
        {"0.0.0.0", "10809", TRUE},
        {"::ffff:127.0.0.1", "10809", TRUE},
        {"127.0.0.2", "10809", FALSE},
        {"::1", "10809", FALSE},
        {"192.0.2.1", "10809", FALSE},
        {"server.example", "10809", FALSE},
        {"127.0.0.1", "", FALSE},
        {"127.0.0.1", "x", FALSE},
        /* each IPv4 address of this machine */
        {"127.0.0.1", "10810", TRUE},
        {"127.0.0.2", "10810", TRUE},
        {"192.0.2.1", "10810", FALSE},
        {"::1", "10810", FALSE},
        /* of another process, a connection, not an address */
        {"127.0.0.1", "10811", FALSE},
        {"127.0.0.1", "10812", FALSE},
        {"127.0.0.1", "10813", FALSE},
        /* one address */
        {"1.2.3.9", "10814", TRUE},
        {"127.0.0.1", "10814", FALSE},
        {"localhost", "10814", FALSE},
        /* IPv6 */
        {"::1", "10816", TRUE},
        {"localhost", "10816", TRUE},
        {"127.0.0.1", "10816", FALSE},
        {"::1", "10817", TRUE},
        {"::", "10817", TRUE},
        {"127.0.0.1", "10817", TRUE},
        {"2001:db8::1", "10817", FALSE},
    };
    g_autoptr(QblkListeners) listeners = qblk_listeners_new();
    g_autoptr(GHashTable) own = own_sockets();
    qblk_listeners_add_tcp(listeners, tcp_table, own);
    qblk_listeners_add_tcp(listeners, tcp6_table, own);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (qblk_listeners_has_address(listeners, rows[i].host, rows[i].port) != rows[i].is_own) {
            fail_msg("%s:%s", rows[i].host, rows[i].port);
        }
    }
#endif
}

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void
the_sockets_of_this_process_are_found_and_not_connected_to(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("listeners-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "a b", NULL);
    assert_int_equal(qblk_listeners_probe(path), ENOENT);

    int fd = listen_at(path);
    assert_int_equal(qblk_listeners_probe(path), 0);
    assert_int_equal(accept(fd, NULL, NULL), -1);

    g_autoptr(QblkListeners) listeners = qblk_listeners_find(getpid());
    assert_true(has_path(listeners, path));
    g_autoptr(QblkListeners) none = qblk_listeners_find(0);
    assert_int_equal(qblk_listeners_paths(none)->len, 0);
    assert_false(qblk_listeners_has_address(none, "127.0.0.1", "10809"));

    close(fd);
    assert_int_equal(qblk_listeners_probe(path), ECONNREFUSED);
    (void)g_unlink(path);
    assert_true(g_file_set_contents(path, "", 0, NULL));
    assert_int_equal(qblk_listeners_probe(path), ECONNREFUSED);
    (void)g_unlink(path);
    g_autofree char *long_name = g_strnfill(200, 'x');
    assert_int_equal(qblk_listeners_probe(long_name), 0);
    (void)g_rmdir(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_unix_sockets_that_a_process_listens_on_are_found),
        cmocka_unit_test(an_address_is_compared_with_the_tcp_sockets_of_a_process),
        cmocka_unit_test(the_sockets_of_this_process_are_found_and_not_connected_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
