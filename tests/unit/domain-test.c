/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/domain.h>

#include "graph/snapshot-options.h"
#include "lib/check.h"

#include <unistd.h>

/* The disks, each "target alias serial file" with "-" for NULL, one a line. */
static char *
read_disks(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();

    g_autoptr(QblkDomain) domain = qblk_domain_read(text, -1, &error);
    assert_no_error(error);
    qblk_domain_name_disks(domain, options);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < options->hints->len; i++) {
        const QblkTargetHint *hint = options->hints->pdata[i];
        const char *const parts[] = {hint->target, hint->alias, hint->serial, hint->file};
        for (gsize j = 0; j < G_N_ELEMENTS(parts); j++) {
            g_string_append_printf(out, "%s%s", j == 0 ? "" : " ",
                                   parts[j] == NULL ? "-" : parts[j]);
        }

        g_string_append_c(out, '\n');
    }

    return g_string_free(out, FALSE);
}

static void
assert_refused(const char *text, const char *part)
{
    g_autoptr(GError) error = NULL;

    assert_null(qblk_domain_read(text, -1, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, part);
}

static void
disks_of_a_domain_are_read_in_their_order(void **state)
{
    g_autofree char *disks = read_disks(
        "<domain type='kvm'><name>n</name><devices><emulator>/q</emulator>"
        "<disk type='file'><source file='/b'/><target dev='vdb'/></disk>"
        "<interface><target dev='vnet0'/><alias name='net0'/></interface>"
        "<disk type='block'><source dev='/dev/a' index='3'/><target dev='vda' bus='virtio'/>"
        "<serial>S-1</serial><alias name='virtio-disk0'/></disk>"
        "</devices></domain>");

    assert_string_equal(disks, "vdb - - /b\n"
                               "vda virtio-disk0 S-1 /dev/a\n");
}

static void
a_bare_disk_or_devices_will_do(void **state)
{
    g_autofree char *disk = read_disks("<?xml version='1.0'?>\n<disk><target dev='sda'/></disk>\n");
    g_autofree char *devices = read_disks("<devices><disk><target dev='sdb'/></disk></devices>");

    assert_string_equal(disk, "sda - - -\n");
    assert_string_equal(devices, "sdb - - -\n");
}

static void
children_may_occur_in_any_order_among_others(void **state)
{
    g_autofree char *disks = read_disks(
        "<disk><!-- <target dev='no'/> --><alias name='a&amp;b'/><x:y xmlns:x='u'/>"
        "<mirror><source file='/mirror'/><target dev='no'/></mirror>"
        "<backingStore><source file='/base'/></backingStore><serial><![CDATA[<S>]]></serial>"
        "text<target bus='scsi' dev='sdc'/><source file='/a&#10;b'/></disk>");
    assert_string_equal(disks, "sdc a&b <S> /a\nb\n");
}

static void
a_domain_may_have_no_disks(void **state)
{
    static const char *const texts[] = {"<domain/>", "<domain><devices/></domain>", "<devices/>",
                                        "<domain><disk><target dev='vda'/></disk></domain>"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *disks = read_disks(texts[i]);
        assert_string_equal(disks, "");
    }
}

static void
two_disks_with_one_target_are_refused(void **state)
{
    assert_refused("<devices><disk><target dev='vda'/></disk><disk><target dev='vdb'/></disk>"
                   "<disk><target dev='vda'/></disk></devices>",
                   "two disks have the target 'vda'");
}

static void
a_disk_without_a_target_is_refused_with_its_line(void **state)
{
    static const char *const disks[] = {"<disk/>", "<disk><target/></disk>",
                                        "<disk><target dev=''/></disk>",
                                        "<disk><source><target dev='vda'/></source></disk>"};

    for (gsize i = 0; i < G_N_ELEMENTS(disks); i++) {
        g_autofree char *text = g_strdup_printf(
            "<devices>\n<disk><target dev='vda'/></disk>\n%s\n</devices>", disks[i]);
        assert_refused(text, "line 3: the disk ");
    }
}

static void
another_root_is_refused_by_name(void **state)
{
    assert_refused(
        "<network/>",
        "the document is a '<network>': '<domain>', '<devices>' or '<disk>' is required");
    assert_refused("<domainsnapshot><domain/></domainsnapshot>", "'<domainsnapshot>'");
}

static void
what_the_parser_refuses_is_refused(void **state)
{
    assert_refused("not XML", "line 1: ");
    assert_refused("<!DOCTYPE domain><domain/>", "a document type is not allowed");
}

static void
a_domain_is_read_from_a_file(void **state)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL, invalid = NULL, missing = NULL;
    int descriptor = g_file_open_tmp("qblk-domain-XXXXXX", &path, &error);
    assert_no_error(error);
    close(descriptor);

    assert_true(g_file_set_contents(path, "<disk><target dev='vda'/></disk>", -1, NULL));
    g_autoptr(QblkDomain) domain = qblk_domain_read_file(path, &error);
    assert_no_error(error);
    assert_int_equal(qblk_domain_get_n_disks(domain), 1);

    assert_true(g_file_set_contents(path, "<x/>", -1, NULL));
    assert_null(qblk_domain_read_file(path, &invalid));
    g_autofree char *named = g_strdup_printf("domain '%s': the document is a '<x>'", path);
    assert_error(invalid, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, named);

    unlink(path);
    assert_null(qblk_domain_read_file(path, &missing));
    assert_error(missing, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, path);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disks_of_a_domain_are_read_in_their_order),
        cmocka_unit_test(a_bare_disk_or_devices_will_do),
        cmocka_unit_test(children_may_occur_in_any_order_among_others),
        cmocka_unit_test(a_domain_may_have_no_disks),
        cmocka_unit_test(two_disks_with_one_target_are_refused),
        cmocka_unit_test(a_disk_without_a_target_is_refused_with_its_line),
        cmocka_unit_test(another_root_is_refused_by_name),
        cmocka_unit_test(what_the_parser_refuses_is_refused),
        cmocka_unit_test(a_domain_is_read_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
