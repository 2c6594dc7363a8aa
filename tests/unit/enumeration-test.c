/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/enumeration.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

typedef struct {
    const char *target, *device;
} Expected;

static void
assert_order(const char *topology, const Expected *expected, gsize count)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load(topology);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_int_equal(snapshot->disks, count);
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GError) error = NULL;
        const QblkDevice *device = qblk_snapshot_find_device(snapshot, expected[i].target, &error);
        assert_no_error(error);
        assert_int_equal(device->name_source, QBLK_NAME_SOURCE_ENUMERATION);
        const char *actual = device->backend != NULL     ? device->backend
                             : device->node_name != NULL ? device->node_name
                                                         : qblk_device_get_label(device);
        if (!g_str_equal(actual, expected[i].device)) {
            fail_msg("%s: %s is %s, not %s", topology, expected[i].target, actual,
                     expected[i].device);
        }
    }
}

static void
buses_of_a_pc_are_counted_in_the_order_of_their_addresses(void **state)
{
    static const Expected expected[] = {
        /* slot 8, slot 9, behind the bridge */
        {"vda", "drive3"},
        {"vdb", "drive2"},
        {"vdc", "drive1"},
        /* the controller in slot 5: units 0, 1 and 5; that in slot 6: logical units 0 and 1 */
        {"sda", "drive7"},
        {"sdb", "drive6"},
        {"sdc", "/machine/peripheral-anon/device[7]"},
        {"sdd", "drive5"},
        {"sde", "drive4"},
        /* SATA ports 0, 1 and 3 */
        {"sdf", "drive8"},
        {"sdg", "empty-cd"},
        {"sdh", "drive9"},
        /* USB ports 1 and 2 */
        {"sdi", "drive13"},
        {"sdj", "drive12"},
        {"hda", "drive10"},
        {"hdb", "drive11"},
        {"fda", "/machine/peripheral-anon/device[8]"},
        {"fdb", "drive14"},
        /* a controller with one drive, and one with namespaces */
        {"nvme0n1", "drive15"},
        {"nvme1n1", "drive17"},
        {"nvme1n2", "drive16"},
    };
    /* Since 10.0 namespaces are on the bus of a subsystem. */
    static const char *const versions[] = {"5.2", "7.2", "10.0", "11.1"};
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autofree char *topology = g_strconcat(versions[i], "/many-buses", NULL);
        assert_order(topology, expected, G_N_ELEMENTS(expected));
    }
}

static void
disks_behind_root_ports_come_after_those_on_the_root_bus(void **state)
{
    static const Expected expected[] = {
        {"vda", "disk-1"},
        {"vdb", "disk-0"},
        {"sda", "disk-2"},
        {"sdb", "disk-3"},
        {"sdc", "/machine/peripheral-anon/device[3]"},
        {"sdd", "disk-4"},
        {"sde", "disk-5"},
    };
    assert_order("many-buses-q35", expected, G_N_ELEMENTS(expected));
}

static void
root_nodes_of_a_daemon_get_names(void **state)
{
    static const Expected expected[] = {{"vda", "disk-2"}};
    assert_order("storage-daemon", expected, G_N_ELEMENTS(expected));
}

/* ---- devices made by hand ---- */

typedef struct {
    GPtrArray *devices;
    GHashTable *taken, *ambiguous;
} Bench;

static void
setup(Bench *bench)
{
    bench->devices = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_device_free);
    bench->taken = g_hash_table_new(g_str_hash, g_str_equal);
    bench->ambiguous = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
teardown(Bench *bench)
{
    g_hash_table_unref(bench->ambiguous);
    g_hash_table_unref(bench->taken);
    g_ptr_array_unref(bench->devices);
}

/* @place is the last step of its address, -1 for none known. */
static QblkDevice *
add(Bench *bench, const char *bus, const char *type, const char *controller, gint64 place)
{
    QblkDevice *device = g_new0(QblkDevice, 1);
    device->bus = bus;
    device->type = g_strdup(type);
    device->controller = g_strdup(controller);
    device->path = g_strdup_printf("/d%u", bench->devices->len);
    if (place >= 0) {
        QblkBusStep step = {FALSE, place};
        device->address = g_array_new(FALSE, FALSE, sizeof(QblkBusStep));
        g_array_append_val(device->address, step);
    }
    g_ptr_array_add(bench->devices, device);
    return device;
}

static void
assert_names(Bench *bench, const char *expected)
{
    qblk_enumeration_assign(bench->devices, bench->taken, bench->ambiguous);
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < bench->devices->len; i++) {
        const QblkDevice *device = bench->devices->pdata[i];
        g_string_append_printf(names, "%s%s", i == 0 ? "" : " ",
                               device->target == NULL ? "-" : device->target);
        if (device->target != NULL) {
            assert_ptr_equal(g_hash_table_lookup(bench->taken, device->target), device);
        }
    }
    assert_string_equal(names->str, expected);
    teardown(bench);
}

static void
devices_without_an_address_come_last_in_the_order_of_qemu(void **state)
{
    Bench bench;
    setup(&bench);
    add(&bench, "virtio", "virtio-blk-device", NULL, -1);
    add(&bench, "virtio", "virtio-blk-device", NULL, -1);
    add(&bench, "virtio", "virtio-blk-device", NULL, 9);
    add(&bench, "virtio", "virtio-blk-device", NULL, 4);
    assert_names(&bench, "vdc vdd vdb vda");
}

static void
buses_that_share_a_prefix_follow_each_other(void **state)
{
    Bench bench;
    setup(&bench);
    add(&bench, "usb", "scsi-hd", NULL, 0);
    add(&bench, "sata", "ide-hd", NULL, 0);
    add(&bench, "scsi", "scsi-hd", NULL, 0);
    add(&bench, "sd", "sd-card", NULL, 0);
    add(&bench, "ide", "ide-hd", NULL, 0);
    assert_names(&bench, "sdc sdb sda sdd hda");
}

static void
taken_and_ambiguous_names_are_skipped(void **state)
{
    Bench bench;
    setup(&bench);
    QblkDevice *named = add(&bench, "virtio", "virtio-blk-device", NULL, 7);
    named->target = g_strdup("vda");
    g_hash_table_insert(bench.taken, named->target, named);
    g_hash_table_add(bench.ambiguous, g_strdup("vdb"));
    add(&bench, "virtio", "virtio-blk-device", NULL, 1);
    add(&bench, "virtio", "virtio-blk-device", NULL, 2);
    assert_names(&bench, "vda vdc vdd");
}

static void
firmware_is_not_a_disk(void **state)
{
    Bench bench;
    setup(&bench);
    QblkDevice *flash = add(&bench, NULL, "cfi.pflash01", NULL, -1);
    flash->kind = QBLK_DEVICE_KIND_FIRMWARE;
    flash->backend = g_strdup("pflash0");
    add(&bench, "virtio", "virtio-blk-device", NULL, 1);
    assert_names(&bench, "- vda");
}

static void
a_drive_on_an_unknown_bus_keeps_its_name(void **state)
{
    Bench bench;
    setup(&bench);
    add(&bench, NULL, NULL, NULL, -1)->backend = g_strdup("mine");
    add(&bench, NULL, NULL, NULL, -1)->id = g_strdup("yours");
    add(&bench, NULL, NULL, NULL, -1)->backend = g_strdup("mine");
    add(&bench, NULL, NULL, NULL, -1)->backend = g_strdup("a/b[0]");
    assert_names(&bench, "mine yours vda vdb");
}

static void
after_z_names_have_two_letters(void **state)
{
    Bench bench;
    setup(&bench);
    for (gint64 i = 0; i < 28; i++) {
        add(&bench, "virtio", "virtio-blk-device", NULL, i);
    }
    qblk_enumeration_assign(bench.devices, bench.taken, bench.ambiguous);
    const QblkDevice *last = bench.devices->pdata[27];
    assert_string_equal(last->target, "vdab");
    teardown(&bench);
}

static void
namespaces_of_a_controller_share_its_number(void **state)
{
    Bench bench;
    setup(&bench);
    add(&bench, "nvme", "nvme-ns", "/n1", 2);
    add(&bench, "nvme", "nvme-ns", "/n1", 1);
    add(&bench, "nvme", "nvme", NULL, 8);
    add(&bench, "nvme", "nvme", NULL, 9);
    assert_names(&bench, "nvme0n2 nvme0n1 nvme1n1 nvme2n1");
}

static void
an_nvme_disk_always_has_a_name_of_that_form(void **state)
{
    Bench bench;
    setup(&bench);
    QblkDevice *named = add(&bench, "nvme", "nvme", NULL, 9);
    named->target = g_strdup("nvme0n1");
    g_hash_table_insert(bench.taken, named->target, named);
    add(&bench, "nvme", "nvme", NULL, 1);
    add(&bench, "nvme", "nvme", NULL, 2);
    assert_names(&bench, "nvme0n1 nvme1n1 nvme2n1");
}

static void
ten_thousand_disks_have_ten_thousand_names(void **state)
{
    Bench bench;
    setup(&bench);
    for (gint64 i = 0; i < 10000; i++) {
        add(&bench, "virtio", "virtio-blk-device", NULL, 10000 - i);
    }
    qblk_enumeration_assign(bench.devices, bench.taken, bench.ambiguous);
    assert_int_equal(g_hash_table_size(bench.taken), 10000);
    teardown(&bench);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buses_of_a_pc_are_counted_in_the_order_of_their_addresses),
        cmocka_unit_test(disks_behind_root_ports_come_after_those_on_the_root_bus),
        cmocka_unit_test(root_nodes_of_a_daemon_get_names),
        cmocka_unit_test(devices_without_an_address_come_last_in_the_order_of_qemu),
        cmocka_unit_test(buses_that_share_a_prefix_follow_each_other),
        cmocka_unit_test(taken_and_ambiguous_names_are_skipped),
        cmocka_unit_test(firmware_is_not_a_disk),
        cmocka_unit_test(a_drive_on_an_unknown_bus_keeps_its_name),
        cmocka_unit_test(after_z_names_have_two_letters),
        cmocka_unit_test(namespaces_of_a_controller_share_its_number),
        cmocka_unit_test(an_nvme_disk_always_has_a_name_of_that_form),
        cmocka_unit_test(ten_thousand_disks_have_ten_thousand_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
