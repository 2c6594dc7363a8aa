/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-dropped.h"

#include "lib/check.h"
#include "lib/source-check.h"
#include "source/source-url.h"

/* What is noted of @pairs, separated by "; "; the option "used" was used. */
static char *
dropped_texts(const char *const *pairs)
{
    g_autoptr(QblkSourceOptions) options = source_check_options(pairs);
    g_autoptr(QblkSource) source = qblk_source_new(QBLK_SOURCE_FILE);

    (void)qblk_source_options_take(options, "", "used");
    qblk_source_dropped_note(options, source);
    guint count = source->dropped->len;
    qblk_source_dropped_note(options, source);
    assert_int_equal(source->dropped->len, count);
    g_ptr_array_add(source->dropped, NULL);
    return g_strjoinv("; ", (char **)source->dropped->pdata);
}

static void
options_that_keep_the_bytes_are_not_noted(void **state)
{
    static const char *const pairs[] = {
        "used=x",
        "cache.direct=on",
        "server.keep-alive=on",
        "discard=unmap",
        "node-name=n",
        "pass-discard-other=on",
        "a.b.locking=auto",
        "empty=",
        "switch=off",
        "throttle-group=g",
        NULL,
    };
    g_autofree char *text = dropped_texts(pairs);
    assert_string_equal(text, "");
}

static void
what_changes_the_bytes_is_noted_in_order(void **state)
{
    static const char *const pairs[] = {"rw=on", "cached=on", "a.offset=512", "no=0", NULL};
    g_autofree char *text = dropped_texts(pairs);

    assert_string_equal(text, "the option 'a.offset'; the option 'cached'; the option 'no'; "
                              "the option 'rw'");
}

static void
secrets_are_noted_without_their_value(void **state)
{
    static const char *const pairs[] = {"a.password=hunter2", "cache.key=hunter2",
                                        "password=", "key-secret=sec0", NULL};
    g_autofree char *text = dropped_texts(pairs);

    assert_string_equal(text, "the secret 'a.password'; the secret 'cache.key'; "
                              "the option 'key-secret'; the secret 'password'");
}

static void
what_a_url_loses_is_described(void **state)
{
    static const struct {
        const char *pair, *text;

    } cases[] = {
        {QBLK_SOURCE_URL_PASSWORD "=", "the password in the URL"},
        {"file." QBLK_SOURCE_URL_PASSWORD "=hunter2", "the password in the URL"},
        {QBLK_SOURCE_URL_QUERY_SECRET "=x", "a secret in the query of the URL"},
        {"url-user=me", "the user in the URL"},
        {"file.unsent-query=a", "the query of the URL"},
        {"coded-slash=on", "an encoded slash in the path of the URL"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const pairs[] = {cases[i].pair, NULL};
        g_autofree char *text = dropped_texts(pairs);
        assert_string_equal(text, cases[i].text);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_keep_the_bytes_are_not_noted),
        cmocka_unit_test(what_changes_the_bytes_is_noted_in_order),
        cmocka_unit_test(secrets_are_noted_without_their_value),
        cmocka_unit_test(what_a_url_loses_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
