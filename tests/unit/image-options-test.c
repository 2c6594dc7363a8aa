/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-options.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <unistd.h>

static char *
save_key(void)
{
    char *path = test_directory_path("key");

    assert_true(g_file_set_contents(path, "secret", -1, NULL));
    return path;
}

static void
add(QblkImageOptions *options, const char *id, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("%s=%s", id, path);

    assert_true(qblk_image_options_add_secret(options, text, &error));
    assert_no_error(error);
}

static void
the_only_secret_is_the_key_of_each_image(void **state)
{
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();
    g_autofree char *key = save_key();
    g_autoptr(GError) error = NULL;

    assert_null(qblk_image_options_find_secret(options, "/a/disk.qcow2", &error));
    assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED));
    add(options, "k", key);
    const QblkImageSecret *secret = qblk_image_options_find_secret(options, "/a/disk.qcow2", NULL);
    assert_string_equal(secret->object, "k");
    assert_string_equal(secret->path, key);
}

static void
of_several_secrets_the_one_with_the_name_of_the_image_is_its_key(void **state)
{
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();
    g_autofree char *key = save_key();
    g_autoptr(GError) error = NULL;

    add(options, "disk.qcow2", key);
    add(options, "/a/other disk.qcow2", key);
    assert_string_equal(qblk_image_options_find_secret(options, "/b/disk.qcow2", NULL)->id,
                        "disk.qcow2");
    /* QEMU does not accept this id. */
    assert_string_equal(
        qblk_image_options_find_secret(options, "/a/other disk.qcow2", NULL)->object,
        "qblk-secret-2");
    assert_null(qblk_image_options_find_secret(options, "/b/other disk.qcow2", &error));
    assert_non_null(strstr(error->message, "'/b/other disk.qcow2'"));
}

static void
an_invalid_secret_is_refused_and_not_printed(void **state)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"hunter2", QBLK_GRAPH_ERROR_SPEC},
        {"=hunter2", QBLK_GRAPH_ERROR_SPEC},
        {"hunter2=", QBLK_GRAPH_ERROR_SPEC},
        {"k=/nowhere/key", QBLK_GRAPH_ERROR_FILE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkImageOptions) options = qblk_image_options_new();
        g_autoptr(GError) error = NULL;
        assert_false(qblk_image_options_add_secret(options, rows[i].text, &error));
        assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, rows[i].code));
        assert_null(strstr(error->message, "hunter2"));
    }
}

static void
two_secrets_cannot_have_one_id(void **state)
{
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();
    g_autofree char *key = save_key();
    g_autofree char *text = g_strconcat("k=", key, NULL);
    g_autoptr(GError) error = NULL;

    add(options, "k", key);
    assert_false(qblk_image_options_add_secret(options, text, &error));
    assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_only_secret_is_the_key_of_each_image),
        cmocka_unit_test(of_several_secrets_the_one_with_the_name_of_the_image_is_its_key),
        cmocka_unit_test(an_invalid_secret_is_refused_and_not_printed),
        cmocka_unit_test(two_secrets_cannot_have_one_id),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
