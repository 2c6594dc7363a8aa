/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/alias.h"
#include "lib/check.h"

static void
target_names_are_recognized(void **state)
{
    static const char *const targets[] = {"vda",  "sdab", "hdc",     "fda",        "xvda",
                                          "ubda", "vdzz", "nvme0n1", "nvme12n345", "vdaaaaaa"};
    static const char *const others[] = {
        "",          "vd",           "v",     "vdA",    "vd1",    "vda1",
        "disk0",     "virtio-disk0", "nvme0", "nvmen1", "nvme0n", "nvme0nx",
        "nvme0n1p1", "nvme",         "sd",    "xvd",    "vda[0]", "vd\xc3\xa4",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        assert_true(qblk_alias_is_target(targets[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_false(qblk_alias_is_target(others[i]));
    }
}

static void
target_names_count_like_columns_of_a_sheet(void **state)
{
    static const struct {
        guint64 number;
        const char *name;
    } cases[] = {
        {0, "vda"},   {25, "vdz"},   {26, "vdaa"},   {27, "vdab"},
        {51, "vdaz"}, {701, "vdzz"}, {702, "vdaaa"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = qblk_alias_target("vd", cases[i].number);
        assert_string_equal(name, cases[i].name);
    }
}

static void
an_alias_of_libvirt_gives_its_target(void **state)
{
    static const struct {
        const char *alias, *target, *bus;
    } cases[] = {
        {"virtio-disk0", "vda", "virtio"}, {"virtio-disk26", "vdaa", "virtio"},
        {"usb-disk2", "sdc", "usb"},       {"scsi0-0-0-0", "sda", "scsi"},
        {"scsi0-0-0-6", "sdg", "scsi"},    {"scsi0-0-0-8", "sdh", "scsi"},
        {"scsi0-0-0-15", "sdo", "scsi"},   {"scsi1-0-0-0", "sdp", "scsi"},
        {"scsi0-0-1", "sdb", "scsi"},      {"scsi1-0-8", "sdw", "scsi"},
        {"sata0-0-1", "sdb", "sata"},      {"sata0-0-5", "sdf", "sata"},
        {"sata1-0-0", "sdg", "sata"},      {"ide0-0-0", "hda", "ide"},
        {"ide0-0-1", "hdb", "ide"},        {"ide0-1-0", "hdc", "ide"},
        {"ide1-1-1", "hdh", "ide"},        {"fdc0-0-0", "fda", "fdc"},
        {"fdc0-0-1", "fdb", "fdc"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *bus = NULL;
        g_autofree char *target = qblk_alias_to_target(cases[i].alias, &bus);
        assert_non_null(target);
        assert_string_equal(target, cases[i].target);
        assert_string_equal(bus, cases[i].bus);
    }
}

static void
other_aliases_give_no_target(void **state)
{
    static const char *const aliases[] = {
        "",
        "virtio-disk",
        "virtio-disk-1",
        "virtio-disk0-0",
        "virtio-disk+1",
        "virtio-disk 1",
        "virtio-disk0x1",
        "virtio-disk100001",
        "virtio-disk18446744073709551616",
        "ua-virtio-disk0",
        "xvirtio-disk0",
        "scsi0-0-0-7",
        "scsi0-0-0-16",
        "scsi0-0-7",
        "scsi0-1-0",
        "scsi0-1-0-0",
        "scsi0-0-1-0",
        "scsi0",
        "scsi0-0-0-0-0",
        "sata0-0-6",
        "sata0-1-0",
        "ide0-2-0",
        "ide0-0-2",
        "fdc0-0-2",
        "fdc0-1-0",
        "usb-disk",
        "usb",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        const char *bus = "untouched";
        g_autofree char *target = qblk_alias_to_target(aliases[i], &bus);
        assert_null(target);
        assert_string_equal(bus, "untouched");
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_names_are_recognized),
        cmocka_unit_test(target_names_count_like_columns_of_a_sheet),
        cmocka_unit_test(an_alias_of_libvirt_gives_its_target),
        cmocka_unit_test(other_aliases_give_no_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
