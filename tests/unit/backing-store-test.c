/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/xml-check.h"
#include "xml/backing-store.h"

#include <string.h>

static char *
print_below(const QblkChain *chain, GError **error)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_open(&writer, "disk");
    if (!qblk_backing_store_write(&writer, chain, error)) {
        return NULL;
    }
    qblk_writer_close(&writer);
    return qblk_writer_finish(&writer);
}

static void
layers_are_nested_and_an_empty_element_ends_them(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(3);
    g_autofree char *text = print_below(chain, NULL);

    assert_string_equal(text, "<disk>\n"
                              "  <backingStore type='file' index='1'>\n"
                              "    <format type='qcow2'/>\n"
                              "    <source file='/images/1'/>\n"
                              "    <backingStore type='file' index='2'>\n"
                              "      <format type='qcow2'/>\n"
                              "      <source file='/images/2'/>\n"
                              "      <backingStore/>\n"
                              "    </backingStore>\n"
                              "  </backingStore>\n"
                              "</disk>\n");
}

static void
an_incomplete_chain_has_no_end(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);

    chain->is_complete = FALSE;
    g_autofree char *text = print_below(chain, NULL);
    assert_string_equal(text, "<disk/>\n");
}

static void
a_layer_without_an_index_has_no_index_attribute(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);
    QblkLayer *base = chain->layers->pdata[1];

    base->index = QBLK_UNKNOWN;
    g_autofree char *text = print_below(chain, NULL);
    assert_non_null(strstr(text, "<backingStore type='file'>\n"));
}

static void
a_block_device_is_of_another_type(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);
    QblkLayer *base = chain->layers->pdata[1];

    base->source->type = QBLK_SOURCE_BLOCK;
    g_autofree char *text = print_below(chain, NULL);
    assert_non_null(strstr(text, "<backingStore type='block' index='1'>\n"));
    assert_non_null(strstr(text, "<source dev='/images/1'/>\n"));
}

static void
a_format_without_a_name_in_libvirt_is_refused(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(3);
    QblkLayer *base = chain->layers->pdata[2];
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&base->xml_format, g_free);
    assert_null(print_below(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED,
                 "image '/images/2' has the format 'qcow2', which libvirt's XML cannot express");
}

static void
a_layer_without_a_source_is_refused_with_its_reason(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(3);
    QblkLayer *base = chain->layers->pdata[1];
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&base->source, qblk_source_unref);
    base->problem = g_strdup("100 %s of it is somewhere else");
    assert_null(print_below(chain, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_UNSUPPORTED, "100 %s of it is somewhere");
}

/* The depth of a chain must not become depth of the stack. */
static void
two_thousand_layers_are_printed(void **state)
{
    enum { DEPTH = 2000 };
    g_autoptr(QblkChain) chain = xml_check_chain(DEPTH);
    g_autofree char *text = print_below(chain, NULL);

    assert_int_equal(xml_check_count(text, "<source "), DEPTH - 1);
    assert_int_equal(xml_check_count(text, "<backingStore"), DEPTH);
    assert_non_null(strstr(text, "<source file='/images/1999'/>\n"));
    assert_true(g_str_has_suffix(text, "\n  </backingStore>\n</disk>\n"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_nested_and_an_empty_element_ends_them),
        cmocka_unit_test(an_incomplete_chain_has_no_end),
        cmocka_unit_test(a_layer_without_an_index_has_no_index_attribute),
        cmocka_unit_test(a_block_device_is_of_another_type),
        cmocka_unit_test(a_format_without_a_name_in_libvirt_is_refused),
        cmocka_unit_test(a_layer_without_a_source_is_refused_with_its_reason),
        cmocka_unit_test(two_thousand_layers_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
