/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/input.h"

#include "lib/check.h"
#include "lib/cli-check.h"

#include <qblk/error.h>
#include <stdio.h>

enum { LIMIT = 1024 * 1024 };

static void
assert_refused(const char *file, const char *part)
{
    g_autoptr(GError) error = NULL;
    gsize length = 77;
    assert_null(qblk_input_read(file, LIMIT, &length, &error));
    assert_int_equal(length, 77);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, part);
}

static void
a_file_is_read_completely(void **state)
{
    enum { LENGTH = 200001 };
    char *directory = cli_check_directory();
    g_autofree char *path = g_build_filename(directory, "file", NULL);
    g_autofree char *bytes = g_malloc(LENGTH);
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    memset(bytes, '\0', LENGTH);
    bytes[LENGTH - 1] = 'e';
    assert_true(g_file_set_contents(path, bytes, LENGTH, NULL));
    g_autofree char *text = qblk_input_read(path, LIMIT, &length, &error);
    assert_no_error(error);
    assert_int_equal(length, LENGTH);
    assert_memory_equal(text, bytes, LENGTH);
    assert_int_equal(text[LENGTH], '\0');
    cli_check_remove(directory);
}

static void
an_empty_file_is_a_nul(void **state)
{
    gsize length = 77;
    g_autofree char *text = qblk_input_read("/dev/null", LIMIT, &length, NULL);
    assert_string_equal(text, "");
    assert_int_equal(length, 0);
}

static void
an_error_names_a_file_that_cannot_be_read(void **state)
{
    assert_refused("/nonexistent/qblk", "cannot read '/nonexistent/qblk': No such file");
    assert_refused("/", "cannot read '/': Is a directory");
    assert_refused("", "the name of the file is empty");
}

/* Reading 256 MiB takes too long for every run. */
static void
a_file_larger_than_the_limit_is_refused(void **state)
{
    assert_refused("/dev/zero", "cannot read '/dev/zero': it is larger than the limit of 1 MiB");
}

static int
copy_stdin(gconstpointer data)
{
    gsize length = 0;
    if (freopen(data, "r", stdin) == NULL) {
        return 2;
    }

    g_autoptr(GError) error = NULL;
    g_autofree char *text = qblk_input_read("-", LIMIT, &length, &error);
    printf("%s", text == NULL ? error->message : text);
    return text == NULL;
}

static void
a_dash_is_standard_input(void **state)
{
    char *directory = cli_check_directory();
    g_autofree char *path = g_build_filename(directory, "file", NULL);
    assert_true(g_file_set_contents(path, "content", -1, NULL));
    g_auto(CliCheckResult) good = cli_check_fork(copy_stdin, path);
    assert_string_equal(good.out, "content");
    g_auto(CliCheckResult) bad = cli_check_fork(copy_stdin, "/");
    assert_string_equal(bad.out, "cannot read 'standard input': Is a directory");
    cli_check_remove(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_completely),
        cmocka_unit_test(an_empty_file_is_a_nul),
        cmocka_unit_test(an_error_names_a_file_that_cannot_be_read),
        cmocka_unit_test(a_file_larger_than_the_limit_is_refused),
        cmocka_unit_test(a_dash_is_standard_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
