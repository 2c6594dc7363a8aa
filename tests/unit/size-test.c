/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/size.h"

#include "lib/check.h"

#include <qblk/chain.h>

static void
sizes_are_written_in_binary_units(void **state)
{
    static const struct {
        gint64 bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1, "1 B"},
        {1023, "1023 B"},
        {1024, "1 KiB"},
        {1024 + 102, "1 KiB"},
        {1024 + 103, "1.1 KiB"},
        {1536, "1.5 KiB"},
        {G_GINT64_CONSTANT(1) << 20, "1 MiB"},
        {G_GINT64_CONSTANT(10) << 30, "10 GiB"},
        {G_GINT64_CONSTANT(3) << 40, "3 TiB"},
        {G_GINT64_CONSTANT(5) << 50, "5 PiB"},
        {G_GINT64_CONSTANT(1) << 60, "1 EiB"},
        {G_MAXINT64, "7.9 EiB"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = qblk_size_text(cases[i].bytes);
        assert_string_equal(text, cases[i].text);
    }
}

static void
a_size_is_never_rounded_up_to_the_next_whole(void **state)
{
    g_autofree char *mib = qblk_size_text((G_GINT64_CONSTANT(1) << 20) - 1);
    g_autofree char *gib = qblk_size_text((G_GINT64_CONSTANT(1) << 30) - 1);
    assert_string_equal(mib, "1023.9 KiB");
    assert_string_equal(gib, "1023.9 MiB");
}

static void
what_is_not_known_has_no_text(void **state)
{
    assert_null(qblk_size_text(QBLK_UNKNOWN));
    assert_null(qblk_size_text(G_MININT64));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_written_in_binary_units),
        cmocka_unit_test(a_size_is_never_rounded_up_to_the_next_whole),
        cmocka_unit_test(what_is_not_known_has_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
