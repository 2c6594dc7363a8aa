/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/name-list.h"

#include "lib/check.h"

static void
the_last_name_is_joined_by_a_word(void **state)
{
    static const char *const names[] = {"a", "b", "", "100%s"};
    static const char *const lists[] = {"", "a", "a and b", "a, b and ", "a, b,  and 100%s"};
    for (guint count = 0; count < G_N_ELEMENTS(lists); count++) {
        g_autofree char *list = qblk_name_list(names, count);
        assert_string_equal(list, lists[count]);
    }
}

static void
no_names_need_no_array(void **state)
{
    g_autofree char *list = qblk_name_list(NULL, 0);
    assert_string_equal(list, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_name_is_joined_by_a_word),
        cmocka_unit_test(no_names_need_no_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
