/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/scaled-integer.h"

#include "lib/check.h"

#define MIB 1048576

static void
units_are_those_of_virsh(void **state)
{
    static const struct {
        const char *text;
        gint64 bytes;
    } cases[] = {
        {"0", 0},
        {"5", 5 * MIB},
        {"005", 5 * MIB},
        {"7b", 7},
        {"7byte", 7},
        {"7Bytes", 7},
        {"500k", 512000},
        {"500K", 512000},
        {"500KiB", 512000},
        {"500kib", 512000},
        {"500KB", 500000},
        {"5M", 5 * MIB},
        {"5m", 5 * MIB},
        {"5MiB", 5 * MIB},
        {"5MB", 5000000},
        {"2G", 2147483648},
        {"2GB", 2000000000},
        {"3T", 3298534883328},
        {"3TB", 3000000000000},
        {"1P", 1125899906842624},
        {"1PB", 1000000000000000},
        {"7E", 8070450532247928832},
        {"9EB", 9000000000000000000},
        {"9223372036854775807b", G_MAXINT64},
        {"8796093022207", 8796093022207 * MIB},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 bytes = -1;
        assert_true(qblk_scaled_integer_parse(cases[i].text, MIB, &bytes));
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void
what_is_no_number_of_bytes_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "M",
        "-1",
        "+1",
        "-1M",
        "1.5G",
        "1,5G",
        "5 M",
        " 5",
        "5M ",
        "5Mi",
        "5MiBs",
        "5MB/s",
        "5x",
        "5iB",
        "0x10",
        "1e6",
        "5 ",
        "5kk",
        "b",
        "8E",
        "10EB",
        "8796093022208",
        "9223372036854775808b",
        "99999999999999999999b",
        "100000000000000000000b",
        "5\xc2\xb5",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 bytes = -1;
        if (qblk_scaled_integer_parse(cases[i], MIB, &bytes)) {
            fail_msg("'%s' is %" G_GINT64_FORMAT, cases[i], bytes);
        }
        assert_int_equal(bytes, -1);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_those_of_virsh),
        cmocka_unit_test(what_is_no_number_of_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
