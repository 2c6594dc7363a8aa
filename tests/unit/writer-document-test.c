/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "xml/document.h"
#include "xml/writer.h"

static void
check(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) document = qblk_document_parse(text, strlen(text), &error);

    assert_no_error(error);
    g_autofree char *printed = qblk_writer_print(xmlDocGetRootElement(document));
    assert_string_equal(printed, expected);
}

static void
an_element_is_a_line_and_its_children_are_two_spaces_in(void **state)
{
    check("<a/>", "<a/>\n");

    check("<a></a>", "<a/>\n");
    check("<a>\n\n<b  c = \"d\"\n><e/></b></a>", "<a>\n  <b c='d'>\n    <e/>\n  </b>\n</a>\n");
}

static void
text_stays_on_its_line_as_it_is(void **state)
{
    check("<a>b</a>", "<a>b</a>\n");

    check("<a> </a>", "<a> </a>\n");
    check("<a>b <c> <d/> </c> e</a>", "<a>b <c> <d/> </c> e</a>\n");
    check("<a> <c/> b</a>", "<a> <c/> b</a>\n");
    check("<a><b>c</b><d/></a>", "<a>\n  <b>c</b>\n  <d/>\n</a>\n");
    check("<a xml:space='preserve'> <b/> </a>", "<a xml:space='preserve'> <b/> </a>\n");
    check("<a>b<!-- c --><?d e?></a>", "<a>b<!-- c --><?d e?></a>\n");
}

static void
comments_and_instructions_have_a_line_each(void **state)
{
    check("<a><!-- b --><?c?><?d  e ?></a>", "<a>\n  <!-- b -->\n  <?c?>\n  <?d e ?>\n</a>\n");
}

static void
what_a_terminal_would_interpret_in_a_comment_is_written_as_a_number(void **state)
{
    check("<a><!-- \xc2\x9b\xe2\x80\xae\x7f -->b</a>", "<a><!-- &#155;&#8238;&#127; -->b</a>\n");

    check("<a><!--\n\tc--></a>", "<a>\n  <!--\n\tc-->\n</a>\n");
    check("<a><?b \xc2\x9b?></a>", "<a>\n  <?b &#155;?>\n</a>\n");
}

static void
a_name_that_a_terminal_does_not_show_is_refused(void **state)
{
    static const char *const texts[] = {
        "<a\xe2\x80\x8d/>",
        "<a b\xe2\x80\x8d=''/>",
        "<p\xe2\x80\x8d:a xmlns:p\xe2\x80\x8d='urn:x'/>",
        "<a xmlns:p\xe2\x80\x8d='urn:x'/>",
        "<a><?b\xe2\x80\x8d c?></a>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(xmlDoc) document = qblk_document_parse(texts[i], strlen(texts[i]), &error);
        assert_null(document);
        assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, "is not printable");
    }
}

static void
what_a_reader_would_change_is_escaped(void **state)
{
    check("<a b=\"'&quot;&lt;&gt;&amp;&#9;&#10;&#13;\"/>",
          "<a b='&apos;&quot;&lt;&gt;&amp;&#9;&#10;&#13;'/>\n");

    check("<a>&#13;<![CDATA[<&>]]></a>", "<a>&#13;&lt;&amp;&gt;</a>\n");
    check("<a b='\xc2\x9b\xe2\x80\xae'/>", "<a b='&#155;&#8238;'/>\n");
}

static void
names_keep_their_namespaces(void **state)
{
    check("<x:a xmlns:x='urn:x' xmlns='urn:y' x:b='c'><d xmlns=''/></x:a>",
          "<x:a xmlns:x='urn:x' xmlns='urn:y' x:b='c'>\n  <d xmlns=''/>\n</x:a>\n");
}

static void
a_value_that_xml_does_not_allow_is_refused(void **state)
{
    static const char *const values[][2] = {
        {"a\x1b[m", "contains the character U+001B, which XML 1.0 does not allow"},
        {"\xef\xbf\xbe", "contains the character U+FFFE"},
        {"a\xff", "is not valid UTF-8, which XML requires"},
    };
    g_autoptr(xmlNode) element = qblk_writer_root("a");

    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(qblk_writer_attribute(element, "b", values[i][0], &error));
        assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, values[i][1]);
    }

    g_autoptr(GError) error = NULL;
    assert_true(qblk_writer_attribute(element, "b", NULL, &error));
    g_autofree char *printed = qblk_writer_print(element);
    assert_string_equal(printed, "<a/>\n");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_element_is_a_line_and_its_children_are_two_spaces_in),
        cmocka_unit_test(text_stays_on_its_line_as_it_is),
        cmocka_unit_test(comments_and_instructions_have_a_line_each),
        cmocka_unit_test(what_a_terminal_would_interpret_in_a_comment_is_written_as_a_number),
        cmocka_unit_test(a_name_that_a_terminal_does_not_show_is_refused),
        cmocka_unit_test(what_a_reader_would_change_is_escaped),
        cmocka_unit_test(names_keep_their_namespaces),
        cmocka_unit_test(a_value_that_xml_does_not_allow_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
