/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-server.h"

#include "lib/check.h"
#include "lib/source-check.h"

/* The servers, each "TRANSPORT HOST PORT SOCKET" with - for NULL. */
static char *
text_of(const QblkSource *source)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < source->hosts->len; i++) {
        const QblkSourceHost *host = source->hosts->pdata[i];
        const char *const words[] = {host->transport, host->name, host->port, host->socket};
        for (gsize j = 0; j < G_N_ELEMENTS(words); j++) {
            const char *space = j > 0 ? " " : i > 0 ? ", " : "";
            g_string_append_printf(text, "%s%s", space, words[j] == NULL ? "-" : words[j]);
        }
    }

    return g_string_free(text, FALSE);
}

typedef gboolean (*Read)(const QblkSourceParser *parser, GError **error);

static gboolean
add(const QblkSourceParser *parser, GError **error)
{
    return qblk_source_server_add(parser, error);
}

static gboolean
read_one(const QblkSourceParser *parser, GError **error)
{
    const char *path = qblk_source_parser_take(parser, "path");
    return qblk_source_server_read_one(parser, path, error);
}

/* The servers that @read makes of @pairs, which are separated by spaces, or NULL. */
static char *
servers(Read read, const char *pairs, GError **error)
{
    g_auto(GStrv) list = g_strsplit(pairs, " ", -1);
    g_autoptr(QblkSourceOptions) options = source_check_options((const char *const *)list);
    g_autoptr(QblkSource) source = qblk_source_new(QBLK_SOURCE_NETWORK);
    QblkSourceParser parser = {"nbd", "10809", "file.", options, source};
    return read(&parser, error) ? text_of(source) : NULL;
}

typedef struct {
    Read read;
    const char *pairs, *expected;
} Case;

static void
every_spelling_of_a_server_is_read(void **state)
{
    static const Case cases[] = {
        {add, "", ""},
        {add, "server.host=h", ""},
        {add, "file.server.host=h", "- h 10809 -"},
        {add, "file.server.type=inet file.server.host=h file.server.port=0", "- h 0 -"},
        {add, "file.server.type=rdma file.server.host=::1 file.server.port=65535",
         "rdma ::1 65535 -"},
        {add, "file.server.type=unix file.server.path=/s", "unix - - /s"},
        {add, "file.server.0.type=unix file.server.0.socket=/s", "unix - - /s"},
        {add, "file.server.1.host=b file.server.0.host=a", "- a 10809 -, - b 10809 -"},
        {add, "file.server.0.host=a file.server.2.host=c", "- a 10809 -"},
        {qblk_source_server_read, "file.server.0.host=a file.server.1.path=/s",
         "- a 10809 -, unix - - /s"},
        {read_one, "file.host=h file.port=1", "- h 1 -"},
        {read_one, "file.path=/s", "unix - - /s"},
        {read_one, "file.server.host=h", "- h 10809 -"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = servers(cases[i].read, cases[i].pairs, &error);
        assert_no_error(error);
        assert_string_equal(text, cases[i].expected);
    }
}

static void
a_server_that_lacks_something_is_refused_with_the_reason(void **state)
{
    static const Case cases[] = {
        {add, "file.server.type=inet", "driver 'nbd': a server has no host"},
        {add, "file.server.port=1", "a server has no host"},
        {add, "file.server.host=", "a server has no host"},
        {add, "file.server.path=", "missing path of the unix socket"},
        {add, "file.server.host=h file.server.port=65536",
         "option 'port' must be a number from 0 to 65535"},
        {add,
         "file.server.host=h file.server.port=", "option 'port' must be a number from 0 to 65535"},
        {add, "file.server.0.host=h file.server.1.port=1", "a server has no host"},
        {qblk_source_server_read, "server.host=h", "missing server"},
        {read_one, "", "missing server"},
        {read_one, "file.port=1", "a server has no host"},
        {read_one, "file.host=h file.path=/s", "more than one server"},
        {read_one, "file.host=h file.server.host=h", "more than one server"},
        {read_one, "file.server.0.host=a file.server.1.host=b", "more than one server"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(servers(cases[i].read, cases[i].pairs, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, cases[i].expected);
    }
}

static void
a_server_that_xml_cannot_express_is_unsupported(void **state)
{
    static const char *const types[] = {"vsock", "fd"};

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *pairs =
            g_strdup_printf("file.server.type=%s file.server.host=3", types[i]);
        g_autofree char *part = g_strdup_printf("a server of type '%s'", types[i]);
        assert_null(servers(add, pairs, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, part);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_server_is_read),
        cmocka_unit_test(a_server_that_lacks_something_is_refused_with_the_reason),
        cmocka_unit_test(a_server_that_xml_cannot_express_is_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
