/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"

#include <qblk/version.h>

static void
the_library_has_the_version_of_its_headers(void **state)
{
    g_autofree char *headers =
        g_strdup_printf("%d.%d.%d", QBLK_MAJOR_VERSION, QBLK_MINOR_VERSION, QBLK_MICRO_VERSION);

    assert_string_equal(qblk_version(), headers);
}

static void
a_version_includes_the_earlier_ones(void **state)
{
    enum { MAJOR = QBLK_MAJOR_VERSION, MINOR = QBLK_MINOR_VERSION, MICRO = QBLK_MICRO_VERSION };

    assert_true(QBLK_CHECK_VERSION(MAJOR, MINOR, MICRO));
    assert_true(QBLK_CHECK_VERSION(MAJOR - 1, MINOR + 1, MICRO + 1));
    assert_true(QBLK_CHECK_VERSION(MAJOR, MINOR - 1, MICRO + 1));
    assert_true(QBLK_CHECK_VERSION(MAJOR, MINOR, MICRO - 1));
    assert_false(QBLK_CHECK_VERSION(MAJOR, MINOR, MICRO + 1));
    assert_false(QBLK_CHECK_VERSION(MAJOR, MINOR + 1, MICRO));
    assert_false(QBLK_CHECK_VERSION(MAJOR, MINOR + 1, MICRO - 1));
    assert_false(QBLK_CHECK_VERSION(MAJOR + 1, MINOR - 1, MICRO - 1));
}

static void
the_preprocessor_can_compare_versions(void **state)
{
#if QBLK_CHECK_VERSION(0, 1, 0) && !QBLK_CHECK_VERSION(999, 0, 0)
    gboolean is_compared = TRUE;
#else
    gboolean is_compared = FALSE;
#endif

    assert_true(is_compared);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_has_the_version_of_its_headers),
        cmocka_unit_test(a_version_includes_the_earlier_ones),
        cmocka_unit_test(the_preprocessor_can_compare_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
