/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/cli-check.h"
#include "plan/backing-string.h"

#include <qblk/error.h>
#include <unistd.h>

/* A chain of files, each with the backing string of its header: "FILE STRING", top first. */
static QblkChain *
chain_of(const char *const *lines)
{
    QblkChain *chain = qblk_chain_new("vda");
    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 2);
        QblkLayer *layer = qblk_chain_layer_new();
        layer->filename = g_strdup(words[0]);
        layer->backing_name = g_strdup(words[1]);
        layer->position = i;
        g_ptr_array_add(chain->layers, layer);
    }
    return chain;
}

static char *
relative_name(const QblkChain *chain, GError **error)
{
    const GPtrArray *layers = chain->layers;
    return qblk_backing_string_relative(NULL, chain, layers->pdata[0],
                                        layers->pdata[layers->len - 1], error);
}

static void
names_are_joined_from_directory_to_directory(void **state)
{
    static const struct {
        const char *lines[4], *name;
    } cases[] = {
        {{"/a/top base", "/a/base"}, "base"},
        {{"/a/top ../b/middle", "/b/middle base", "/b/base"}, "../b/base"},
        {{"/a/top m/middle", "/a/m/middle ../base", "/a/base"}, "m/../base"},
        {{"/a/top ./base", "/a/base"}, "./base"},
        {{"/a/top x/with:colon", "/a/x/with:colon"}, "x/with:colon"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkChain) chain = chain_of(cases[i].lines);
        g_autofree char *name = relative_name(chain, &error);
        assert_no_error(error);
        assert_string_equal(name, cases[i].name);
    }
}

static void
what_is_not_relative_cannot_be_kept(void **state)
{
    static const struct {
        const char *lines[4], *part;
    } cases[] = {
        {{"/a/top /a/base", "/a/base"}, "'/a/base' of '/a/top' is not relative"},
        {{"/a/top json:{}", "/a/base"}, "'json:{}' of '/a/top' is not relative"},
        {{"/a/top nbd://h/x", "nbd://h/x"}, "not relative"},
        {{"/a/top middle", "/a/middle /a/base", "/a/base"},
         "'/a/base' of '/a/middle' is not relative"},
        {{"/a/top", "/a/base"}, "'/a/top' has no backing string"},
        {{"/a/top base", "/a/other"}, "does not lead to '/a/other'"},
        {{"/a/top ../base", "/a/base"}, "does not lead to '/a/base'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autoptr(QblkChain) chain = chain_of(cases[i].lines);
        assert_null(relative_name(chain, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, cases[i].part);
    }
}

static void
a_name_is_relative_to_its_directory(void **state)
{
    assert_true(qblk_backing_string_leads_to("/a/top", "base", "/a/base"));
    assert_true(qblk_backing_string_leads_to("/a/top", "../b/./base", "/b/base"));
    assert_true(qblk_backing_string_leads_to("/a/top", "/b/base", "/b//base"));
    assert_false(qblk_backing_string_leads_to("/a/top", "base", "/b/base"));
    assert_false(qblk_backing_string_leads_to("/a/top", "/b/base", "/a/base"));
    /* the file behind these is not known */
    assert_true(qblk_backing_string_leads_to("/a/top", "json:{}", "/a/base"));
    assert_true(qblk_backing_string_leads_to("/a/top", "nbd://h/x", "/a/base"));
    assert_true(qblk_backing_string_leads_to("/a/top", "base", "nbd://h/x"));
}

static void
a_link_of_either_kind_is_the_file_it_leads_to(void **state)
{
    char *directory = cli_check_directory();
    g_autofree char *file = g_build_filename(directory, "file", NULL);
    g_autofree char *other = g_build_filename(directory, "other", NULL);
    g_autofree char *hard = g_build_filename(directory, "hard", NULL);
    g_autofree char *soft = g_build_filename(directory, "soft", NULL);
    assert_true(g_file_set_contents(file, "x", 1, NULL));
    assert_true(g_file_set_contents(other, "x", 1, NULL));
    assert_int_equal(link(file, hard), 0);
    assert_int_equal(symlink("file", soft), 0);
    assert_true(qblk_backing_string_leads_to(file, "hard", file));
    assert_true(qblk_backing_string_leads_to(file, "soft", hard));
    assert_false(qblk_backing_string_leads_to(file, "other", file));
    assert_false(qblk_backing_string_leads_to(file, "'/a/top' has no backing string", file));
    cli_check_remove(directory);
}

static void
a_name_with_a_secret_on_the_way_cannot_be_kept(void **state)
{
    for (guint hidden = 1; hidden < 3; hidden++) {
        GError *error = NULL;
        g_autoptr(QblkChain) chain = chain_of(
            (const char *const[]){"/a/top m/middle", "/a/m/middle base", "/a/m/base", NULL});
        QblkLayer *layer = chain->layers->pdata[hidden];
        layer->had_secrets = TRUE;
        assert_null(relative_name(chain, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                     "contains a password");
    }
}

/* The layers: a file, an address on the network, a file with a relative name. */
static QblkChain *
chain_of_places(void)
{
    QblkChain *chain = chain_of((const char *const[]){"/a/base", "nbd://h/x", "sub/base", NULL});
    QblkLayer *file = chain->layers->pdata[0];
    QblkLayer *url = chain->layers->pdata[1];
    QblkLayer *relative = chain->layers->pdata[2];

    file->source = qblk_source_new(QBLK_SOURCE_FILE);
    url->source = qblk_source_new(QBLK_SOURCE_NETWORK);
    relative->source = qblk_source_new(QBLK_SOURCE_FILE);
    return chain;
}

static void
a_path_or_a_url_is_named_as_it_is(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = chain_of_places();
    g_autofree char *file = qblk_backing_string_absolute(NULL, chain->layers->pdata[0], &error);
    assert_no_error(error);
    assert_string_equal(file, "/a/base");
    g_autofree char *url = qblk_backing_string_absolute(NULL, chain->layers->pdata[1], &error);
    assert_no_error(error);
    assert_string_equal(url, "nbd://h/x");
}

static void
assert_refused(const QblkLayer *layer, const char *reason)
{
    GError *error = NULL;
    assert_null(qblk_backing_string_absolute(NULL, layer, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, reason);
}

static void
an_incomplete_path_is_not_written_to_a_header(void **state)
{
    g_autoptr(QblkChain) chain = chain_of_places();
    QblkLayer *file = chain->layers->pdata[0];

    file->had_secrets = TRUE;
    assert_refused(file, "contains a password");
    file->had_secrets = FALSE;
    g_free(file->source->slice_offset);
    file->source->slice_offset = g_strdup("512");
    assert_refused(file, "does not report a complete name");
    g_clear_pointer(&file->source->slice_offset, g_free);
    g_free(file->filename);
    file->filename = g_strdup("/a/gr\xef\xbf\xbd\xef\xbf\xbd"
                              "e");
    assert_refused(file, "not valid UTF-8");
    g_free(file->filename);
    g_autofree char *parts = g_strnfill(1023, 'x');
    file->filename = g_strconcat("/", parts, NULL);
    assert_refused(file, "has 1024 bytes");
    assert_refused(chain->layers->pdata[2], "working directory of QEMU");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_joined_from_directory_to_directory),
        cmocka_unit_test(what_is_not_relative_cannot_be_kept),
        cmocka_unit_test(a_name_is_relative_to_its_directory),
        cmocka_unit_test(a_link_of_either_kind_is_the_file_it_leads_to),
        cmocka_unit_test(a_name_with_a_secret_on_the_way_cannot_be_kept),
        cmocka_unit_test(a_path_or_a_url_is_named_as_it_is),
        cmocka_unit_test(an_incomplete_path_is_not_written_to_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
