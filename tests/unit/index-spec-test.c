/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/index-spec.h"
#include "lib/check.h"

static void
a_disk_and_an_index_are_parsed(void **state)
{
    static const struct {
        const char *text, *target;
        gint64 index;
    } cases[] = {
        {"vda", "vda", 0},
        {"vda[0]", "vda", 0},
        {"vda[2]", "vda", 2},
        {"sdab[10]", "sdab", 10},
        {"nvme0n1[1]", "nvme0n1", 1},
        {"vda[9223372036854775807]", "vda", G_MAXINT64},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkIndexSpec) spec = qblk_index_spec_parse(cases[i].text, &error);
        assert_no_error(error);
        assert_string_equal(spec->target, cases[i].target);
        assert_int_equal(spec->index, cases[i].index);
    }
}

static void
an_invalid_index_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "invalid layer '': it has no disk; specify a disk, as in vda, or a disk and an "
             "index, as in vda[2]"},
        {"[2]", "it has no disk"},
        {"[", "it has no disk"},
        {"vda]", "a disk cannot have that name"},
        {"vd]a[2]", "a disk cannot have that name"},
        {"/vda[2]", "a disk cannot have that name"},
        {"vda[2", "the bracket is not closed"},
        {"vda[", "the bracket is not closed"},
        {"vda[2]x", "text follows the bracket"},
        {"vda[2][3]", "text follows the bracket"},
        {"vda[2]]", "text follows the bracket"},
        {"vda[]", "the index is not a plain decimal number"},
        {"vda[02]", "the index is not a plain decimal number"},
        {"vda[00]", "the index is not a plain decimal number"},
        {"vda[ 2]", "the index is not a plain decimal number"},
        {"vda[2 ]", "the index is not a plain decimal number"},
        {"vda[+2]", "the index is not a plain decimal number"},
        {"vda[-1]", "the index is not a plain decimal number"},
        {"vda[0x2]", "the index is not a plain decimal number"},
        {"vda[x]", "the index is not a plain decimal number"},
        {"vda[[2]", "the index is not a plain decimal number"},
        {"vda[9223372036854775808]", "the index is too large"},
        {"vda[99999999999999999999999999]", "the index is too large"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_index_spec_parse(cases[i].text, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, cases[i].reason);
    }
}

static void
brackets_without_a_slash_are_recognized(void **state)
{
    assert_true(qblk_index_spec_has_brackets("vda[2]"));
    assert_true(qblk_index_spec_has_brackets("vda[]"));
    assert_true(qblk_index_spec_has_brackets("[2]"));
    assert_false(qblk_index_spec_has_brackets("vda"));
    assert_false(qblk_index_spec_has_brackets("vda[2"));
    assert_false(qblk_index_spec_has_brackets("vda[2]x"));
    assert_false(qblk_index_spec_has_brackets("/images/disk[2]"));
    assert_false(qblk_index_spec_has_brackets(""));
}

static void
a_node_prefix_or_a_slash_excludes_the_name_of_a_disk(void **state)
{
    assert_true(qblk_index_spec_is_node_or_path("node:vda"));
    assert_true(qblk_index_spec_is_node_or_path("node:a[2]"));
    assert_true(qblk_index_spec_is_node_or_path("images/disk[2]"));
    assert_true(qblk_index_spec_is_node_or_path("/"));
    assert_false(qblk_index_spec_is_node_or_path("vda"));
    assert_false(qblk_index_spec_is_node_or_path("vda[2]"));
    assert_false(qblk_index_spec_is_node_or_path("node"));
    assert_false(qblk_index_spec_is_node_or_path(""));
}

static void
freeing_nothing_is_allowed(void **state)
{
    qblk_index_spec_free(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_and_an_index_are_parsed),
        cmocka_unit_test(an_invalid_index_is_refused_with_a_reason),
        cmocka_unit_test(brackets_without_a_slash_are_recognized),
        cmocka_unit_test(a_node_prefix_or_a_slash_excludes_the_name_of_a_disk),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
