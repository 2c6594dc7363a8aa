/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/target.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

/* Three disks: node a in device one, b in two, c in the drive three.  Node b is below a filter. */
static const char nodes[] = "a qcow2 json:{} file=a-file\n"
                            "a-file file /a.img\n"
                            "b-limits throttle json:{} file=b\n"
                            "b file /b.img\n"
                            "c file /c.img\n";
static const char blocks[] = "one - a\n"
                             "two - b-limits\n"
                             "- three c\n";

static void
set_type(QblkReplies *replies, const char *id, const char *type)
{
    g_autofree char *path = g_strconcat("/machine/peripheral/", id, NULL);
    g_autofree char *quoted = g_strdup_printf("'%s'", type);
    graph_fixture_add_property(replies, path, "type", quoted);
}

static void
set_serial(QblkReplies *replies, const char *id, const char *serial)
{
    g_autofree char *path = g_strconcat("/machine/peripheral/", id, NULL);
    g_autofree char *quoted = g_strdup_printf("'%s'", serial);
    graph_fixture_add_property(replies, path, "serial", quoted);
}

static QblkReplies *
machine(void)
{
    QblkReplies *replies = graph_fixture_machine(nodes, blocks);
    set_type(replies, "one", "virtio-blk-device");
    set_type(replies, "two", "virtio-blk-device");
    return replies;
}

static void
assert_targets(const QblkReplies *replies, const QblkSnapshotOptions *options, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &error);
    assert_no_error(error);
    g_autofree char *targets = chain_text_targets(snapshot);
    assert_string_equal(targets, expected);
}

/* The qdev or drive that has the name @target. */
static void
assert_device(const QblkReplies *replies, const QblkSnapshotOptions *options, const char *target,
              const char *label)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &error);
    assert_no_error(error);
    const QblkDevice *device = qblk_snapshot_find_device(snapshot, target, &error);
    assert_no_error(error);
    assert_string_equal(qblk_device_get_label(device), label);
}

static QblkSnapshotOptions *
assign(const char *first, const char *second)
{
    g_autoptr(GError) error = NULL;
    QblkSnapshotOptions *options = qblk_snapshot_options_new();
    assert_true(qblk_snapshot_options_add_target(options, first, &error));
    assert_true(second == NULL || qblk_snapshot_options_add_target(options, second, &error));
    return options;
}

/* ---- the levels ---- */

static void
each_source_names_the_devices_without_a_name(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("a file /a\nb file /b\nc file /c\nd file /d\ne file /e\nf file /f\n",
                              "vdx - a\nvirtio-disk3 - b\nother vdy c\nanother drive0 d\n"
                              "named - e\nhinted - f\n");
    set_type(replies, "vdx", "virtio-blk-device");
    set_type(replies, "virtio-disk3", "virtio-blk-device");
    set_type(replies, "other", "virtio-blk-device");
    set_type(replies, "another", "virtio-blk-device");
    g_autoptr(QblkSnapshotOptions) options = assign("system=named", NULL);
    qblk_snapshot_options_add_domain_disk(options, "sdk", "hinted", NULL, NULL);
    assert_targets(replies, options,
                   "sdk=domain system=user vda=enumeration vdd=alias vdx=qdev vdy=backend");
}

static void
a_better_source_takes_the_name(void **state)
{
    static const struct {
        const char *blocks, *expected, *holder;
    } cases[] = {
        {"virtio-disk0 - b\nvda - a\n", "vda=qdev vdb=enumeration", "vda"},
        {"x vda b\nvirtio-disk0 - a\n", "vda=alias vdb=enumeration", "virtio-disk0"},
        {"x - b\ny vda a\n", "vda=backend vdb=enumeration", "y"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, cases[i].blocks);
        set_type(replies, "x", "virtio-blk-device");
        set_type(replies, "y", "virtio-blk-device");
        g_autoptr(QblkSnapshotOptions) none = qblk_snapshot_options_new();
        assert_targets(replies, none, cases[i].expected);
        assert_device(replies, none, "vda", cases[i].holder);
    }
}

static void
a_name_that_two_devices_propose_is_not_assigned(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("libvirt-aliases-clash");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autofree char *targets = chain_text_targets(snapshot);
    assert_string_equal(targets, "sdb=enumeration sdc=enumeration");
    g_autoptr(GError) error = NULL;
    assert_null(qblk_snapshot_find_device(snapshot, "sda", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                 "the disk name 'sda' could mean 'scsi0-0-0-0' and 'usb-disk0': specify one with "
                 "--target sda=DEVICE");
}

/* The replies of @count devices "d0", "d1" ..., which have the same node and the same @drive. */
static QblkReplies *
many(guint count, const char *drive)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (guint i = 0; i < count; i++) {
        g_string_append_printf(lines, "d%u %s a\n", i, drive);
    }
    return graph_fixture_machine(nodes, lines->str);
}

static void
the_first_of_many_candidates_are_listed(void **state)
{
    static const struct {
        guint count;
        const char *candidates;
    } cases[] = {
        {4, "'d0' and 'd1' and 'd2' and 'd3': specify"},
        {5, "'d0' and 'd1' and 'd2' and 'd3' and 1 more: specify"},
        {2000, "'d0' and 'd1' and 'd2' and 'd3' and 1996 more: specify"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = many(cases[i].count, "vdz");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        assert_int_equal(snapshot->disks, cases[i].count);
        assert_null(qblk_snapshot_find_device(snapshot, "vdz", &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS, cases[i].candidates);
    }
}

static void
the_first_of_many_disks_are_listed(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = many(2000, "-");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_null(qblk_snapshot_find_device(snapshot, "sda", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                 "d104, d105, d106, d107 and 1980 more");
}

static void
the_user_decides_an_ambiguous_name(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("libvirt-aliases-clash");
    g_autoptr(QblkSnapshotOptions) options = assign("sda=usb-disk0", NULL);
    assert_targets(replies, options, "sda=user sdb=enumeration");
    assert_device(replies, options, "sda", "usb-disk0");
}

static void
firmware_is_never_named_like_a_disk(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine(nodes, "vda - a\nvirtio-disk1 - b-limits\nflash vdc c\n");
    set_type(replies, "vda", "cfi.pflash01");
    set_type(replies, "virtio-disk1", "cfi.pflash01");
    set_type(replies, "flash", "cfi.pflash01");
    g_autoptr(QblkSnapshotOptions) none = qblk_snapshot_options_new();
    assert_targets(replies, none, "");
}

/* ---- the user's word ---- */

static void
the_user_may_use_each_name_of_a_device(void **state)
{
    static const char *const cases[][2] = {
        {"sys=one", "one"},      {"sys=a", "one"},   {"sys=three", "three"},
        {"sys=b-limits", "two"}, {"sys=c", "three"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine();
        g_autoptr(QblkSnapshotOptions) options = assign(cases[i][0], NULL);
        assert_device(replies, options, "sys", cases[i][1]);
    }
    g_autoptr(QblkReplies) recorded = graph_fixture_load("serials");
    g_autoptr(QblkSnapshotOptions) by_path =
        assign("sys=/machine/peripheral-anon/device[0]/virtio-backend", NULL);
    assert_device(recorded, by_path, "sys", "drive0");
}

static void
a_node_below_a_filter_becomes_a_disk_of_its_own(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = machine();
    g_autoptr(QblkSnapshotOptions) options = assign("inner=b", NULL);
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &error);
    assert_no_error(error);
    assert_int_equal(snapshot->disks, 4);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "inner");
    g_autofree char *text = chain_text(chain);
    assert_string_equal(text, "0 b>b:raw");
    assert_null(chain->qdev);
}

static void
an_unknown_or_named_device_is_an_error(void **state)
{
    static const struct {
        const char *first, *second, *reason;
    } cases[] = {
        {"vda=unknown", NULL, "cannot assign the name 'vda': no device, drive or node 'unknown'"},
        {"vda=one", "vdb=one", "cannot assign the name 'vdb': 'one' has the name 'vda'"},
        {"vda=one", "vdb=a", "cannot assign the name 'vdb': 'a' has the name 'vda'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = machine();
        g_autoptr(QblkSnapshotOptions) options = assign(cases[i].first, cases[i].second);
        assert_null(qblk_snapshot_load(replies, options, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, cases[i].reason);
    }
}

static void
a_name_of_a_device_and_of_its_drive_is_one(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "x x a\ny - b-limits\n");
    g_autoptr(QblkSnapshotOptions) options = assign("sys=x", NULL);
    assert_device(replies, options, "sys", "x");
}

static void
a_node_that_became_a_disk_is_named_once(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = machine();
    g_autoptr(QblkSnapshotOptions) options = assign("inner=b", "other=b");
    assert_null(qblk_snapshot_load(replies, options, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                 "cannot assign the name 'other': 'b' has the name 'inner'");
}

static void
a_name_of_two_devices_is_an_error(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "x - a\ny x b-limits\n");
    g_autoptr(QblkSnapshotOptions) options = assign("vda=x", NULL);
    assert_null(qblk_snapshot_load(replies, options, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                 "cannot assign the name 'vda': 'x' matches 'x' and 'y'");
}

/* ---- libvirt's word ---- */

static void
a_domain_names_by_alias_then_serial_then_file(void **state)
{
    static const struct {
        const char *alias, *serial, *file, *label;
    } cases[] = {
        {"one", NULL, NULL, "one"},      {"one", "S2", "/c.img", "one"},
        {NULL, "S2", NULL, "two"},       {"gone", "S2", "/c.img", "two"},
        {NULL, NULL, "/c.img", "three"}, {"gone", "gone", "/c.img", "three"},
        {NULL, NULL, "/b.img", "two"},   {NULL, NULL, "/a.img", "one"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine();
        set_serial(replies, "one", "S1");
        set_serial(replies, "two", "S2");
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        qblk_snapshot_options_add_domain_disk(options, "sys", cases[i].alias, cases[i].serial,
                                              cases[i].file);
        assert_device(replies, options, "sys", cases[i].label);
    }
}

static void
a_domain_disk_must_match_one_device(void **state)
{
    static const struct {
        const char *alias, *serial, *file;
    } cases[] = {
        {NULL, NULL, NULL}, {"gone", NULL, NULL}, {NULL, "SAME", NULL},
        {NULL, "", NULL},   {"", "", ""},         {NULL, NULL, "/gone.img"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine();
        set_serial(replies, "one", i == 2 ? "SAME" : "");
        set_serial(replies, "two", "SAME");
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        qblk_snapshot_options_add_domain_disk(options, "sys", cases[i].alias, cases[i].serial,
                                              cases[i].file);
        assert_targets(replies, options, "three=backend vda=enumeration vdb=enumeration");
    }
}

/* A serial number that several have names none of them, also if a better match has named one. */
static void
the_same_serial_of_several_is_left(void **state)
{
    g_autoptr(QblkReplies) replies = many(4, "-");
    set_serial(replies, "d0", "SAME");
    set_serial(replies, "d1", "SAME");
    set_serial(replies, "d2", "SAME");
    set_serial(replies, "d3", "OTHER");
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    qblk_snapshot_options_add_domain_disk(options, "sdx", "d2", NULL, NULL);
    qblk_snapshot_options_add_domain_disk(options, "sdy", NULL, "SAME", NULL);
    qblk_snapshot_options_add_domain_disk(options, "sdz", NULL, "OTHER", NULL);
    assert_targets(replies, options, "d0=qdev d1=qdev sdx=domain sdz=domain");

    qblk_snapshot_options_add_domain_disk(options, "sdw", "d1", NULL, NULL);
    assert_targets(replies, options, "sdw=domain sdx=domain sdy=domain sdz=domain");
    assert_device(replies, options, "sdy", "d0");
}

/* The file of the first is open in the device of the second, which its alias tells. */
static void
an_alias_has_priority_over_the_file_of_another_disk(void **state)
{
    g_autoptr(QblkReplies) replies = machine();
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    qblk_snapshot_options_add_domain_disk(options, "vdx", NULL, NULL, "/a.img");
    qblk_snapshot_options_add_domain_disk(options, "vdy", "one", NULL, "/other.img");
    assert_device(replies, options, "vdy", "one");
    assert_targets(replies, options, "three=backend vda=enumeration vdy=domain");
}

static void
a_domain_assigns_a_name_once(void **state)
{
    g_autoptr(QblkReplies) replies = machine();
    g_autoptr(QblkSnapshotOptions) options = assign("vdx=three", NULL);
    qblk_snapshot_options_add_domain_disk(options, "vdx", "one", NULL, NULL);
    qblk_snapshot_options_add_domain_disk(options, "vdy", "one", NULL, NULL);
    qblk_snapshot_options_add_domain_disk(options, "vdy", "two", NULL, NULL);
    assert_targets(replies, options, "vda=enumeration vdx=user vdy=domain");
    assert_device(replies, options, "vdy", "one");
}

static void
recorded_devices_match_by_serial(void **state)
{
    static const char *const targets[] = {"vdx", "sdx", "hdx", "sdy", "nvme7n1"};
    g_autoptr(QblkReplies) replies = graph_fixture_load("serials");
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autofree char *serial = g_strdup_printf("SERIAL-%" G_GSIZE_FORMAT, i);
        qblk_snapshot_options_add_domain_disk(options, targets[i], NULL, serial, NULL);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autofree char *drive = g_strdup_printf("drive%" G_GSIZE_FORMAT, i);
        assert_device(replies, options, targets[i], drive);
    }
}

static void
recorded_disks_of_libvirt_match_by_file(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("libvirt-names");
    g_autoptr(QblkSnapshot) plain = graph_fixture_snapshot(replies);
    for (guint i = 0; i < plain->disks; i++) {
        const QblkDevice *device = plain->devices->pdata[i];
        g_autoptr(QblkChain) chain = graph_fixture_chain(plain, device->target);
        const QblkLayer *top = chain->layers->pdata[0];
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        qblk_snapshot_options_add_domain_disk(options, "system", NULL, NULL, top->filename);
        assert_device(replies, options, "system", qblk_device_get_label(device));
    }
}

/* ---- what is asked for it ---- */

static void
an_address_is_needed_only_if_it_decides_name_or_bus(void **state)
{
    static const struct {
        const char *id, *backend, *type, *bus;
        QblkDeviceKind kind;
        gboolean needed;
    } cases[] = {
        {NULL, NULL, NULL, NULL, QBLK_DEVICE_KIND_DISK, FALSE},
        {NULL, NULL, "virtio-blk-device", "virtio", QBLK_DEVICE_KIND_DISK, TRUE},
        {"disk0", "drive0", "virtio-blk-device", "virtio", QBLK_DEVICE_KIND_DISK, TRUE},
        {"vda", NULL, "virtio-blk-device", "virtio", QBLK_DEVICE_KIND_DISK, FALSE},
        {"disk0", "vda", "virtio-blk-device", "virtio", QBLK_DEVICE_KIND_DISK, FALSE},
        {"virtio-disk0", NULL, "virtio-blk-device", "virtio", QBLK_DEVICE_KIND_DISK, FALSE},
        {"sda", NULL, "ide-hd", "ide", QBLK_DEVICE_KIND_DISK, TRUE},
        {"sda", NULL, "scsi-hd", "scsi", QBLK_DEVICE_KIND_DISK, TRUE},
        {"sata0-0-0", NULL, "ide-hd", "ide", QBLK_DEVICE_KIND_DISK, FALSE},
        {"vda", NULL, "made-up", NULL, QBLK_DEVICE_KIND_DISK, TRUE},
        {NULL, "pflash0", "cfi.pflash01", NULL, QBLK_DEVICE_KIND_FIRMWARE, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkDevice) device = g_new0(QblkDevice, 1);
        device->id = g_strdup(cases[i].id);
        device->backend = g_strdup(cases[i].backend);
        device->type = g_strdup(cases[i].type);
        device->bus = cases[i].bus;
        device->kind = cases[i].kind;
        assert_int_equal(qblk_target_needs_address(device), cases[i].needed);
    }
}

static void
the_alias_decides_the_bus_of_an_unknown_controller(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "sata0-0-0 - a\n");
    set_type(replies, "sata0-0-0", "ide-hd");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "sda");
    assert_string_equal(qblk_chain_get_bus_name(chain), "sata");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_source_names_the_devices_without_a_name),
        cmocka_unit_test(a_better_source_takes_the_name),
        cmocka_unit_test(a_name_that_two_devices_propose_is_not_assigned),
        cmocka_unit_test(the_first_of_many_candidates_are_listed),
        cmocka_unit_test(the_first_of_many_disks_are_listed),
        cmocka_unit_test(the_user_decides_an_ambiguous_name),
        cmocka_unit_test(firmware_is_never_named_like_a_disk),
        cmocka_unit_test(the_user_may_use_each_name_of_a_device),
        cmocka_unit_test(a_node_below_a_filter_becomes_a_disk_of_its_own),
        cmocka_unit_test(an_unknown_or_named_device_is_an_error),
        cmocka_unit_test(a_name_of_a_device_and_of_its_drive_is_one),
        cmocka_unit_test(a_node_that_became_a_disk_is_named_once),
        cmocka_unit_test(a_name_of_two_devices_is_an_error),
        cmocka_unit_test(a_domain_names_by_alias_then_serial_then_file),
        cmocka_unit_test(a_domain_disk_must_match_one_device),
        cmocka_unit_test(the_same_serial_of_several_is_left),
        cmocka_unit_test(an_alias_has_priority_over_the_file_of_another_disk),
        cmocka_unit_test(a_domain_assigns_a_name_once),
        cmocka_unit_test(recorded_devices_match_by_serial),
        cmocka_unit_test(recorded_disks_of_libvirt_match_by_file),
        cmocka_unit_test(an_address_is_needed_only_if_it_decides_name_or_bus),
        cmocka_unit_test(the_alias_decides_the_bus_of_an_unknown_controller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
