/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/address.h"

#include "lib/check.h"

#include <qblk/error.h>

static void
each_form_of_address_is_read(void **state)
{
    static const struct {
        const char *text;
        QblkAddressKind kind;
        const char *path, *host, *port;
        int fd;
    } cases[] = {
        {"/run/vm.qmp", QBLK_ADDRESS_UNIX, "/run/vm.qmp", NULL, NULL, -1},
        {"./vm:1.qmp", QBLK_ADDRESS_UNIX, "./vm:1.qmp", NULL, NULL, -1},
        {"unix:vm.qmp", QBLK_ADDRESS_UNIX, "vm.qmp", NULL, NULL, -1},
        {"unix:tcp:x", QBLK_ADDRESS_UNIX, "tcp:x", NULL, NULL, -1},
        {"tcp:localhost:4444", QBLK_ADDRESS_TCP, NULL, "localhost", "4444", -1},
        {"tcp:127.0.0.1:1", QBLK_ADDRESS_TCP, NULL, "127.0.0.1", "1", -1},
        {"tcp:[fe80::1%eth0]:1", QBLK_ADDRESS_TCP, NULL, "fe80::1%eth0", "1", -1},
        {"tcp:[::1]:65535", QBLK_ADDRESS_TCP, NULL, "::1", "65535", -1},
        {"tcp/vm.qmp", QBLK_ADDRESS_UNIX, "tcp/vm.qmp", NULL, NULL, -1},
        {"fd:0", QBLK_ADDRESS_FD, NULL, NULL, NULL, 0},
        {"fd:2147483647", QBLK_ADDRESS_FD, NULL, NULL, NULL, G_MAXINT},
        {"fd:7", QBLK_ADDRESS_FD, NULL, NULL, NULL, 7},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkAddress) address = qblk_address_parse(cases[i].text, &error);
        assert_no_error(error);
        assert_int_equal(address->kind, cases[i].kind);
        assert_string_equal(address->text, cases[i].text);
        assert_int_equal(g_strcmp0(address->path, cases[i].path), 0);
        assert_int_equal(g_strcmp0(address->host, cases[i].host), 0);
        assert_int_equal(g_strcmp0(address->port, cases[i].port), 0);
        assert_int_equal(address->fd, cases[i].fd);
    }
}

static void
what_is_no_address_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "is none of PATH with a '/'"},
        {"vm.qmp", "address 'vm.qmp' is none of PATH with a '/'"},
        {"unix:", "has no path"},
        {"tcp:", "has no port"},
        {"tcp:host", "has no port"},
        {"tcp:[::1]", "has no port"},
        {"tcp::4444", "has no host"},
        {"tcp:[]:4444", "has no host"},
        {"tcp:::1:4444", "without brackets"},
        {"tcp:[::1]x:4444", "has no ']:'"},
        {"tcp:[::1:4444", "has no ']:'"},
        {"tcp:[:1", "has no ']:'"},
        {"tcp:host:-1", "has no port from 1 to 65535"},
        {"tcp:host:+1", "has no port from 1 to 65535"},
        {"tcp:host:0", "has no port from 1 to 65535"},
        {"tcp:host:65536", "has no port from 1 to 65535"},
        {"tcp:host:http", "has no port from 1 to 65535"},
        {"tcp:host: 1", "has no port from 1 to 65535"},
        {"tcp:host:", "has no port from 1 to 65535"},
        {"fd:", "has no descriptor number"},
        {"fd:-1", "has no descriptor number"},
        {"fd:1x", "has no descriptor number"},
        {"fd:2147483648", "has no descriptor number"},
        {"fd:99999999999", "has no descriptor number"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_address_parse(cases[i].text, &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, cases[i].part);
    }
}

static void
no_address_is_freed(void **state)
{
    qblk_address_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_address_is_read),
        cmocka_unit_test(what_is_no_address_is_refused_with_the_reason),
        cmocka_unit_test(no_address_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
