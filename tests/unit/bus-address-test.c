/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/bus-address.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#define STEPS(...)                                                                                 \
    (const QblkBusStep[])                                                                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void
add_device(QblkReplies *replies, const char *path, const char *type, const char *bus)
{
    g_autofree char *quoted_type = g_strdup_printf("'%s'", type);
    g_autofree char *quoted_bus = g_strdup_printf("'%s'", bus);
    graph_fixture_add_property(replies, path, "type", quoted_type);
    graph_fixture_add_property(replies, path, "parent_bus", quoted_bus);
}

/* The way as text: "b16 3" is slot 3 behind a bridge in slot 16. */
static char *
way(const QblkReplies *replies, const char *path)
{
    g_autoptr(QblkBusAddress) address = qblk_bus_address_load(replies, path);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < address->len; i++) {
        const QblkBusStep *step = &g_array_index(address, QblkBusStep, i);
        g_string_append_printf(text, "%s%s%" G_GINT64_FORMAT, i == 0 ? "" : " ",
                               step->is_bridge ? "b" : "", step->number);
    }
    return g_string_free(text, FALSE);
}

static void
a_virtio_disk_has_the_address_of_its_pci_device(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    add_device(replies, "/p/d/virtio-backend", "virtio-blk-device", "/p/d/virtio-bus");
    add_device(replies, "/p/d", "virtio-blk-pci", "/m/pci.0");
    graph_fixture_add_property(replies, "/p/d", "addr", "24");
    add_device(replies, "/m", "i440FX-pcihost", "/m/unattached/sysbus");
    graph_fixture_add_property(replies, "/m", "addr", NULL);
    g_autofree char *text = way(replies, "/p/d/virtio-backend");
    assert_string_equal(text, "24");
    g_autofree char *owner = qblk_bus_address_owner(replies, "/p/d/virtio-backend");
    assert_string_equal(owner, "/p/d");
}

static void
bridges_come_first_and_are_marked(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    add_device(replies, "/d", "scsi-hd", "/hba/scsi.0");
    graph_fixture_add_property(replies, "/d", "channel", "0");
    graph_fixture_add_property(replies, "/d", "scsi-id", "2");
    graph_fixture_add_property(replies, "/d", "lun", "1");
    add_device(replies, "/hba", "lsi53c895a", "/bridge/bus");
    graph_fixture_add_property(replies, "/hba", "addr", "48");
    add_device(replies, "/bridge", "pci-bridge", "/m/pci.0");
    graph_fixture_add_property(replies, "/bridge", "addr", "128");
    g_autofree char *text = way(replies, "/d");
    assert_string_equal(text, "b128 48 0 2 1");
}

static void
the_bus_of_an_ide_disk_counts_before_its_unit(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    add_device(replies, "/d", "ide-hd", "/c/ide.1");
    graph_fixture_add_property(replies, "/d", "unit", "0");
    add_device(replies, "/c", "piix3-ide", "/m/pci.0");
    graph_fixture_add_property(replies, "/c", "addr", "9");
    g_autofree char *text = way(replies, "/d");
    assert_string_equal(text, "9 1 0");
}

static void
a_usb_port_is_a_path_of_numbers(void **state)
{
    static const char *const cases[][2] = {
        {"'1'", "16 1 0 0 0"}, {"'1.2'", "16 1 2 0 0 0"}, {"'1.2.13'", "16 1 2 13 0 0 0"},
        {"''", "16 0 0 0"},    {"null", "16 0 0 0"},      {"'x'", "16 0 0 0 0"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        add_device(replies, "/d", "scsi-hd", "/s/s.0");
        graph_fixture_add_property(replies, "/d", "channel", "0");
        graph_fixture_add_property(replies, "/d", "scsi-id", "0");
        graph_fixture_add_property(replies, "/d", "lun", "0");
        add_device(replies, "/s", "usb-storage", "/u/usb.0");
        graph_fixture_add_property(replies, "/s", "port", cases[i][0]);
        add_device(replies, "/u", "piix3-usb-uhci", "/m/pci.0");
        graph_fixture_add_property(replies, "/u", "addr", "16");
        g_autofree char *text = way(replies, "/d");
        assert_string_equal(text, cases[i][1]);
    }
}

/* Every type of disk that sits on a bus by number is placed by it. */
static void
every_kind_of_disk_has_its_number(void **state)
{
    static const char *const cases[][3] = {
        {"scsi-hd", "lun", "3"},      {"scsi-cd", "lun", "3"},   {"scsi-block", "lun", "3"},
        {"scsi-generic", "lun", "3"}, {"ide-hd", "unit", "0 3"}, {"ide-cd", "unit", "0 3"},
        {"ide-cf", "unit", "0 3"},    {"floppy", "unit", "3"},   {"nvme-ns", "nsid", "3"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        add_device(replies, "/d", cases[i][0], "/c/bus.0");
        graph_fixture_add_property(replies, "/d", cases[i][1], "3");
        g_autofree char *text = way(replies, "/d");
        assert_string_equal(text, cases[i][2]);
    }
}

static void
an_unknown_property_shortens_the_address(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autofree char *nothing = way(replies, "/d");
    assert_string_equal(nothing, "");
    add_device(replies, "/d", "scsi-hd", "relative/bus");
    graph_fixture_add_property(replies, "/d", "lun", "'1'");
    graph_fixture_add_property(replies, "/d", "scsi-id", "-4");
    g_autofree char *wrong = way(replies, "/d");
    assert_string_equal(wrong, "");
    assert_null(qblk_bus_address_owner(replies, "/d"));
}

static void
containers_of_objects_are_not_queried(void **state)
{
    static const char *const buses[] = {"/machine/unattached/sysbus", "/machine/sysbus", "/bus",
                                        "/machine/peripheral/bus", "/machine/peripheral-anon/bus"};
    for (gsize i = 0; i < G_N_ELEMENTS(buses); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        add_device(replies, "/machine/i440fx", "i440FX-pcihost", buses[i]);
        assert_null(qblk_bus_address_owner(replies, "/machine/i440fx"));
    }
}

static void
a_cycle_of_buses_ends(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    add_device(replies, "/a", "pci-bridge", "/b/bus");
    add_device(replies, "/b", "pci-bridge", "/a/bus");
    graph_fixture_add_property(replies, "/a", "addr", "1");
    graph_fixture_add_property(replies, "/b", "addr", "2");
    g_autoptr(QblkBusAddress) address = qblk_bus_address_load(replies, "/a");
    assert_in_range(address->len, 2, 64);
}

static int
compare(const QblkBusStep *a, guint a_length, const QblkBusStep *b, guint b_length)
{
    g_autoptr(QblkBusAddress) left = g_array_new(FALSE, FALSE, sizeof(QblkBusStep));
    g_autoptr(QblkBusAddress) right = g_array_new(FALSE, FALSE, sizeof(QblkBusStep));
    g_array_append_vals(left, a, a_length);
    g_array_append_vals(right, b, b_length);
    int forward = qblk_bus_address_compare(left, right);
    int backward = qblk_bus_address_compare(right, left);
    assert_int_equal((forward > 0) - (forward < 0), (backward < 0) - (backward > 0));
    return forward;
}

static void
addresses_sort_as_a_guest_scans(void **state)
{
    assert_true(compare(STEPS({0, 3}), 1, STEPS({0, 4}), 1) < 0);
    assert_true(compare(STEPS({0, 3}), 1, STEPS({0, 3}), 1) == 0);
    assert_true(compare(STEPS({0, 30}), 1, STEPS({1, 3}, {0, 1}), 2) < 0);
    assert_true(compare(STEPS({1, 3}, {0, 9}), 2, STEPS({1, 4}, {0, 1}), 2) < 0);
    assert_true(compare(STEPS({0, 3}), 1, STEPS({0, 3}, {0, 1}), 2) < 0);
    assert_true(compare(NULL, 0, STEPS({0, 0}), 1) < 0);
    assert_true(compare(NULL, 0, NULL, 0) == 0);
    assert_true(compare(STEPS({0, G_MAXINT64}), 1, STEPS({0, 0}), 1) > 0);
}

static void
note(const char *path, const char *property, gpointer user_data)
{
    g_string_append_printf(user_data, "%s.%s ", path, property);
}

static void
each_batch_goes_one_device_further(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autoptr(GString) asked = g_string_new(NULL);
    qblk_bus_address_next(replies, "/d", note, asked);
    assert_string_equal(asked->str, "/d.type /d.parent_bus ");

    g_string_truncate(asked, 0);
    add_device(replies, "/d", "scsi-hd", "/hba/scsi.0");
    qblk_bus_address_next(replies, "/d", note, asked);
    assert_string_equal(asked->str, "/d.type /d.parent_bus /d.channel /d.scsi-id /d.lun /hba.type "
                                    "/hba.parent_bus ");

    g_string_truncate(asked, 0);
    add_device(replies, "/hba", "lsi53c895a", "relative");
    qblk_bus_address_next(replies, "/d", note, asked);
    assert_non_null(strstr(asked->str, "/hba.parent_bus /hba.addr "));
}

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
the_subsystem_of_each_controller_is_queried(void **state)
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
an_invalid_list_of_devices_has_no_queries(void **state)
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
a_namespace_of_an_unknown_controller_keeps_its_name(void **state)
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

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_virtio_disk_has_the_address_of_its_pci_device),
        cmocka_unit_test(bridges_come_first_and_are_marked),
        cmocka_unit_test(the_bus_of_an_ide_disk_counts_before_its_unit),
        cmocka_unit_test(a_usb_port_is_a_path_of_numbers),
        cmocka_unit_test(every_kind_of_disk_has_its_number),
        cmocka_unit_test(an_unknown_property_shortens_the_address),
        cmocka_unit_test(containers_of_objects_are_not_queried),
        cmocka_unit_test(a_cycle_of_buses_ends),
        cmocka_unit_test(addresses_sort_as_a_guest_scans),
        cmocka_unit_test(each_batch_goes_one_device_further),
        cmocka_unit_test(the_subsystem_of_each_controller_is_queried),
        cmocka_unit_test(an_invalid_list_of_devices_has_no_queries),
        cmocka_unit_test(a_controller_is_known_by_its_subsystem),
        cmocka_unit_test(a_controller_is_found_among_many),
        cmocka_unit_test(a_namespace_of_an_unknown_controller_keeps_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
