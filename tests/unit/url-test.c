/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/url.h"

#include "lib/check.h"

#include <qblk/error.h>

/* Fails unless the parts of @text are "SCHEME TRANSPORT USER SERVER PATH QUERY FRAGMENT", with -
 * for NULL. */
static void
check_parts(const char *text, gboolean is_reported, const char *expected)
{
    g_auto(QblkUrl) url = {.text = text, .is_reported = is_reported};
    g_autoptr(GError) error = NULL;

    assert_true(qblk_url_split(&url, &error));
    const char *const parts[] = {url.scheme, url.transport, url.user,    url.server,
                                 url.path,   url.query,     url.fragment};
    g_autoptr(GString) all = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_string_append_printf(all, "%s%s", i == 0 ? "" : " ", parts[i] == NULL ? "-" : parts[i]);
    }
    assert_string_equal(all->str, expected);
}

static void
a_url_is_split_into_its_parts(void **state)
{
    static const struct {
        const char *url, *parts;
    } cases[] = {
        {"nbd://host", "nbd - - host  - -"},
        {"nbd+unix:///e?socket=/s", "nbd unix -  e socket=/s -"},
        {"ssh://me:secret@[::1]:22/a/b?q#f", "ssh - me [::1]:22 a/b q f"},
        {"iscsi://me%secret@host/t/1", "iscsi - me host t/1 - -"},
        {"http://a@b@host/c@d;e", "http - a@b host c@d;e - -"},
        {"http://host?q", "http - - host  q -"},
        {"http://h%6fst/%41%%4", "http - - host A%%4 - -"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_parts(cases[i].url, FALSE, cases[i].parts);
    }
    check_parts("nbd://host/%41", TRUE, "nbd - - host %41 - -");
}

static void
a_password_and_a_coded_slash_are_noted(void **state)
{
    g_auto(QblkUrl) url = {.text = "ssh://me:x@host/a%2fb"};
    g_auto(QblkUrl) without = {.text = "ssh://me@host"};
    g_autoptr(GError) error = NULL;

    assert_true(qblk_url_split(&url, &error));
    assert_true(url.has_password && url.has_path && url.has_coded_slash);
    assert_true(qblk_url_split(&without, &error));
    assert_false(without.has_password || without.has_path || without.has_coded_slash);
}

static void
the_path_of_a_reported_url_ends_at_a_mark_only(void **state)
{
    static const char *const marks[] = {"?uid=", "?gid=", NULL};
    static const struct {
        const char *url, *path, *query;
    } cases[] = {
        {"nfs://host/a?b#c", "a?b#c", NULL},
        {"nfs://host/a?b?uid=1", "a?b", "uid=1"},
        {"nfs://host/a?uid=1&gid=2", "a", "uid=1&gid=2"},
        {"nfs://host", "", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(QblkUrl) url = {.text = cases[i].url, .is_reported = TRUE};
        g_autoptr(GError) error = NULL;

        assert_true(qblk_url_split(&url, &error));
        qblk_url_set_reported_path(&url, marks);
        assert_string_equal(url.path, cases[i].path);
        assert_int_equal(g_strcmp0(url.query, cases[i].query), 0);
    }
}

static void
an_invalid_url_is_refused_and_not_named(void **state)
{
    static const char *const invalid[] = {"nbd:host", "", "ssh://me%00:secret@host/a",
                                          "ssh://ho%00st/a", "ssh://host/a%00"};

    for (gsize i = 0; i < G_N_ELEMENTS(invalid); i++) {
        g_auto(QblkUrl) url = {.text = invalid[i]};
        g_autoptr(GError) error = NULL;

        assert_false(qblk_url_split(&url, &error));
        assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC));
        assert_null(strstr(error->message, "secret"));
        assert_null(strstr(error->message, "host"));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_split_into_its_parts),
        cmocka_unit_test(a_password_and_a_coded_slash_are_noted),
        cmocka_unit_test(the_path_of_a_reported_url_ends_at_a_mark_only),
        cmocka_unit_test(an_invalid_url_is_refused_and_not_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
