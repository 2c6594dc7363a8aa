/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "xml/source-xml.h"

static char *
print_source(QblkSourceType type, char *path, GError **error)
{
    g_autoptr(xmlNode) parent = qblk_writer_root("p");
    g_autoptr(QblkSource) source = qblk_source_new(type);
    source->path = g_strdup(path);
    xmlNode *element = qblk_source_xml_add(parent, source, error);
    assert_true(element == NULL || element->parent == parent);
    return element == NULL ? NULL : qblk_writer_print(element);
}

static void
each_type_has_its_attribute(void **state)
{
    static const struct {
        QblkSourceType type;
        const char *text;
    } cases[] = {
        {QBLK_SOURCE_FILE, "<source file='/a'/>\n"},
        {QBLK_SOURCE_BLOCK, "<source dev='/a'/>\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char path[] = "/a";
        g_autofree char *text = print_source(cases[i].type, path, NULL);
        assert_string_equal(text, cases[i].text);
    }
}

static void
a_path_that_xml_cannot_carry_is_refused(void **state)
{
    char path[] = "/a\x1b[2J";
    g_autoptr(GError) error = NULL;
    assert_null(print_source(QBLK_SOURCE_FILE, path, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "U+001B");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_attribute),
        cmocka_unit_test(a_path_that_xml_cannot_carry_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
