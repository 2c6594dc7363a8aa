/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

static void
a_copy_is_equal_and_owns_all_it_has(void **state)
{
    QblkSource *source = qblk_source_new(QBLK_SOURCE_NETWORK);
    for (gsize member = TEXT(path); member < sizeof(QblkSource); member += sizeof(char *)) {
        if (is_text(member)) {
            *qblk_source_text(source, member) = g_strdup_printf("%" G_GSIZE_FORMAT, member);
        }
    }
    qblk_source_add_host(source, "rdma", "a", "1", NULL);
    qblk_source_add_host(source, "unix", NULL, NULL, "/s");
    g_ptr_array_add(source->dropped, g_strdup("something"));
    source->data_store = qblk_source_new(QBLK_SOURCE_FILE);
    source->data_store->path = g_strdup("/d");

    g_autoptr(QblkSource) copy = qblk_source_copy(source);
    assert_true(source_check_equal(source, copy));
    assert_int_equal(copy->dropped->len, 1);
    qblk_source_free(source);
    assert_string_equal(copy->data_store->path, "/d");
    assert_string_equal(copy->dropped->pdata[0], "something");
    assert_null(qblk_source_copy(NULL));
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
        cmocka_unit_test(a_copy_is_equal_and_owns_all_it_has),
        cmocka_unit_test(every_type_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
