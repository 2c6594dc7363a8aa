/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-number.h"

#include "lib/check.h"
#include "lib/xml-check.h"
#include "xml/disk.h"

#include <qblk/disk.h>

static void
assert_prints(const QblkChain *chain, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = qblk_disk_to_xml(chain, &error);

    assert_no_error(error);
    assert_string_equal(text, expected);
}

static void
a_disk_is_written_in_the_order_of_libvirt(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);

    chain->alias = g_strdup("virtio-disk0");
    chain->read_only = TRUE;
    xml_check_add_mirror(chain, FALSE, "copy", "/copy");
    assert_prints(chain, "<disk type='file' device='disk'>\n"
                         "  <driver name='qemu' type='qcow2'/>\n"
                         "  <source file='/images/0'/>\n"
                         "  <backingStore type='file' index='1'>\n"
                         "    <format type='qcow2'/>\n"
                         "    <source file='/images/1'/>\n"
                         "    <backingStore/>\n"
                         "  </backingStore>\n"
                         "  <mirror type='file' file='/copy' format='qcow2' job='copy'>\n"
                         "    <format type='qcow2'/>\n"
                         "    <source file='/copy'/>\n"
                         "  </mirror>\n"
                         "  <target dev='vda' bus='virtio'/>\n"
                         "  <readonly/>\n"
                         "  <alias name='virtio-disk0'/>\n"
                         "</disk>\n");
}

static void
the_index_of_the_active_layer_is_on_its_source(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *top = chain->layers->pdata[0];

    g_free(top->node_name);
    top->node_name = g_strdup("libvirt-12-format");
    qblk_chain_number(chain);
    assert_prints(chain, "<disk type='file' device='disk'>\n"
                         "  <driver name='qemu' type='qcow2'/>\n"
                         "  <source file='/images/0' index='12'/>\n"
                         "  <backingStore/>\n"
                         "  <target dev='vda' bus='virtio'/>\n"
                         "</disk>\n");
}

static void
an_empty_drive_has_no_source_and_no_chain(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(0);

    chain->is_complete = FALSE;
    chain->kind = QBLK_DEVICE_KIND_CDROM;
    chain->tray_open = TRUE;
    assert_prints(chain, "<disk type='file' device='cdrom'>\n"
                         "  <driver name='qemu'/>\n"
                         "  <target dev='vda' bus='virtio' tray='open'/>\n"
                         "  <readonly/>\n"
                         "</disk>\n");
}

static void
an_unknown_bus_is_not_printed(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *top = chain->layers->pdata[0];

    chain->bus = NULL;
    chain->is_complete = FALSE;
    top->source->type = QBLK_SOURCE_BLOCK;
    assert_prints(chain, "<disk type='block' device='disk'>\n"
                         "  <driver name='qemu' type='qcow2'/>\n"
                         "  <source dev='/images/0'/>\n"
                         "  <target dev='vda'/>\n"
                         "</disk>\n");
}

static void
an_error_begins_with_the_disk(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    g_autoptr(GError) error = NULL;

    chain->alias = g_strdup("ua-\x03");
    assert_null(qblk_disk_to_xml(chain, &error));
    assert_true(g_str_has_prefix(error->message, "vda: the name 'ua-"));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "U+0003");
}

static void
an_active_layer_without_a_form_is_refused(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *top = chain->layers->pdata[0];
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&top->xml_format, g_free);
    assert_null(qblk_disk_to_xml(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, "vda: image '/images/0'");
    g_clear_pointer(&top->source, qblk_source_unref);
    top->problem = g_strdup("an unknown reason");
    assert_null(qblk_disk_to_xml(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, "vda: an unknown reason");
}

static void
several_disks_are_devices(void **state)
{
    g_autoptr(QblkChain) first = xml_check_chain(1);
    g_autoptr(QblkChain) second = xml_check_chain(0);
    const QblkChain *const chains[] = {first, second};
    g_autofree char *two = qblk_disk_all_to_xml(chains, 2, NULL);
    g_autofree char *none = qblk_disk_all_to_xml(NULL, 0, NULL);

    assert_true(
        g_str_has_prefix(two, "<devices>\n  <disk type='file' device='disk'>\n    <driver"));
    assert_int_equal(xml_check_count(two, "\n  <disk "), 2);
    assert_string_equal(none, "<devices/>\n");
}

static void
one_disk_without_a_form_fails_all(void **state)
{
    g_autoptr(QblkChain) first = xml_check_chain(1);
    g_autoptr(QblkChain) second = xml_check_chain(1);
    g_autoptr(GError) error = NULL;
    const QblkChain *const chains[] = {first, second};

    g_free(second->target);
    second->target = g_strdup("vd\x04");
    assert_null(qblk_disk_all_to_xml(chains, 2, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "U+0004");
}

static void
a_target_that_needs_escaping_is_escaped(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(0);

    g_free(chain->target);
    chain->target = g_strdup("a'b<c>&\"");
    g_autofree char *text = qblk_disk_to_xml(chain, NULL);
    assert_int_equal(xml_check_count(text, "dev='a&apos;b&lt;c&gt;&amp;&quot;'"), 1);
}

static char *
print_mirror(const QblkChain *chain, GError **error)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_open(&writer, "disk");
    if (!qblk_mirror_write(&writer, chain, error)) {
        return NULL;
    }
    qblk_writer_close(&writer);
    return qblk_writer_finish(&writer);
}

static void
without_a_job_there_is_no_mirror(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);
    g_autofree char *text = print_mirror(chain, NULL);
    assert_string_equal(text, "<disk/>\n");
}

static void
a_copy_into_a_file_has_file_and_format_twice(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);

    xml_check_add_mirror(chain, FALSE, "copy", "/copy");
    g_autofree char *text = print_mirror(chain, NULL);
    assert_string_equal(text, "<disk>\n"
                              "  <mirror type='file' file='/copy' format='qcow2' job='copy'>\n"
                              "    <format type='qcow2'/>\n"
                              "    <source file='/copy'/>\n"
                              "  </mirror>\n"
                              "</disk>\n");
}

static void
a_copy_into_a_block_device_has_them_once(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);

    xml_check_add_mirror(chain, FALSE, "copy", "/dev/copy");
    chain->mirror->layer->source->type = QBLK_SOURCE_BLOCK;
    chain->mirror->ready = TRUE;
    g_autofree char *text = print_mirror(chain, NULL);
    assert_string_equal(text, "<disk>\n"
                              "  <mirror type='block' job='copy' ready='yes'>\n"
                              "    <format type='qcow2'/>\n"
                              "    <source dev='/dev/copy'/>\n"
                              "  </mirror>\n"
                              "</disk>\n");
}

static void
an_active_commit_is_ready_only_after_the_event(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);

    xml_check_add_mirror(chain, TRUE, "node-1", "/images/1");
    g_autofree char *running = print_mirror(chain, NULL);
    chain->mirror->ready = TRUE;
    g_autofree char *ready = print_mirror(chain, NULL);
    assert_int_equal(xml_check_count(running, "<mirror type='file' job='active-commit'>\n"), 1);
    assert_int_equal(xml_check_count(ready, " job='active-commit' ready='yes'>\n"), 1);
}

static void
on_guests_of_libvirt_the_source_has_its_own_index(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *top = chain->layers->pdata[0];

    g_free(top->node_name);
    top->node_name = g_strdup("libvirt-2-format");
    xml_check_add_mirror(chain, FALSE, "libvirt-7-format", "/copy");
    g_autofree char *text = print_mirror(chain, NULL);
    assert_int_equal(xml_check_count(text, "<source file='/copy' index='7'/>\n"), 1);
}

static void
a_copy_without_a_backing_file_ends_like_a_chain(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);

    xml_check_add_mirror(chain, FALSE, "copy", "/copy");
    chain->mirror->is_complete = TRUE;
    g_autofree char *copy = print_mirror(chain, NULL);
    assert_int_equal(xml_check_count(copy, "<source file='/copy'/>\n    <backingStore/>\n"), 1);
    chain->mirror->is_commit = TRUE;
    g_autofree char *commit = print_mirror(chain, NULL);
    assert_int_equal(xml_check_count(commit, "backingStore"), 0);
}

static void
a_layer_without_an_xml_form_is_refused(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    g_autoptr(GError) error = NULL;

    xml_check_add_mirror(chain, FALSE, "copy", "/co\x02py");
    assert_null(print_mirror(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "U+0002");
    g_clear_pointer(&chain->mirror->layer->xml_format, g_free);
    assert_null(print_mirror(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, "has the format 'qcow2'");
    g_clear_pointer(&chain->mirror->layer->source, qblk_source_unref);
    chain->mirror->layer->problem = g_strdup("an unknown reason");
    assert_null(print_mirror(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, "an unknown reason");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_is_written_in_the_order_of_libvirt),
        cmocka_unit_test(the_index_of_the_active_layer_is_on_its_source),
        cmocka_unit_test(an_empty_drive_has_no_source_and_no_chain),
        cmocka_unit_test(an_unknown_bus_is_not_printed),
        cmocka_unit_test(an_error_begins_with_the_disk),
        cmocka_unit_test(an_active_layer_without_a_form_is_refused),
        cmocka_unit_test(several_disks_are_devices),
        cmocka_unit_test(one_disk_without_a_form_fails_all),
        cmocka_unit_test(a_target_that_needs_escaping_is_escaped),
        cmocka_unit_test(without_a_job_there_is_no_mirror),
        cmocka_unit_test(a_copy_into_a_file_has_file_and_format_twice),
        cmocka_unit_test(a_copy_into_a_block_device_has_them_once),
        cmocka_unit_test(an_active_commit_is_ready_only_after_the_event),
        cmocka_unit_test(on_guests_of_libvirt_the_source_has_its_own_index),
        cmocka_unit_test(a_copy_without_a_backing_file_ends_like_a_chain),
        cmocka_unit_test(a_layer_without_an_xml_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
