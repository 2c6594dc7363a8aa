/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "plan/mend-string.h"

#include <qblk/error.h>

/* A chain of two layers whose images have these names. */
static QblkChain *
chain_of(const char *upper, const char *lower)
{
    const char *const names[] = {upper, lower};
    QblkChain *chain = qblk_chain_new("vda");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->position = (guint)i;
        layer->filename = g_strdup(names[i]);
        layer->format = g_strdup("qcow2");
        g_ptr_array_add(chain->layers, layer);
    }
    return chain;
}

static char *
choose(const char *upper, const char *lower, const char *now, const char *given, gboolean is_image,
       GError **error)
{
    g_autoptr(QblkChain) chain = chain_of(upper, lower);
    const QblkMendString request = {
        .chain = chain,
        .upper = chain->layers->pdata[0],
        .lower = chain->layers->pdata[1],
        .now = now,
        .given = given,
        .is_image = is_image,
    };
    return qblk_mend_string_choose(&request, error);
}

static void
a_relative_name_stays_relative(void **state)
{
    static const struct {
        const char *upper, *lower, *now, *chosen;
    } rows[] = {
        {"/d/top", "/d/base", "gone", "base"},
        {"/d/top", "/d/base", "/gone", "/d/base"},
        {"/d/top", "/d/base", NULL, "/d/base"},
        {"/d/e/top", "/d/base", "gone", "../base"},
        {"/d/top", "/d/e/base", "./gone", "e/base"},
        {"/a/b/top", "/c/d/base", "gone", "../../c/d/base"},
        {"/top", "/base", "gone", "base"},
        {"/top", "/d/base", "gone", "d/base"},
        {"/d/top", "/base", "gone", "../base"},
        {"/d/top", "/d/nbd:base", "gone", "/d/nbd:base"}, /* a relative name would be a protocol */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = choose(rows[i].upper, rows[i].lower, rows[i].now, NULL, TRUE, NULL);
        assert_string_equal(name, rows[i].chosen);
    }
}

static void
a_file_that_is_not_known_is_not_named(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(choose("/d/top", "/d/base", "gone", NULL, FALSE, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "it is not known which file QEMU has open for '/d/base'");
}

static void
what_the_user_names_has_to_be_the_open_file(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = choose("/d/top", "/d/base", "gone", "/d/base", TRUE, NULL);
    assert_string_equal(name, "base");
    assert_null(choose("/d/top", "/d/base", "gone", "/d/other", TRUE, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "'/d/other' is not the file that QEMU has open below '/d/top'");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relative_name_stays_relative),
        cmocka_unit_test(a_file_that_is_not_known_is_not_named),
        cmocka_unit_test(what_the_user_names_has_to_be_the_open_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
