/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/enum.h"
#include "lib/check.h"

static const char *const names[] = {[0] = "zero", [2] = "two"};

static void
a_value_has_its_name(void **state)
{
    assert_string_equal(qblk_enum_name(names, G_N_ELEMENTS(names), 2), "two");
}

static void
a_value_outside_the_table_is_unknown(void **state)
{
    assert_string_equal(qblk_enum_name(names, G_N_ELEMENTS(names), 1), "unknown");
    assert_string_equal(qblk_enum_name(names, G_N_ELEMENTS(names), 3), "unknown");
    assert_string_equal(qblk_enum_name(names, G_N_ELEMENTS(names), -1), "unknown");
}

static void
a_name_has_its_value(void **state)
{
    int value = -1;
    assert_true(qblk_enum_value(names, G_N_ELEMENTS(names), "two", &value));
    assert_int_equal(value, 2);
}

static void
an_unknown_name_does_not_change_the_value(void **state)
{
    int value = 7;
    assert_false(qblk_enum_value(names, G_N_ELEMENTS(names), "three", &value));
    assert_false(qblk_enum_value(names, G_N_ELEMENTS(names), NULL, &value));
    assert_int_equal(value, 7);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_has_its_name),
        cmocka_unit_test(a_value_outside_the_table_is_unknown),
        cmocka_unit_test(a_name_has_its_value),
        cmocka_unit_test(an_unknown_name_does_not_change_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
