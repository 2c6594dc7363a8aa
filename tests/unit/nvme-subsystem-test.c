/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/nvme-subsystem.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#define SUBSYSTEM "/machine/unattached/device[23]"

static void
want(const char *path, const char *property, gpointer user_data)
{
    g_string_append_printf(user_data, "%s %s;", path, property);
}

static char *
wanted(const char *pci)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-pci", NULL, pci);
    g_autoptr(GString) text = g_string_new(NULL);
    qblk_nvme_subsystem_next(replies, want, text);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
controllers_are_asked_for_their_subsystems_wherever_they_are(void **state)
{
    g_autofree char *text =
        wanted("[{'devices':[{'qdev_id':'disk','class_info':{'class':256}},"
               "{'qdev_id':'a','class_info':{'class':264}},"
               "{'qdev_id':'','class_info':{'class':264}},"
               "{'qdev_id':'bridge','class_info':{'class':1540},'pci_bridge':{'devices':"
               "[{'qdev_id':'b','class_info':{'class':264}}]}}]}]");
    assert_string_equal(text, "/machine/peripheral/a subsys;/machine/peripheral/b subsys;");
}

static void
what_is_no_list_of_devices_asks_for_nothing(void **state)
{
    static const char *const cases[] = {
        "null", "{}", "[]", "[5]", "[{'devices':7}]", "[{'devices':[null,{'qdev_id':5}]}]", NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = wanted(cases[i]);
        assert_string_equal(text, "");
    }
}

static void
a_controller_is_known_by_its_subsystem(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    assert_false(qblk_nvme_subsystem_exists(replies));
    graph_fixture_add_property(replies, SUBSYSTEM, "type", "'nvme-subsys'");
    graph_fixture_add_property(replies, "/machine/peripheral/a", "subsys", "'/other'");
    graph_fixture_add_property(replies, "/machine/peripheral/b", "subsys", NULL);
    assert_true(qblk_nvme_subsystem_exists(replies));
    assert_true(qblk_nvme_subsystem_is(replies, SUBSYSTEM));
    assert_false(qblk_nvme_subsystem_is(replies, "/machine/peripheral/a"));
    assert_null(qblk_nvme_subsystem_controller(replies, SUBSYSTEM));
    graph_fixture_add_property(replies, "/machine/peripheral/c", "subsys", "'" SUBSYSTEM "'");
    g_autofree char *path = qblk_nvme_subsystem_controller(replies, SUBSYSTEM);
    assert_string_equal(path, "/machine/peripheral/c");
}

/* As many as there may be devices; each is looked for in each batch. */
static void
a_controller_is_found_among_many(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    for (guint i = 0; i < 10000; i++) {
        g_autofree char *path = g_strdup_printf("/machine/peripheral/%u", i);
        g_autofree char *subsystem = g_strdup_printf("'/machine/unattached/device[%u]'", i);
        graph_fixture_add_property(replies, path, "subsys", subsystem);
    }
    for (guint i = 0; i < 10000; i++) {
        g_autofree char *subsystem = g_strdup_printf("/machine/unattached/device[%u]", i);
        g_autofree char *expected = g_strdup_printf("/machine/peripheral/%u", i);
        g_autofree char *path = qblk_nvme_subsystem_controller(replies, subsystem);
        assert_string_equal(path, expected);
    }
}

/* A name that counts controllers could be that of another disk. */
static void
a_namespace_whose_controller_is_not_known_keeps_its_own_name(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "ns drive0 a\n");
    graph_fixture_add_property(replies, "/machine/peripheral/ns", "type", "'nvme-ns'");
    graph_fixture_add_property(replies, "/machine/peripheral/ns", "parent_bus",
                               "'" SUBSYSTEM "/nvme-bus.0'");
    graph_fixture_add_property(replies, "/machine/peripheral/ns", "nsid", "1");
    graph_fixture_add_property(replies, SUBSYSTEM, "type", "'nvme-subsys'");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_string_equal(snapshot->targets->pdata[0], "drive0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controllers_are_asked_for_their_subsystems_wherever_they_are),
        cmocka_unit_test(what_is_no_list_of_devices_asks_for_nothing),
        cmocka_unit_test(a_controller_is_known_by_its_subsystem),
        cmocka_unit_test(a_controller_is_found_among_many),
        cmocka_unit_test(a_namespace_whose_controller_is_not_known_keeps_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
