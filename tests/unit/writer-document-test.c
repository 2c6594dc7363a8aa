/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "xml/document-parse.h"
#include "xml/document-print.h"

static QblkDocument *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkDocument *document = qblk_document_parse(text, strlen(text), &error);

    assert_no_error(error);
    return document;
}

static void
check_printed(const QblkDocumentNode *element, const char *expected)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_document_print(element, &writer);
    g_autofree char *printed = qblk_writer_finish(&writer);
    assert_string_equal(printed, expected);
}

static void
check(const char *text, const char *expected)
{
    g_autoptr(QblkDocument) document = parse(text);
    check_printed(document->root, expected);
}

static void
an_element_is_a_line_and_its_children_are_two_spaces_in(void **state)
{
    check("<a/>", "<a/>\n");

    check("<a></a>", "<a/>\n");
    check("<a>\n\n<b  c = \"d\"\n><e/></b></a>", "<a>\n  <b c='d'>\n    <e/>\n  </b>\n</a>\n");
}

static void
a_part_of_a_document_is_printed_without_its_siblings(void **state)
{
    g_autoptr(QblkDocument) document = parse("<a><b><c/></b><d><e/></d></a>");

    check_printed(document->root->children, "<b>\n  <c/>\n</b>\n");
    check_printed(document->root->last, "<d>\n  <e/>\n</d>\n");
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
    check("<a xml:space='preserve'><b xml:space='default'> <c/></b></a>",
          "<a xml:space='preserve'>\n  <b xml:space='default'>\n    <c/>\n  </b>\n</a>\n");
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
        g_autoptr(QblkDocument) document = qblk_document_parse(texts[i], strlen(texts[i]), &error);
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

/* The disk of a domain, which declares the namespaces of other programs. */
static void
a_copy_declares_the_namespaces_that_it_uses(void **state)
{
    g_autoptr(QblkDocument) document =
        parse("<a xmlns:x='urn:x' xmlns:y='urn:y' xmlns:z='urn:z'>"
              "<b xmlns:w='urn:w'><y:c x:d='' w:e='' xml:lang='de'/><x:f xmlns:x='urn:other'/></b>"
              "</a>");
    g_autoptr(QblkDocument) copy = qblk_document_copy(document->root->children);

    g_clear_pointer(&document, qblk_document_free);
    check_printed(copy->root, "<b xmlns:w='urn:w' xmlns:y='urn:y' xmlns:x='urn:x'>\n"
                              "  <y:c x:d='' w:e='' xml:lang='de'/>\n"
                              "  <x:f xmlns:x='urn:other'/>\n"
                              "</b>\n");
}

/* A namespace has its name once, however many elements are in it. */
static void
a_long_name_of_a_namespace_takes_no_memory_in_elements(void **state)
{
    g_autoptr(GString) text = g_string_new("<a xmlns:x='urn:");

    for (guint i = 0; i < 1000000; i++) {
        g_string_append_c(text, 'x');
    }
    g_string_append(text, "'><b>");
    for (guint i = 0; i < 100000; i++) {
        g_string_append(text, "<x:c/>");
    }
    g_string_append(text, "</b></a>");

    g_autoptr(QblkDocument) document = parse(text->str);
    g_autoptr(QblkDocument) copy = qblk_document_copy(document->root->children);
    assert_true(copy->blocks->len < 1000);
}

static void
a_value_that_xml_does_not_allow_is_refused(void **state)
{
    static const char *const values[][2] = {
        {"a\x1b[m", "contains the character U+001B, which XML 1.0 does not allow"},
        {"\xef\xbf\xbe", "contains the character U+FFFE"},
        {"a\xff", "is not valid UTF-8, which XML requires"},
    };
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_open(&writer, "a");
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(qblk_writer_attribute(&writer, "b", values[i][0], &error));
        assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, values[i][1]);
    }

    g_autoptr(GError) error = NULL;
    assert_true(qblk_writer_attribute(&writer, "b", NULL, &error));
    qblk_writer_close(&writer);
    g_autofree char *printed = qblk_writer_finish(&writer);
    assert_string_equal(printed, "<a/>\n");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_element_is_a_line_and_its_children_are_two_spaces_in),
        cmocka_unit_test(a_part_of_a_document_is_printed_without_its_siblings),
        cmocka_unit_test(text_stays_on_its_line_as_it_is),
        cmocka_unit_test(comments_and_instructions_have_a_line_each),
        cmocka_unit_test(what_a_terminal_would_interpret_in_a_comment_is_written_as_a_number),
        cmocka_unit_test(a_name_that_a_terminal_does_not_show_is_refused),
        cmocka_unit_test(what_a_reader_would_change_is_escaped),
        cmocka_unit_test(names_keep_their_namespaces),
        cmocka_unit_test(a_copy_declares_the_namespaces_that_it_uses),
        cmocka_unit_test(a_long_name_of_a_namespace_takes_no_memory_in_elements),
        cmocka_unit_test(a_value_that_xml_does_not_allow_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
