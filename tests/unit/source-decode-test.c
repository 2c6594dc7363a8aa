/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/source-rows.h"
#include "source/source-decode.h"

static void
every_row_of_the_table_is_decoded_as_specified(void **state)
{
    g_autoptr(GPtrArray) rows = source_rows_load();
    guint failures = 0;

    for (guint i = 0; i < rows->len; i++) {
        const SourceRow *row = rows->pdata[i];
        g_auto(QblkSourceDecoded) decoded = {0};
        g_autoptr(GError) error = NULL;
        gboolean is_decoded = qblk_source_decode(row->name, &decoded, &error);
        if (is_decoded) {
            assert_null(row->error);
            assert_string_equal(row->format == NULL ? "" : row->format,
                                decoded.format == NULL ? "" : decoded.format);
            continue;
        }

        assert_null(row->xml);
        assert_null(decoded.source);
        assert_true(error->domain == QBLK_GRAPH_ERROR);
        assert_int_equal(error->code,
                         row->error != NULL ? QBLK_GRAPH_ERROR_SPEC : QBLK_GRAPH_ERROR_UNSUPPORTED);
        failures++;
    }

    assert_true(failures > 100);
}

/* ---- random names ---- */

static char *
mutate(const GPtrArray *rows, const char *name, GRand *rand)
{
    static const char bytes[] = ":/?#@[]%+&;=,.\\{}\"'0a \n\x01\x7f\xff";
    GString *text = g_string_new(name);

    for (gint i = g_rand_int_range(rand, 1, 4); i > 0; i--) {
        gssize at = g_rand_int_range(rand, 0, (gint32)text->len + 1);
        gssize length = g_rand_int_range(rand, 0, (gint32)(text->len - (gsize)at) + 1);
        const SourceRow *other = rows->pdata[g_rand_int_range(rand, 0, (gint32)rows->len)];
        gsize from = strlen(other->name);
        from = from == 0 ? 0 : (gsize)g_rand_int_range(rand, 0, (gint32)from);
        switch (g_rand_int_range(rand, 0, 4)) {
        case 0:
            g_string_insert_c(text, at, bytes[g_rand_int_range(rand, 0, sizeof bytes - 1)]);
            break;
        case 1:
            g_string_erase(text, at, MIN(length, 4));
            break;
        case 2:
            g_string_truncate(text, (gsize)at);
            g_string_append(text, other->name + from);
            break;
        default:
            g_string_insert(text, at, other->name + from);
            break;
        }
    }

    return g_string_free(text, FALSE);
}

static void
any_name_is_decoded_or_refused(void **state)
{
    g_autoptr(GPtrArray) rows = source_rows_load();
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    static const char *const drivers[] = {"file", "host_device", "nbd",  "ssh",   "nfs",
                                          "http", "rbd",         "json", "quorum"};
    guint decoded_names = 0;

    for (guint i = 0; i < rows->len * 15; i++) {
        const SourceRow *row = rows->pdata[i % rows->len];
        g_autofree char *name = mutate(rows, row->name, rand);
        g_auto(QblkSourceDecoded) decoded = {0};
        g_autoptr(GError) error = NULL, node_error = NULL;
        gboolean is_decoded = qblk_source_decode(name, &decoded, &error);
        assert_int_equal(is_decoded, error == NULL);
        assert_int_equal(is_decoded, decoded.source != NULL);
        decoded_names += is_decoded ? 1 : 0;
        g_autoptr(QblkSource) source =
            qblk_source_decode_node(drivers[i % G_N_ELEMENTS(drivers)], name, &node_error);
        assert_int_equal(source != NULL, node_error == NULL);
    }

    assert_true(decoded_names > rows->len);
}

/* ---- limits ---- */

static char *
nested_name(guint depth)
{
    GString *text = g_string_new("json:");

    for (guint i = 0; i < depth; i++) {
        g_string_append(text, "{\"driver\":\"raw\",\"file\":");
    }

    g_string_append(text, "{\"driver\":\"file\",\"filename\":\"/a\"}");
    for (guint i = 0; i < depth; i++) {
        g_string_append_c(text, '}');
    }

    return g_string_free(text, FALSE);
}

static void
nesting_is_bounded(void **state)
{
    static const struct {
        guint depth;
        gboolean is_taken;

    } cases[] = {{1, TRUE}, {30, TRUE}, {40, FALSE}, {1900, FALSE}, {100000, FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = nested_name(cases[i].depth);
        g_auto(QblkSourceDecoded) decoded = {0};
        g_autoptr(GError) error = NULL;
        assert_int_equal(qblk_source_decode(name, &decoded, &error), cases[i].is_taken);
    }
}

static void
long_names_are_not_truncated(void **state)
{
    g_autofree char *letters = g_strnfill(1 << 20, 'a');
    static const char *const forms[] = {"/%s", "nbd://h/%s", "http://h/%s?%s", "rbd:p/%s",
                                        "json:{'driver':'file','filename':'/%s'}"};

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_auto(GStrv) parts = g_strsplit(forms[i], "%s", -1);
        g_autofree char *name = g_strjoinv(letters, parts);
        g_auto(QblkSourceDecoded) decoded = {0};
        g_autoptr(GError) error = NULL;
        assert_true(qblk_source_decode(name, &decoded, &error));
        const char *value =
            decoded.source->path != NULL ? decoded.source->path : decoded.source->name;
        assert_true(strlen(value) >= 1 << 20);
    }
}

static void
a_long_list_of_servers_is_complete(void **state)
{
    GString *text = g_string_new("json:{\"driver\":\"gluster\",\"volume\":\"v\",\"path\":\"p\","
                                 "\"server\":[{\"type\":\"inet\",\"host\":\"h\"}");

    for (guint i = 1; i < 500; i++) {
        g_string_append(text, ",{\"type\":\"inet\",\"host\":\"h\"}");
    }

    g_string_append(text, "]}");
    g_autofree char *name = g_string_free(text, FALSE);
    g_auto(QblkSourceDecoded) decoded = {0};
    g_autoptr(GError) error = NULL;
    assert_true(qblk_source_decode(name, &decoded, &error));
    assert_int_equal(decoded.source->hosts->len, 500);
    assert_int_equal(decoded.source->dropped->len, 0);
}

/* ---- nodes ---- */

/* The name or path, and the first host, as one text. */
static char *
describe(const QblkSource *source)
{
    const QblkSourceHost *host = source->hosts->len > 0 ? source->hosts->pdata[0] : NULL;

    return g_strdup_printf("%s %s %s %s", source->path != NULL ? source->path : source->name,
                           host != NULL && host->name != NULL ? host->name : "-",
                           host != NULL && host->port != NULL ? host->port : "-",
                           host != NULL && host->socket != NULL ? host->socket : "-");
}

static void
names_of_nodes_are_as_qemu_makes_them(void **state)
{
    static const struct {
        const char *driver, *name, *expected;

    } cases[] = {
        /* a path has no special characters */
        {"file", "nbd://h/x", "nbd://h/x - - -"},
        {"file", "a:b", "a:b - - -"},
        {"host_device", "/dev/sdb", "/dev/sdb - - -"},
        {"file", "json:{\"driver\":\"file\",\"filename\":\"/a\"}", "/a - - -"},
        /* QEMU does not encode names in these */
        {"nbd", "nbd://h:1/a%20b", "a%20b h 1 -"},
        {"nbd", "nbd://h:1/a?b#c", "a?b#c h 1 -"},
        {"nbd", "nbd://h:1/100%", "100% h 1 -"},
        {"nbd", "nbd://::1:10809/x", "x ::1 10809 -"},
        {"nbd", "nbd+unix:///a?b?socket=/s", "a?b - - /s"},
        {"nbd", "nbd+unix:///x?socket=/with space&more%20", "x - - /with space&more%20"},
        {"nbd", "nbd+unix://?socket=/s", "(null) - - /s"},
        {"ssh", "ssh://me@h:22/a%20b?c?host_key_check=no", "/a%20b?c h 22 -"},
        {"ssh", "ssh://me@::1:22/a", "/a ::1 22 -"},
        {"nfs", "nfs://h/a%20b?c?uid=1&gid=2", "/a%20b?c h - -"},
        {"nfs", "nfs://2001:db8::1/a", "/a 2001:db8::1 - -"},
        /* these are as the user wrote them */
        {"http", "http://h/a%20b", "a b h 80 -"},
        {"rbd", "rbd:p/i:mon_host=h", "p/i h - -"},
        {"vvfat", "fat:rw:/d", "/d - - -"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkSource) source =
            qblk_source_decode_node(cases[i].driver, cases[i].name, &error);
        assert_no_error(error);
        g_autofree char *actual = describe(source);
        assert_string_equal(actual, cases[i].expected);
    }
}

static void
a_node_without_a_source_has_a_reason(void **state)
{
    static const struct {
        const char *driver, *name;
        int code;
        const char *part;

    } cases[] = {
        {"unheard", "x", QBLK_GRAPH_ERROR_UNSUPPORTED, "'unheard'"},
        {"qcow2", "/a", QBLK_GRAPH_ERROR_UNSUPPORTED, "'qcow2'"},
        {"null-co", "null-co://", QBLK_GRAPH_ERROR_UNSUPPORTED, "'null-co'"},
        {"file", "/\xef\xbf\xbd", QBLK_GRAPH_ERROR_UNSUPPORTED, "UTF-8"},
        {"nbd", "nbd+unix:///x", QBLK_GRAPH_ERROR_SPEC, "socket"},
        {"http", "http://u:pw@", QBLK_GRAPH_ERROR_SPEC, "u:***@"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_source_decode_node(cases[i].driver, cases[i].name, &error));
        assert_error(error, QBLK_GRAPH_ERROR, cases[i].code, cases[i].part);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_is_decoded_as_specified),
        cmocka_unit_test(any_name_is_decoded_or_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(long_names_are_not_truncated),
        cmocka_unit_test(a_long_list_of_servers_is_complete),
        cmocka_unit_test(names_of_nodes_are_as_qemu_makes_them),
        cmocka_unit_test(a_node_without_a_source_has_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
