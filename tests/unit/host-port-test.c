/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/host-port.h"

#include "lib/check.h"

static void
a_host_may_have_a_port_and_brackets(void **state)
{
    static const struct {
        const char *text, *host, *port;
    } cases[] = {
        {"h", "h", NULL},
        {"h:1", "h", "1"},
        {"h:0", "h", "0"},
        {"127.0.0.1:65535", "127.0.0.1", "65535"},
        {"[::1]", "::1", NULL},
        {"[::1]:1", "::1", "1"},
        {"[fe80::1%eth0]:1", "fe80::1%eth0", "1"},
        {"::1", "::1", NULL},
        {"::1:10809", "::1", "10809"},
        {"2001:db8::1", "2001:db8::1", NULL},
        {"2001:db8:0:0:0:0:0:1:22", "2001:db8:0:0:0:0:0:1", "22"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(QblkHostPort) parts = {0};
        const char *reason = NULL;
        assert_true(qblk_host_port_parse(cases[i].text, &parts, &reason));
        assert_string_equal(parts.host, cases[i].host);
        assert_int_equal(g_strcmp0(parts.port, cases[i].port), 0);
        assert_null(reason);
    }
}

static void
an_invalid_host_or_port_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "missing host"},
        {":1", "missing host"},
        {"[]", "missing host"},
        {":", "missing host"},
        {"h:", QBLK_HOST_PORT_BAD_PORT},
        {"h:65536", QBLK_HOST_PORT_BAD_PORT},
        {"h:-1", QBLK_HOST_PORT_BAD_PORT},
        {"h:+1", QBLK_HOST_PORT_BAD_PORT},
        {"h:1x", QBLK_HOST_PORT_BAD_PORT},
        {"h: 1", QBLK_HOST_PORT_BAD_PORT},
        {"[::1]:x", QBLK_HOST_PORT_BAD_PORT},
        {"[::1]:", QBLK_HOST_PORT_BAD_PORT},
        {"a:b:1", "the host is neither a name nor an address"},
        {"::g", "the host is neither a name nor an address"},
        {"1:2:3", "the host is neither a name nor an address"},
        {"[::1", "the bracket is not closed"},
        {"[::1]x", "unexpected text after the bracket"},
        {"[h]", "no IPv6 address in the brackets"},
        {"[1]:1", "no IPv6 address in the brackets"},
        {"[:]:1", "no IPv6 address in the brackets"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        QblkHostPort parts = {0};
        const char *reason = NULL;
        assert_false(qblk_host_port_parse(cases[i].text, &parts, &reason));
        assert_string_equal(reason, cases[i].reason);
        assert_null(parts.host);
        assert_null(parts.port);
    }
}

static void
a_port_has_bounds(void **state)
{
    assert_true(qblk_host_port_is_port("0", 0));
    assert_false(qblk_host_port_is_port("0", 1));
    assert_true(qblk_host_port_is_port("65535", 1));
    assert_false(qblk_host_port_is_port("65536", 0));
    assert_false(qblk_host_port_is_port("", 0));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_may_have_a_port_and_brackets),
        cmocka_unit_test(an_invalid_host_or_port_is_refused_with_the_reason),
        cmocka_unit_test(a_port_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
