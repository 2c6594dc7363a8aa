/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/address.h"

#include "lib/check.h"

#include <qblk/error.h>
#include <string.h>

static void
each_form_of_address_is_read(void **state)
{
    static const struct {
        const char *text;
        QblkAddressKind kind;
        const char *path, *host, *port;
        int fd;
    } cases[] = {
        {"/run/vm.qmp", QBLK_ADDRESS_KIND_UNIX, "/run/vm.qmp", NULL, NULL, -1},
        {"./vm:1.qmp", QBLK_ADDRESS_KIND_UNIX, "./vm:1.qmp", NULL, NULL, -1},
        {"unix:vm.qmp", QBLK_ADDRESS_KIND_UNIX, "vm.qmp", NULL, NULL, -1},
        {"unix:tcp:x", QBLK_ADDRESS_KIND_UNIX, "tcp:x", NULL, NULL, -1},
        {"tcp:localhost:4444", QBLK_ADDRESS_KIND_TCP, NULL, "localhost", "4444", -1},
        {"tcp:127.0.0.1:1", QBLK_ADDRESS_KIND_TCP, NULL, "127.0.0.1", "1", -1},
        {"tcp:[fe80::1%eth0]:1", QBLK_ADDRESS_KIND_TCP, NULL, "fe80::1%eth0", "1", -1},
        {"tcp:[::1]:65535", QBLK_ADDRESS_KIND_TCP, NULL, "::1", "65535", -1},
        {"tcp/vm.qmp", QBLK_ADDRESS_KIND_UNIX, "tcp/vm.qmp", NULL, NULL, -1},
        {"fd:0", QBLK_ADDRESS_KIND_FD, NULL, NULL, NULL, 0},
        {"fd:2147483647", QBLK_ADDRESS_KIND_FD, NULL, NULL, NULL, G_MAXINT},
        {"fd:7", QBLK_ADDRESS_KIND_FD, NULL, NULL, NULL, 7},
        {"image:a.qcow2", QBLK_ADDRESS_KIND_IMAGE, "a.qcow2", NULL, NULL, -1},
        {"image:fd:7", QBLK_ADDRESS_KIND_IMAGE, "fd:7", NULL, NULL, -1},
        {"capture:/c.json", QBLK_ADDRESS_KIND_CAPTURE, "/c.json", NULL, NULL, -1},
        {"capture:-", QBLK_ADDRESS_KIND_CAPTURE, "-", NULL, NULL, -1},
        {"domain:vm.xml", QBLK_ADDRESS_KIND_DOMAIN, "vm.xml", NULL, NULL, -1},
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
an_invalid_address_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "invalid VM '': use PATH"},
        {"vm.qmp", "invalid VM 'vm.qmp': did you mean './vm.qmp'?"},
        {"unx:/run/vm.qmp", "invalid VM 'unx:/run/vm.qmp': use PATH"},
        {"unix:", "address 'unix:' has no path after the ':'"},
        {"image:", "address 'image:' has no path after the ':'"},
        {"capture:", "address 'capture:' has no path after the ':'"},
        {"domain:", "address 'domain:' has no path after the ':'"},
        {"ssh:", "address 'ssh:' is not ssh://[USER@]HOST[:PORT]/PATH"},
        {"ssh:host", "is not ssh://[USER@]HOST[:PORT]/PATH"},
        {"ssh://host", "is not ssh://[USER@]HOST[:PORT]/PATH"},
        {"ssh:///vm.qmp", "missing host"},
        {"ssh://host/", "has no path after the host"},
        {"ssh://host/%", "has a '%' without two hexadecimal digits"},
        {"ssh://host/%0g", "has a '%' without two hexadecimal digits"},
        {"ssh://host/a%00b", "or %00"},
        {"ssh://host/a%24%7Bb", "has a path with '${'"},
        {"ssh://@host/vm.qmp", "has no valid user"},
        {"ssh://-l@host/vm.qmp", "has no valid user"},
        {"ssh://%2Dl@host/vm.qmp", "has no valid user"},
        {"ssh://a%0Ab@host/vm.qmp", "has no valid user"},
        {"ssh://a;b@host/vm.qmp", "has no valid user"},
        {"ssh://a%5C@host/vm.qmp", "has no valid user"},
        {"ssh://a%@host/vm.qmp", "has no valid user"},
        {"ssh://-oProxyCommand=x/vm.qmp", "has no valid host"},
        {"ssh://a@-host/vm.qmp", "has no valid host"},
        {"ssh://`host`/vm.qmp", "has no valid host"},
        {"ssh://$host/vm.qmp", "has no valid host"},
        {"ssh://a b/vm.qmp", "has no valid host"},
        {"ssh://a\\b/vm.qmp", "has no valid host"},
        {"ssh://host:0/vm.qmp", "has no port from 1 to 65535"},
        {"ssh://host:/vm.qmp", "the port is not a number"},
        {"ssh://host:65536/vm.qmp", "the port is not a number"},
        {"ssh://::1/vm.qmp", "without brackets: ssh://[ADDRESS]/PATH"},
        {"ssh://[::1/vm.qmp", "the bracket is not closed"},
        {"qemu+ssh://host/system", "use ssh://HOST/PATH"},
        {"ch+ssh://host/system", "use ssh://HOST/PATH"},
        {"tcp:", "missing host"},
        {"tcp:host", "has no port"},
        {"tcp:[::1]", "has no port"},
        {"tcp::4444", "missing host"},
        {"tcp:[]:4444", "missing host"},
        {"tcp:::1:4444", "without brackets"},
        {"tcp:[::1]x:4444", "after the bracket"},
        {"tcp:[::1:4444", "the bracket is not closed"},
        {"tcp:[:1", "the bracket is not closed"},
        {"tcp:[vm]:1", "no IPv6 address"},
        {"tcp:host:-1", "the port is not a number"},
        {"tcp:host:+1", "the port is not a number"},
        {"tcp:host:0", "has no port from 1 to 65535"},
        {"tcp:host:65536", "the port is not a number"},
        {"tcp:host:http", "the port is not a number"},
        {"tcp:host: 1", "the port is not a number"},
        {"tcp:host:", "the port is not a number"},
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
an_address_of_ssh_has_a_user_a_host_a_port_and_a_path(void **state)
{
    static const struct {
        const char *text, *user, *host, *port, *path;
    } cases[] = {
        {"ssh://host/vm.qmp", NULL, "host", NULL, "/vm.qmp"},
        {"ssh://me@host:22/run/vm.qmp", "me", "host", "22", "/run/vm.qmp"},
        {"ssh://me@corp@host/vm.qmp", "me@corp", "host", NULL, "/vm.qmp"},
        {"ssh://corp%5Cme@host/vm.qmp", "corp\\me", "host", NULL, "/vm.qmp"},
        {"ssh://[::1]/vm.qmp", NULL, "::1", NULL, "/vm.qmp"},
        {"ssh://me@[fe80::1%eth0]:65535/x", "me", "fe80::1%eth0", "65535", "/x"},
        {"ssh://my-alias_1/a@b:c/%25%20%3a?d#e", NULL, "my-alias_1", NULL, "/a@b:c/% :?d#e"},
        {"ssh://host//run/vm.qmp", NULL, "host", NULL, "//run/vm.qmp"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkAddress) address = qblk_address_parse(cases[i].text, &error);
        assert_no_error(error);
        assert_int_equal(qblk_address_get_kind(address), QBLK_ADDRESS_KIND_SSH);
        assert_int_equal(g_strcmp0(qblk_address_get_user(address), cases[i].user), 0);
        assert_string_equal(qblk_address_get_host(address), cases[i].host);
        assert_int_equal(g_strcmp0(qblk_address_get_port(address), cases[i].port), 0);
        assert_string_equal(qblk_address_get_path(address), cases[i].path);
        assert_string_equal(qblk_address_get_text(address), cases[i].text);
    }
    assert_string_equal(qblk_address_kind_name(QBLK_ADDRESS_KIND_SSH), "ssh");
}

static void
a_password_is_refused_and_not_repeated(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(qblk_address_parse("ssh://me:secret@host/vm.qmp", &error));
    assert_null(strstr(error->message, "secret"));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "contains a password");
}

static void
a_descriptor_needs_no_text(void **state)
{
    g_autoptr(QblkAddress) address = qblk_address_new_fd(9);
    assert_int_equal(address->kind, QBLK_ADDRESS_KIND_FD);
    assert_int_equal(address->fd, 9);
    assert_string_equal(address->text, "fd:9");
}

static void
each_kind_has_its_properties(void **state)
{
    static const struct {
        const char *text;
        gboolean has_monitor, can_reconnect, is_local;
    } cases[] = {
        {"/run/vm.qmp", TRUE, TRUE, TRUE},
        {"unix:vm.qmp", TRUE, TRUE, TRUE},
        {"tcp:localhost:1", TRUE, TRUE, FALSE},
        {"ssh://host/vm.qmp", TRUE, TRUE, FALSE},
        {"fd:3", TRUE, FALSE, TRUE},
        {"image:a.qcow2", FALSE, FALSE, TRUE},
        {"domain:vm.xml", FALSE, FALSE, TRUE},
        {"capture:c.json", FALSE, FALSE, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkAddress) address = qblk_address_parse(cases[i].text, &error);
        assert_no_error(error);
        assert_int_equal(qblk_address_has_monitor(address), cases[i].has_monitor);
        assert_int_equal(qblk_address_can_reconnect(address), cases[i].can_reconnect);
        assert_int_equal(qblk_address_is_local(address), cases[i].is_local);
    }
}

static void
only_the_path_of_a_socket_becomes_absolute(void **state)
{
    g_autofree char *directory = g_get_current_dir();
    g_autofree char *here = g_build_filename(directory, "vm.qmp", NULL);
    const struct {
        const char *text, *absolute;
    } cases[] = {
        {"./vm.qmp", here},
        {"unix:vm.qmp", here},
        {"/run/vm.qmp", "/run/vm.qmp"},
        {"tcp:localhost:1", "tcp:localhost:1"},
        {"ssh://host/vm.qmp", "ssh://host/vm.qmp"},
        {"fd:3", "fd:3"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkAddress) address = qblk_address_parse(cases[i].text, &error);
        assert_no_error(error);
        g_autofree char *absolute = qblk_address_to_absolute(address);
        assert_string_equal(absolute, cases[i].absolute);
    }
}

static void
no_address_is_freed(void **state)
{
    qblk_address_unref(NULL);
}

static void
a_referenced_address_has_its_values(void **state)
{
    QblkAddress *address = qblk_address_parse("image:a.qcow2", NULL);
    g_autoptr(QblkAddress) reference = qblk_address_ref(address);
    qblk_address_unref(address);

    assert_int_equal(qblk_address_get_kind(reference), QBLK_ADDRESS_KIND_IMAGE);
    assert_string_equal(qblk_address_get_text(reference), "image:a.qcow2");
    assert_string_equal(qblk_address_get_path(reference), "a.qcow2");
    assert_string_equal(qblk_address_kind_name(qblk_address_get_kind(reference)), "image");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_address_is_read),
        cmocka_unit_test(an_invalid_address_is_refused_with_the_reason),
        cmocka_unit_test(an_address_of_ssh_has_a_user_a_host_a_port_and_a_path),
        cmocka_unit_test(a_password_is_refused_and_not_repeated),
        cmocka_unit_test(a_descriptor_needs_no_text),
        cmocka_unit_test(each_kind_has_its_properties),
        cmocka_unit_test(only_the_path_of_a_socket_becomes_absolute),
        cmocka_unit_test(no_address_is_freed),
        cmocka_unit_test(a_referenced_address_has_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
