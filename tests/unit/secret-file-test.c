/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/secret-file.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <qblk/error.h>
#include <string.h>
#include <sys/stat.h>

static void
secret_free(gpointer data)
{
    qblk_secret_file_free(data);
}

static void
an_assignment_has_an_id_and_a_path(void **state)
{
    g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func(secret_free);
    GError *error = NULL;

    assert_true(qblk_secret_file_add(secrets, "k=/d/key=1", &error));
    assert_true(qblk_secret_file_add(secrets, "disk.qcow2=key", &error));
    assert_string_equal(qblk_secret_file_find(secrets, "k")->path, "/d/key=1");
    assert_string_equal(qblk_secret_file_find(secrets, "disk.qcow2")->path, "key");
    assert_null(qblk_secret_file_find(secrets, "/d/key=1"));

    assert_false(qblk_secret_file_add(secrets, "k=/d/other", &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "two secrets");
    assert_int_equal(secrets->len, 2);
}

static void
what_may_be_the_secret_itself_is_not_printed(void **state)
{
    static const char *const assignments[] = {"hunter2", "=hunter2", "hunter2=", "", "="};

    for (gsize i = 0; i < G_N_ELEMENTS(assignments); i++) {
        g_autoptr(GPtrArray) secrets = g_ptr_array_new();
        g_autoptr(GError) error = NULL;
        assert_false(qblk_secret_file_add(secrets, assignments[i], &error));
        assert_true(g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT));
        assert_null(strstr(error->message, "hunter2"));
    }
}

static void
ids_of_objects_are_those_of_qemu(void **state)
{
    static const char *const valid[] = {"k", "Key-1", "a.b_c"};
    static const char *const invalid[] = {"", "1k", "-k", "a b", "a/b", "a,b", "\xc3\xa9"};

    for (gsize i = 0; i < G_N_ELEMENTS(valid); i++) {
        assert_true(qblk_secret_file_is_object_id(valid[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(invalid); i++) {
        assert_false(qblk_secret_file_is_object_id(invalid[i]));
    }
}

static void
only_a_regular_file_is_read(void **state)
{
    g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func(secret_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(test_directory(), "pipe", NULL);
    g_autofree char *pipe_of = g_strconcat("k=", path, NULL);
    assert_int_equal(mkfifo(path, 0600), 0);

    assert_false(qblk_secret_file_add(secrets, pipe_of, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "it is not a regular file");
    g_clear_error(&error);
    assert_false(qblk_secret_file_add(secrets, "k=/", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "it is a directory");
    g_clear_error(&error);
    assert_true(qblk_secret_file_add(secrets, "k=/nonexistent/on-this-machine", &error));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assignment_has_an_id_and_a_path),
        cmocka_unit_test(what_may_be_the_secret_itself_is_not_printed),
        cmocka_unit_test(ids_of_objects_are_those_of_qemu),
        cmocka_unit_test(only_a_regular_file_is_read),
    };

    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
