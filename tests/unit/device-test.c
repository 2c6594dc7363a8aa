/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "graph/device.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static GPtrArray *
load(QblkReplies *replies, const char *blocks)
{
    g_autoptr(GError) error = NULL;
    graph_fixture_add(replies, "query-block", NULL, blocks);
    GPtrArray *devices = qblk_device_load_all(replies, &error);
    assert_no_error(error);
    return devices;
}

static void
a_drive_without_a_device_is_read(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autoptr(GPtrArray) devices = load(replies, "[{'device':'drive0','removable':false,"
                                                 "'inserted':{'node-name':'top','ro':true}}]");
    const QblkDevice *device = devices->pdata[0];
    assert_string_equal(device->backend, "drive0");
    assert_string_equal(device->node_name, "top");
    assert_true(device->read_only);
    assert_null(device->io_status);
    assert_null(device->qdev);
    assert_null(device->id);
    assert_null(device->bus);
    assert_null(qblk_device_prefix(device));
    assert_string_equal(qblk_device_get_label(device), "drive0");
}

static void
an_empty_drive_has_no_node(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autoptr(GPtrArray) devices =
        load(replies, "[{'device':'','qdev':'cd','removable':true,'tray_open':true}]");
    const QblkDevice *device = devices->pdata[0];
    assert_null(device->node_name);
    assert_null(device->backend);
    assert_true(device->removable);
    assert_true(device->tray_open);
    assert_false(device->read_only);
    assert_string_equal(device->path, "/machine/peripheral/cd");
}

static void
the_status_of_its_requests_is_read(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autoptr(GPtrArray) devices =
        load(replies, "[{'device':'','qdev':'vda','removable':false,'io-status':'nospace'}]");
    const QblkDevice *device = devices->pdata[0];
    assert_string_equal(device->io_status, "nospace");
}

static void
the_id_is_that_of_the_device_option(void **state)
{
    static const char *const cases[][2] = {
        {"scsi0-0-0-0", "scsi0-0-0-0"},
        {"/machine/peripheral/vda/virtio-backend", "vda"},
        {"/machine/peripheral/vda", "vda"},
        {"/machine/peripheral/usb-disk2/usb-disk2.0/legacy[0]", "usb-disk2"},
        {"/machine/peripheral-anon/device[2]/virtio-backend", NULL},
        {"/machine/unattached/device[17]", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        g_autofree char *blocks =
            g_strdup_printf("[{'device':'','qdev':'%s','removable':false}]", cases[i][0]);
        g_autoptr(GPtrArray) devices = load(replies, blocks);
        const QblkDevice *device = devices->pdata[0];
        assert_int_equal(g_strcmp0(device->id, cases[i][1]), 0);
        assert_string_equal(device->qdev, cases[i][0]);
        assert_string_equal(qblk_device_get_label(device),
                            cases[i][1] != NULL ? cases[i][1] : cases[i][0]);
    }
}

static void
the_type_decides_bus_and_kind(void **state)
{
    static const struct {
        const char *type, *bus, *kind, *prefix;
    } cases[] = {
        {"virtio-blk-device", "virtio", "disk", "vd"},
        {"scsi-hd", "scsi", "disk", "sd"},
        {"scsi-cd", "scsi", "cdrom", "sd"},
        {"scsi-block", "scsi", "lun", "sd"},
        {"scsi-generic", "scsi", "lun", "sd"},
        {"ide-hd", "ide", "disk", "hd"},
        {"ide-cd", "ide", "cdrom", "hd"},
        {"ide-cf", "ide", "disk", "hd"},
        {"floppy", "fdc", "floppy", "fd"},
        {"nvme", "nvme", "disk", "nvme"},
        {"nvme-ns", "nvme", "disk", "nvme"},
        {"sd-card", "sd", "disk", "sd"},
        {"cfi.pflash01", NULL, "firmware", NULL},
        {"cfi.pflash02", NULL, "firmware", NULL},
        {"made-up", NULL, "disk", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        g_autofree char *type = g_strdup_printf("'%s'", cases[i].type);
        graph_fixture_add_property(replies, "/machine/peripheral/d", "type", type);
        g_autoptr(GPtrArray) devices =
            load(replies, "[{'device':'','qdev':'d','removable':false}]");
        const QblkDevice *device = devices->pdata[0];
        assert_string_equal(device->type, cases[i].type);
        assert_int_equal(g_strcmp0(device->bus, cases[i].bus), 0);
        assert_int_equal(g_strcmp0(qblk_device_prefix(device), cases[i].prefix), 0);
        assert_string_equal(qblk_device_kind_name(device->kind), cases[i].kind);
    }
}

static void
the_controller_decides_the_bus_of_sata_and_usb_disks(void **state)
{
    static const struct {
        const char *type, *controller, *bus;
    } cases[] = {
        {"ide-hd", "ich9-ahci", "sata"},
        {"ide-cd", "sysbus-ahci", "sata"},
        {"ide-hd", "piix3-ide", "ide"},
        {"scsi-hd", "usb-storage", "usb"},
        {"scsi-hd", "usb-bot", "usb"},
        {"scsi-cd", "usb-uas", "usb"},
        {"scsi-hd", "lsi53c895a", "scsi"},
        {"scsi-hd", "virtio-scsi-device", "scsi"},
        {"virtio-blk-device", "virtio-blk-pci", "virtio"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        g_autofree char *type = g_strdup_printf("'%s'", cases[i].type);
        g_autofree char *controller = g_strdup_printf("'%s'", cases[i].controller);
        graph_fixture_add_property(replies, "/machine/peripheral/d", "type", type);
        graph_fixture_add_property(replies, "/machine/peripheral/d", "parent_bus", "'/c/bus.0'");
        graph_fixture_add_property(replies, "/c", "type", controller);
        g_autoptr(GPtrArray) devices =
            load(replies, "[{'device':'','qdev':'d','removable':false}]");
        const QblkDevice *device = devices->pdata[0];
        assert_string_equal(device->bus, cases[i].bus);
        assert_string_equal(device->controller, "/c");
    }
}

static void
an_invalid_reply_is_refused(void **state)
{
    static const struct {
        const char *blocks, *reason;
    } cases[] = {
        {"[7]", "query-block[0] is not an object"},
        {"[{'device':'a','removable':false},{}]", "query-block[1]: 'device' is missing"},
        {"[{'device':'a'}]", "query-block[0]: 'removable' is missing"},
        {"[{'device':'a','removable':false,'inserted':null}]", "'inserted' is not an object"},
        {"[{'device':'a','removable':false,'inserted':{'ro':true}}]", "'node-name' is missing"},
        {"[{'device':'a','removable':false,'qdev':7}]", "'qdev' is not a string"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        graph_fixture_add(replies, "query-block", NULL, cases[i].blocks);
        assert_null(qblk_device_load_all(replies, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, cases[i].reason);
    }
}

static void
no_reply_is_an_error(void **state)
{
    static const char *const values[] = {NULL, "{}", "null", "'[]'"};
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        graph_fixture_add(replies, "query-block", NULL, values[i]);
        assert_null(qblk_device_load_all(replies, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "query-block");
    }
}

static void
more_devices_than_the_limit_are_refused(void **state)
{
    for (int over = 0; over <= 1; over++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        g_autoptr(QblkJson) block = graph_fixture_json("{'device':'','removable':false}");
        QblkJson *blocks = qblk_json_new_array();
        for (int i = 0; i < QBLK_LIMIT_DEVICES + over; i++) {
            qblk_json_append(blocks, qblk_json_ref(block));
        }
        qblk_replies_add(replies, "query-block", NULL, blocks, NULL);
        g_autoptr(GPtrArray) devices = qblk_device_load_all(replies, &error);
        if (over == 0) {
            assert_no_error(error);
        } else {
            assert_null(devices);
            assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT, "limit of 50000");
        }
    }
}

static void
a_node_can_stand_for_a_disk(void **state)
{
    g_autoptr(QblkNode) node = qblk_node_new("top");
    node->read_only = TRUE;
    g_autoptr(QblkDevice) device = qblk_device_new_for_node(node);
    assert_string_equal(device->node_name, "top");
    assert_ptr_equal(device->node, node);
    assert_true(device->read_only);
    assert_string_equal(qblk_device_get_label(device), "top");
    qblk_device_free(NULL);
}

static void
values_have_names(void **state)
{
    assert_string_equal(qblk_name_source_name(QBLK_NAME_SOURCE_USER), "user");
    assert_string_equal(qblk_name_source_name(QBLK_NAME_SOURCE_DOMAIN), "domain");
    assert_string_equal(qblk_name_source_name(QBLK_NAME_SOURCE_QDEV), "qdev");
    assert_string_equal(qblk_name_source_name(QBLK_NAME_SOURCE_ALIAS), "alias");
    assert_string_equal(qblk_name_source_name(QBLK_NAME_SOURCE_BACKEND), "backend");
    assert_string_equal(qblk_name_source_name(QBLK_NAME_SOURCE_ENUMERATION), "enumeration");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drive_without_a_device_is_read),
        cmocka_unit_test(an_empty_drive_has_no_node),
        cmocka_unit_test(the_status_of_its_requests_is_read),
        cmocka_unit_test(the_id_is_that_of_the_device_option),
        cmocka_unit_test(the_type_decides_bus_and_kind),
        cmocka_unit_test(the_controller_decides_the_bus_of_sata_and_usb_disks),
        cmocka_unit_test(an_invalid_reply_is_refused),
        cmocka_unit_test(no_reply_is_an_error),
        cmocka_unit_test(more_devices_than_the_limit_are_refused),
        cmocka_unit_test(a_node_can_stand_for_a_disk),
        cmocka_unit_test(values_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
