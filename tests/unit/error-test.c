/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/error.h>

#include "cli/exit-code.h"
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

/* ---- the enums of the header ---- */

static char *
read_file(const char *directory, const char *subdirectory, const char *name)
{
    g_autofree char *path =
        g_build_filename(getenv("QBLK_SOURCE_ROOT"), directory, subdirectory, name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    (void)!g_file_get_contents(path, &text, NULL, &error);
    assert_no_error(error);
    return text;
}

static char *
to_word(const char *constant)
{
    return g_strdelimit(g_ascii_strdown(constant, -1), "_", '-');
}

typedef void (*Check)(const char *domain, int code, const char *name, gpointer user_data);

/* Call @check for each code of each domain, with the names that follow from its constant.
 * Returns: the number of codes */
static guint
check_all(Check check, gpointer user_data)
{
    g_autofree char *header = read_file("include", "qblk", "error.h");
    g_autoptr(GRegex) row =
        g_regex_new("^    QBLK_([A-Z]+)_ERROR_([A-Z_]+),$", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autofree char *last = NULL;
    guint count = 0;
    int code = 0;

    for (g_regex_match(row, header, 0, &match); g_match_info_matches(match); count++) {
        g_autofree char *domain_constant = g_match_info_fetch(match, 1);
        g_autofree char *code_constant = g_match_info_fetch(match, 2);
        g_autofree char *domain = to_word(domain_constant);
        g_autofree char *name = to_word(code_constant);

        code = g_strcmp0(last, domain) == 0 ? code + 1 : 0;
        check(domain, code, name, user_data);
        g_free(last);
        last = g_steal_pointer(&domain);
        g_match_info_next(match, NULL);
    }
    return count;
}

static GError *
new_error(const char *domain, int code)
{
    g_autofree char *quark = g_strdup_printf("qblk_%s_error", domain);
    return g_error_new_literal(g_quark_from_string(quark), code, "m");
}

/* ---- names ---- */

static void
check_names(const char *domain, int code, const char *name, gpointer user_data)
{
    g_autoptr(GError) error = new_error(domain, code);
    assert_string_equal(qblk_error_domain_name(error), domain);
    assert_string_equal(qblk_error_code_name(error), name);
    g_hash_table_insert(user_data, g_strdup(domain), GINT_TO_POINTER(code + 1));
}

static void
names_are_those_of_the_constants(void **state)
{
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    assert_in_range(check_all(check_names, counts), 42, 200);
    assert_int_equal(g_hash_table_size(counts), 6);

    GHashTableIter iter;
    gpointer domain, count;
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, &domain, &count)) {
        g_autoptr(GError) after = new_error(domain, GPOINTER_TO_INT(count));
        assert_null(qblk_error_code_name(after));
        after->code = -1;
        assert_null(qblk_error_code_name(after));
    }
}

static void
a_domain_of_another_library_has_no_names(void **state)
{
    g_autoptr(GError) error = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "m");
    assert_null(qblk_error_domain_name(error));
    assert_null(qblk_error_code_name(error));
}

/* ---- docs/json.md ---- */

static void
check_document(const char *domain, int code, const char *name, gpointer user_data)
{
    const char *text = user_data;
    g_autoptr(GError) error = new_error(domain, code);
    g_autofree char *row =
        g_strdup_printf("\n| `%s` | `%s` | %d | ", domain, name, qblk_exit_code(error));

    if (strstr(text, row) == NULL) {
        fail_msg("docs/json.md has no row %s", row + 1);
    }
}

static void
each_code_and_its_exit_status_are_documented(void **state)
{
    g_autofree char *text = read_file("docs", ".", "json.md");
    guint count = check_all(check_document, text);

    g_autoptr(GRegex) row =
        g_regex_new("^\\| `[a-z-]+` \\| `[a-z-]+` \\| [0-9] \\| ", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    guint rows = 0;
    for (g_regex_match(row, text, 0, &match); g_match_info_matches(match); rows++) {
        g_match_info_next(match, NULL);
    }
    /* Those of the command itself: usage, write, refused and failed. */
    assert_int_equal(rows, count + 4);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_constants),
        cmocka_unit_test(a_domain_of_another_library_has_no_names),
        cmocka_unit_test(each_code_and_its_exit_status_are_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
