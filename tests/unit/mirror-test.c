/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/mirror.h"

#include "lib/check.h"
#include "lib/xml-check.h"

static char *
print_mirror(const QblkChain *chain, GError **error)
{
    g_autoptr(xmlNode) disk = qblk_writer_root("disk");
    return qblk_mirror_add(disk, chain, error) ? qblk_writer_print(disk) : NULL;
}

static void
without_a_job_there_is_no_mirror(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);
    g_autofree char *text = print_mirror(chain, NULL);
    assert_string_equal(text, "<disk/>\n");
}

static void
a_copy_into_a_file_says_file_and_format_twice(void **state)
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
a_copy_into_a_block_device_says_them_once(void **state)
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
a_copy_that_stands_on_nothing_ends_as_a_chain_does(void **state)
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
what_has_no_form_is_refused(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    g_autoptr(GError) error = NULL;
    xml_check_add_mirror(chain, FALSE, "copy", "/co\x02py");
    assert_null(print_mirror(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "U+0002");
    g_clear_pointer(&chain->mirror->layer->xml_format, g_free);
    assert_null(print_mirror(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, "has the format 'qcow2'");
    g_clear_pointer(&chain->mirror->layer->source, qblk_source_free);
    chain->mirror->layer->problem = g_strdup("nobody knows");
    assert_null(print_mirror(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, "nobody knows");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_job_there_is_no_mirror),
        cmocka_unit_test(a_copy_into_a_file_says_file_and_format_twice),
        cmocka_unit_test(a_copy_into_a_block_device_says_them_once),
        cmocka_unit_test(an_active_commit_is_ready_only_after_the_event),
        cmocka_unit_test(on_guests_of_libvirt_the_source_has_its_own_index),
        cmocka_unit_test(a_copy_that_stands_on_nothing_ends_as_a_chain_does),
        cmocka_unit_test(what_has_no_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
