/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/libvirt-node.h"

#include "lib/check.h"

#include <qblk/snapshot.h>

static void
nodes_of_libvirt_have_their_number(void **state)
{
    static const struct {
        const char *name;
        gint64 index;
    } cases[] = {
        {"libvirt-1-format", 1},    {"libvirt-12-storage", 12},
        {"libvirt-3-slice-sto", 3}, {"libvirt-3-slice-storage", 3},
        {"libvirt-40-filter", 40},  {"libvirt-9223372036854775807-format", G_MAXINT64},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(qblk_libvirt_node_index(cases[i].name), cases[i].index);
    }
}

static void
other_nodes_have_no_number(void **state)
{
    static const char *const names[] = {
        NULL,
        "",
        "libvirt-",
        "libvirt--format",
        "libvirt-format",
        "libvirt-0-format",
        "libvirt-01-format",
        "libvirt-+1-format",
        "libvirt- 1-format",
        "libvirt-1",
        "libvirt-1-",
        "libvirt-1-formats",
        "libvirt-1-format2",
        "xlibvirt-1-format",
        "libvirt-CoR-vda",
        "libvirt-pflash0-storage",
        "libvirt-9223372036854775808-format",
        "libvirt-99999999999999999999-format",
        "#block123",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        gboolean copies_on_read = g_strcmp0(names[i], "libvirt-CoR-vda") == 0;
        assert_int_equal(qblk_libvirt_node_index(names[i]), QBLK_UNKNOWN);
        assert_int_equal(qblk_libvirt_node_is(names[i]), copies_on_read);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_of_libvirt_have_their_number),
        cmocka_unit_test(other_nodes_have_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
