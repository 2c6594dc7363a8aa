/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "lib/check.h"
#include "lib/source-check.h"
#include "source/source.h"

#define TEXT(member) G_STRUCT_OFFSET(QblkSource, member)

/* Every text of a source lies between these two in the struct, but for a few pointers. */
static gboolean
is_text(gsize member)
{
    return member != TEXT(hosts) && member != TEXT(data_store) && member != TEXT(dropped);
}

static void
sources_differ_when_any_text_differs(void **state)
{
    guint texts = 0;

    for (gsize member = TEXT(path); member < sizeof(QblkSource); member += sizeof(char *)) {
        if (!is_text(member)) {
            continue;
        }

        g_autoptr(QblkSource) a = qblk_source_new(QBLK_SOURCE_NETWORK);
        g_autoptr(QblkSource) b = qblk_source_new(QBLK_SOURCE_NETWORK);
        assert_true(source_check_equal(a, b));
        *qblk_source_text(a, member) = g_strdup("x");
        assert_string_equal(qblk_source_get(a, member), "x");
        assert_false(source_check_equal(a, b));
        *qblk_source_text(b, member) = g_strdup("x");
        assert_true(source_check_equal(a, b));
        texts++;
    }

    assert_true(texts > 20);
}

static void
sources_differ_when_hosts_differ(void **state)
{
    static const char *const hosts[][4] = {{NULL, "a", "1", NULL},    {"rdma", "a", "1", NULL},
                                           {NULL, "b", "1", NULL},    {NULL, "a", "2", NULL},
                                           {NULL, "a", NULL, NULL},   {"unix", NULL, NULL, "/s"},
                                           {"unix", NULL, NULL, "/t"}};

    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(hosts); j++) {
            g_autoptr(QblkSource) a = qblk_source_new(QBLK_SOURCE_NETWORK);
            g_autoptr(QblkSource) b = qblk_source_new(QBLK_SOURCE_NETWORK);
            qblk_source_add_host(a, hosts[i][0], hosts[i][1], hosts[i][2], hosts[i][3]);
            assert_false(source_check_equal(a, b));
            qblk_source_add_host(b, hosts[j][0], hosts[j][1], hosts[j][2], hosts[j][3]);
            assert_int_equal(source_check_equal(a, b), i == j);
        }
    }
}

static void
a_type_and_a_data_store_count_and_what_was_dropped_does_not(void **state)
{
    g_autoptr(QblkSource) a = qblk_source_new(QBLK_SOURCE_FILE);
    g_autoptr(QblkSource) b = qblk_source_new(QBLK_SOURCE_BLOCK);

    assert_false(source_check_equal(a, b));
    b->type = QBLK_SOURCE_FILE;
    g_ptr_array_add(b->dropped, g_strdup("something"));
    assert_true(source_check_equal(a, b));
    a->data_store = qblk_source_new(QBLK_SOURCE_FILE);
    assert_false(source_check_equal(a, b));
    b->data_store = qblk_source_new(QBLK_SOURCE_DIR);
    assert_false(source_check_equal(a, b));
    assert_false(source_check_equal(a, NULL));
    assert_true(source_check_equal(NULL, NULL));
}

static QblkSource *
new_full_source(void)
{
    QblkSource *source = qblk_source_new(QBLK_SOURCE_NETWORK);
    for (const QblkSourceMember *member = qblk_source_members(); member->name != NULL; member++) {
        *qblk_source_text(source, member->offset) = g_strdup_printf("the %s", member->name);
    }
    qblk_source_add_host(source, "rdma", "a", "1", NULL);
    qblk_source_add_host(source, "unix", NULL, NULL, "/s");
    g_ptr_array_add(source->dropped, g_strdup("something"));
    source->data_store = qblk_source_new(QBLK_SOURCE_FILE);
    source->data_store->path = g_strdup("/d");
    return source;
}

static void
a_program_reads_what_a_source_has(void **state)
{
    g_autoptr(QblkSource) source = new_full_source();
    assert_int_equal(qblk_source_get_source_type(source), QBLK_SOURCE_NETWORK);
    assert_string_equal(qblk_source_get_path(source), "the path");
    assert_int_equal(qblk_source_get_n_hosts(source), 2);
    assert_string_equal(qblk_source_get_host_transport(source, 0), "rdma");
    assert_string_equal(qblk_source_get_host_name(source, 0), "a");
    assert_string_equal(qblk_source_get_host_port(source, 0), "1");
    assert_null(qblk_source_get_host_socket(source, 0));
    assert_null(qblk_source_get_host_name(source, 1));
    assert_string_equal(qblk_source_get_host_socket(source, 1), "/s");
    assert_null(qblk_source_get_host_transport(source, 2));
    assert_null(qblk_source_get_host_name(source, G_MAXUINT));

    assert_int_equal(qblk_source_get_n_dropped(source), 1);
    assert_string_equal(qblk_source_get_dropped(source, 0), "something");
    assert_null(qblk_source_get_dropped(source, 1));
}

static void
each_member_is_found_by_its_name(void **state)
{
    g_autoptr(QblkSource) source = new_full_source();
    guint count = 0;
    for (const char *name; (name = qblk_source_member_name(count)) != NULL; count++) {
        g_autofree char *expected = g_strdup_printf("the %s", name);
        assert_string_equal(qblk_source_get_member(source, name), expected);
    }

    assert_true(count > 20);
    assert_null(qblk_source_member_name(G_MAXUINT));
    assert_null(qblk_source_get_member(source, "type"));
    assert_null(qblk_source_get_member(source, ""));
    assert_null(qblk_source_get_member(source->data_store, "protocol"));
}

static void
the_json_of_a_source_has_what_the_getters_return(void **state)
{
    g_autoptr(QblkSource) source = new_full_source();
    g_autofree char *text = qblk_source_to_json(source);
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), NULL);
    assert_string_equal(qblk_json_get_string(json, "type"), "network");
    for (guint i = 0; qblk_source_member_name(i) != NULL; i++) {
        const char *name = qblk_source_member_name(i);
        assert_string_equal(qblk_json_get_string(json, name), qblk_source_get_member(source, name));
    }

    const QblkJson *host = qblk_json_at(qblk_json_get(json, "hosts"), 1);
    assert_string_equal(qblk_json_get_string(host, "socket"), "/s");
    const QblkJson *store = qblk_json_get(json, "data-store");
    assert_string_equal(qblk_json_get_string(store, "type"), "file");
    assert_string_equal(qblk_json_get_string(store, "path"), "/d");
    assert_int_equal(qblk_json_length(store), 2);
}

static void
a_reference_keeps_a_source_and_its_data_store(void **state)
{
    QblkSource *source = new_full_source();
    g_autoptr(QblkSource) more = qblk_source_ref(source);
    assert_ptr_equal(more, source);
    qblk_source_unref(source);
    assert_string_equal(qblk_source_get_path(more), "the path");

    g_autoptr(QblkSource) store = qblk_source_ref(qblk_source_get_data_store(more));
    qblk_source_unref(g_steal_pointer(&more));
    assert_string_equal(qblk_source_get_path(store), "/d");
    assert_null(qblk_source_get_data_store(store));
    qblk_source_unref(NULL);
}

static void
a_name_is_parsed_with_its_format(void **state)
{
    g_autofree char *format = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSource) source = qblk_source_parse(
        "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"/a\"}}", &format,
        &error);
    assert_no_error(error);
    assert_string_equal(format, "qcow2");
    assert_string_equal(qblk_source_get_path(source), "/a");

    g_autoptr(QblkSource) plain = qblk_source_parse("/b", NULL, &error);
    assert_string_equal(qblk_source_get_path(plain), "/b");
    assert_null(qblk_source_parse("", NULL, &error));
    assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC));
}

static void
every_type_has_a_name_of_its_own(void **state)
{
    for (QblkSourceType type = QBLK_SOURCE_FILE; type <= QBLK_SOURCE_VHOST_VDPA; type++) {
        QblkSourceType again;
        assert_true(qblk_source_type_value(qblk_source_type_name(type), &again));
        assert_int_equal(type, again);
    }

    QblkSourceType none;
    assert_false(qblk_source_type_value("volume", &none));
    assert_false(qblk_source_type_value(NULL, &none));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_differ_when_any_text_differs),
        cmocka_unit_test(sources_differ_when_hosts_differ),
        cmocka_unit_test(a_type_and_a_data_store_count_and_what_was_dropped_does_not),
        cmocka_unit_test(a_program_reads_what_a_source_has),
        cmocka_unit_test(each_member_is_found_by_its_name),
        cmocka_unit_test(the_json_of_a_source_has_what_the_getters_return),
        cmocka_unit_test(a_reference_keeps_a_source_and_its_data_store),
        cmocka_unit_test(a_name_is_parsed_with_its_format),
        cmocka_unit_test(every_type_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
