/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/source-check.h"
#include "lib/source-rows.h"
#include "source/source-decode.h"
#include "xml/document-parse.h"
#include "xml/source-xml.h"

static QblkSource *
read_source(const char *xml, QblkSourceType type)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDocument) document = qblk_document_parse(xml, strlen(xml), &error);

    assert_no_error(error);
    return qblk_source_xml_read(document->root, type);
}

/* Fails with both texts unless the source that is read is the one that was written. */
static void
check_round_trip(const QblkSource *source, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = qblk_source_to_xml(source, &error);

    assert_no_error(error);
    g_autoptr(QblkSource) again = read_source(xml, source->type);
    g_autofree char *rewritten = qblk_source_to_xml(again, &error);
    assert_no_error(error);
    if (!source_check_equal(source, again) || !g_str_equal(xml, rewritten)) {
        fail_msg("%s: wrote\n%sand read\n%s", what, xml, rewritten);
    }
}

static void
every_row_of_the_table_is_written_and_read_again(void **state)
{
    g_autoptr(GPtrArray) rows = source_rows_load();

    for (guint i = 0; i < rows->len; i++) {
        const SourceRow *row = rows->pdata[i];
        g_auto(QblkSourceDecoded) decoded = {0};
        if (row->xml != NULL) {
            g_autoptr(GError) error = NULL;
            assert_true(qblk_source_decode(row->name, &decoded, &error));
            check_round_trip(decoded.source, row->name);
            g_autoptr(QblkSource) expected = read_source(row->xml, decoded.source->type);
            assert_true(source_check_equal(expected, decoded.source));
        }
    }
}

/* ---- random sources ---- */

#define TEXT(member) G_STRUCT_OFFSET(QblkSource, member)

/* Characters that XML allows, some of them special in its syntax. */
static char *
random_text(GRand *rand)
{
    static const char *const pieces[] = {"a",
                                         "/",
                                         " ",
                                         "  ",
                                         "'",
                                         "\"",
                                         "&",
                                         "<",
                                         ">",
                                         "]]>",
                                         "&amp;",
                                         "\n",
                                         "\t",
                                         "\r",
                                         "\r\n",
                                         "ü",
                                         "\xf0\x9f\x98\x80",
                                         "%00",
                                         ":",
                                         "=",
                                         "\x7f",
                                         "\xc2\x85",
                                         "--",
                                         "<!--",
                                         "?>"};
    GString *text = g_string_new(NULL);

    for (gint i = g_rand_int_range(rand, 0, 8); i > 0; i--) {
        g_string_append(text, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
    }

    return g_string_free(text, FALSE);
}

/* A path as the schema of libvirt allows it. */
static char *
random_path(GRand *rand)
{
    g_autofree char *text = random_text(rand);
    return g_strconcat("/a", g_strdelimit(text, "\r\n", '/'), NULL);
}

/* A name as the schema allows it for a server or a snapshot. */
static char *
random_name(GRand *rand)
{
    return g_strdup_printf("a-%d", g_rand_int_range(rand, 0, 100));
}

static gboolean
toss(GRand *rand)
{
    return g_rand_int_range(rand, 0, 3) == 0;
}

static char *
random_member(GRand *rand, gsize member)
{
    if (member == TEXT(config)) {
        return random_path(rand);
    }
    return member == TEXT(snapshot) ? random_name(rand) : random_text(rand);
}

static void
set_random_texts(QblkSource *source, GRand *rand)
{
    for (gsize member = TEXT(protocol); member < sizeof(QblkSource); member += sizeof(char *)) {
        gboolean is_text = member != TEXT(hosts) && member != TEXT(data_store) &&
                           member != TEXT(dropped) && member != TEXT(data_format);
        if (is_text && toss(rand)) {
            *qblk_source_text(source, member) = random_member(rand, member);
        }
    }

    if (source->type != QBLK_SOURCE_NETWORK && source->type != QBLK_SOURCE_NVME) {
        source->path = random_path(rand);
    }
}

/* @member: of a server, in the order of qblk_source_add_host() */
static char *
random_host_text(GRand *rand, gsize member)
{
    if (member == 3) {
        return random_path(rand);
    }
    return member == 1 ? random_name(rand) : random_text(rand);
}

static QblkSource *
random_source(GRand *rand, guint depth)
{
    QblkSourceType type = (QblkSourceType)g_rand_int_range(rand, 0, QBLK_SOURCE_VHOST_VDPA + 1);
    QblkSource *source = qblk_source_new(type);

    set_random_texts(source, rand);
    for (gint i = g_rand_int_range(rand, 0, 4); i > 0; i--) {
        g_autofree char *texts[4] = {NULL};
        for (gsize j = 0; j < G_N_ELEMENTS(texts); j++) {
            if (!toss(rand)) {
                texts[j] = random_host_text(rand, j);
            }
        }

        qblk_source_add_host(source, texts[0], texts[1], texts[2], texts[3]);
        for (gsize j = 0; j < G_N_ELEMENTS(texts); j++) {
            g_clear_pointer(&texts[j], g_free);
        }
    }

    if (depth < 3 && toss(rand)) {
        source->data_store = random_source(rand, depth + 1);
        source->data_format = random_text(rand);
    }

    return source;
}

static void
any_source_is_written_and_read_again(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20);

    for (guint i = 0; i < 1000; i++) {
        g_autoptr(QblkSource) source = random_source(rand, 0);
        g_autofree char *what = g_strdup_printf("source %u", i);
        check_round_trip(source, what);
    }
}

/* ---- what XML does not allow ---- */

static void
a_character_that_xml_does_not_allow_is_refused_everywhere(void **state)
{
    static const char *const bad[] = {"a\x01", "\x1b", "\xef\xbf\xbe", "\xff", "\xc3"};

    for (gsize member = TEXT(protocol); member < sizeof(QblkSource); member += sizeof(char *)) {
        if (member == TEXT(hosts) || member == TEXT(data_store) || member == TEXT(dropped) ||
            member == TEXT(data_format)) {
            continue;
        }

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
            g_autoptr(QblkSource) source = qblk_source_new(QBLK_SOURCE_NETWORK);
            g_autoptr(GError) error = NULL;
            *qblk_source_text(source, member) = g_strdup(bad[i]);
            assert_null(qblk_source_to_xml(source, &error));
            assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "the name '");
        }
    }

    g_autoptr(QblkSource) source = qblk_source_new(QBLK_SOURCE_FILE);
    g_autoptr(GError) error = NULL;
    qblk_source_add_host(source, NULL, "a\x02", NULL, NULL);
    assert_null(qblk_source_to_xml(source, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "U+0002");
}

static void
what_the_schema_does_not_allow_is_refused(void **state)
{
    static const struct {
        gsize member;
        const char *text, *reason;
    } rows[] = {
        {TEXT(snapshot), "a.b", "the snapshot 'a.b'"},
        {TEXT(snapshot), "", "the snapshot ''"},
        {TEXT(config), "ceph.conf", "the path 'ceph.conf' is relative"},
    };
    static const char *const servers[] = {"my_server", "fe80::1%eth0", "", "::1::2"};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkSource) source = qblk_source_new(QBLK_SOURCE_NETWORK);
        g_autoptr(GError) error = NULL;
        *qblk_source_text(source, rows[i].member) = g_strdup(rows[i].text);
        assert_null(qblk_source_to_xml(source, &error));
        assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, rows[i].reason);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(servers); i++) {
        g_autoptr(QblkSource) source = qblk_source_new(QBLK_SOURCE_NETWORK);
        g_autoptr(GError) error = NULL;
        qblk_source_add_host(source, NULL, servers[i], NULL, NULL);
        assert_null(qblk_source_to_xml(source, &error));
        assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, servers[i]);
    }
}

static void
an_element_that_is_not_there_is_a_source_without_a_place(void **state)
{
    g_autoptr(QblkSource) read = qblk_source_xml_read(NULL, QBLK_SOURCE_BLOCK);
    g_autoptr(QblkSource) empty = qblk_source_new(QBLK_SOURCE_BLOCK);
    assert_true(source_check_equal(read, empty));
}

static void
what_libvirt_writes_beside_a_source_is_ignored(void **state)
{
    g_autoptr(QblkSource) source =
        read_source("<source index='3' startupPolicy='optional' file='/a'><seclabel model='dac'/>"
                    "<reservations/><privateData/></source>",
                    QBLK_SOURCE_FILE);
    g_autoptr(QblkSource) expected = qblk_source_new(QBLK_SOURCE_FILE);

    expected->path = g_strdup("/a");
    assert_true(source_check_equal(source, expected));
}

static void
a_name_becomes_a_source_a_format_and_dropped_options(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *format = NULL;
    g_auto(GStrv) dropped = NULL;
    g_autofree char *xml = qblk_source_xml_of_name(
        "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"https\",\"url\":\"https://u:p@h/f\"}}",
        &format, &dropped, &error);

    assert_no_error(error);
    assert_non_null(strstr(xml, "<source protocol='https' name='f'>"));
    assert_string_equal(format, "qcow2");
    assert_string_equal(dropped[0], "the password in the URL");
    assert_string_equal(dropped[1], "the user, because its secret is not known");
    assert_null(dropped[2]);
    g_autofree char *again = qblk_source_xml_of_name("/a", NULL, NULL, &error);
    assert_string_equal(again, "<source file='/a'/>\n");
    assert_null(qblk_source_xml_of_name("", NULL, NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "empty");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_is_written_and_read_again),
        cmocka_unit_test(any_source_is_written_and_read_again),
        cmocka_unit_test(a_character_that_xml_does_not_allow_is_refused_everywhere),
        cmocka_unit_test(what_the_schema_does_not_allow_is_refused),
        cmocka_unit_test(an_element_that_is_not_there_is_a_source_without_a_place),
        cmocka_unit_test(what_libvirt_writes_beside_a_source_is_ignored),
        cmocka_unit_test(a_name_becomes_a_source_a_format_and_dropped_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
