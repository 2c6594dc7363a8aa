/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "source/source-url.h"

#include <qblk/error.h>

/* The options that @url stands for, "key=value" in order, as one text; NULL with an error. */
static char *
parse(const char *url, gboolean is_reported, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    gboolean is_parsed = is_reported ? qblk_source_url_parse_reported(url, options, error)
                                     : qblk_source_url_parse(url, options, error);

    if (!is_parsed) {
        return NULL;
    }

    GString *all = g_string_new(NULL);
    (void)qblk_source_options_take(options, "", "driver");
    (void)qblk_source_options_take(options, "", "path");
    g_autoptr(GPtrArray) keys = qblk_source_options_unused(options);
    const char *const first[] = {"driver", "path"};
    for (gsize i = 0; i < G_N_ELEMENTS(first); i++) {
        const char *value = qblk_source_options_take(options, "", first[i]);
        if (value != NULL) {
            g_string_append_printf(all, "%s=%s ", first[i], value);
        }
    }

    for (guint i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];
        g_string_append_printf(all, "%s=%s ", key, qblk_source_options_take(options, "", key));
    }

    return g_string_free(all, FALSE);
}

static void
a_url_means_the_same_as_its_options(void **state)
{
    static const struct {
        const char *url, *options;

    } cases[] = {
        {"nbd://h:1/a%20b", "driver=nbd export=a b server.host=h server.port=1 "},
        {"nbds+unix:///x?socket=%2Fs", "driver=nbd path=/s export=x tls-creds= "},
        {"iser://u%25@h/t/1", "driver=iscsi lun=1 portal=h target=t transport=iser "
                              "url-password= user=u "},
        {"gluster+rdma://h/v/p/q", "driver=gluster path=p/q server.0.host=h "
                                   "server.0.type=rdma volume=v "},
        {"ssh://u@h/p?host_key_check=no&x", "driver=ssh path=/p server.host=h user=u "},
        {"sheepdog://h/v#t", "driver=sheepdog server.host=h tag=t vdi=v "},
        {"ftps://h/p", "driver=ftps server.host=h url-path=p "},
        {"nfs://h/p?uid=1&debug=2", "driver=nfs path=/p debug=2 server.host=h user=1 "},
        {"nvme://0000:01:00.0", "driver=nvme device=0000:01:00.0 "},
        {"vxhs://h/id", "driver=vxhs server.host=h vdisk-id=id "},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *options = parse(cases[i].url, FALSE, &error);
        assert_no_error(error);
        assert_string_equal(options, cases[i].options);
    }
}

static void
a_secret_is_never_among_the_options(void **state)
{
    static const char *const urls[] = {
        "http://u:secret@h/p",     "http://h/p?a=1&password=secret&b=2",
        "http://h/p?a;key=secret", "http://h/p?%6bey=secret",
        "http://h/p?a;sig=secret", "http://h/p?X-Amz-Signature=secret&b=2",
        "iscsi://u%secret@h/t/1",  "ssh://u:secret@h/p"};

    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *options = parse(urls[i], FALSE, &error);
        assert_no_error(error);
        assert_null(strstr(options, "secret@"));
        assert_null(strstr(options, "=secret"));
        assert_true(strstr(options, QBLK_SOURCE_URL_PASSWORD "=") != NULL ||
                    strstr(options, QBLK_SOURCE_URL_QUERY_SECRET "=") != NULL);
    }
}

static void
reported_urls_are_not_percent_decoded(void **state)
{
    static const struct {
        const char *url, *options;

    } cases[] = {
        {"nbd://h:1/a%20b?c", "driver=nbd export=a%20b?c server.host=h server.port=1 "},
        {"nbd://h:1", "driver=nbd server.host=h server.port=1 "},
        {"nbd+unix:///a?socket=b?socket=/s%20", "driver=nbd path=/s%20 export=a?socket=b "},
        {"ssh://u@h:22/a?b", "driver=ssh path=/a?b server.host=h server.port=22 user=u "},
        {"ssh://a%20b@h:22/p", "driver=ssh path=/p server.host=h server.port=22 user=a%20b "},
        {"nfs://h/a?b?gid=2", "driver=nfs path=/a?b group=2 server.host=h "},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *options = parse(cases[i].url, TRUE, &error);
        assert_no_error(error);
        assert_string_equal(options, cases[i].options);
    }
}

static void
what_is_not_a_url_is_refused(void **state)
{
    static const struct {
        const char *url;
        int code;
        const char *part;

    } cases[] = {
        {"", QBLK_GRAPH_ERROR_SPEC, "not a URL"},
        {"path", QBLK_GRAPH_ERROR_SPEC, "not a URL"},
        {"nbd:", QBLK_GRAPH_ERROR_SPEC, "not a URL"},
        {"nbd://", QBLK_GRAPH_ERROR_SPEC, "missing host"},
        {"http+tcp://h/p", QBLK_GRAPH_ERROR_SPEC, "transport"},
        {"http://h/%00", QBLK_GRAPH_ERROR_SPEC, "%00"},
        {"http://%00@h/", QBLK_GRAPH_ERROR_SPEC, "%00"},
        {"nfs://h/p?x=1", QBLK_GRAPH_ERROR_SPEC, "parameter"},
        {"tftp://h/p", QBLK_GRAPH_ERROR_UNSUPPORTED, "'tftp'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(parse(cases[i].url, FALSE, &error));
        assert_error(error, QBLK_GRAPH_ERROR, cases[i].code, cases[i].part);
        assert_null(parse(cases[i].url, i < 4, &error));
        g_clear_error(&error);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_means_the_same_as_its_options),
        cmocka_unit_test(a_secret_is_never_among_the_options),
        cmocka_unit_test(reported_urls_are_not_percent_decoded),
        cmocka_unit_test(what_is_not_a_url_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
