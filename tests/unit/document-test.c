/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document-parse.h"

#include "base/limits.h"
#include "lib/check.h"

static QblkDocument *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkDocument *document = qblk_document_parse(text, strlen(text), &error);

    assert_no_error(error);
    return document;
}

static void
assert_refused(const char *text, gsize length, const char *part)
{
    g_autoptr(GError) error = NULL;

    assert_null(qblk_document_parse(text, length, &error));
    assert_null(strchr(error->message, '\n'));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, part);
}

static void
text_that_is_not_xml_is_refused(void **state)
{
    static const char *const texts[] = {
        " ",
        "{}",
        "<",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a x=1/>",
        "<a/>tail",
        "<a x='1' x='2'/>",
        "<a>&b;</a>",
        "<a>\x01</a>",
        "<a>\xff</a>",
        "<a x='<'/>",
        "<?xml version='1.0'?>",
        "<!-- only -->",
        "\xef\xbb\xbf",
        "<a b='&#0;'/>",
        "<a b='&#xFFFE;'/>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_refused(texts[i], strlen(texts[i]), "line ");
    }

    assert_refused("", 0, "the document is empty");
    assert_refused("<a>\0</a>", 8, "the document contains a NUL byte");
    assert_refused("\xff\xfe<\0", 4, "line ");
}

static void
the_line_of_the_fault_is_named(void **state)
{
    static const char text[] = "<a>\n<b/>\n</c>\n";
    assert_refused(text, strlen(text), "line 3: ");
}

static void
a_document_type_is_refused(void **state)
{
    static const char *const texts[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a []><a/>",
        "<!DOCTYPE a SYSTEM 'http://192.0.2.1/a.dtd'><a/>",
        "<!DOCTYPE a PUBLIC '-//X' 'file:///dev/zero'><a/>",
        "<!DOCTYPE a [<!ENTITY e 'x'>]><a/>",
        "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a b='&e;'/>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;]><a/>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'default'>]><a/>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_refused(texts[i], strlen(texts[i]), "line ");
    }
}

/* Ten of ten of ten ...: a billion. */
static void
an_entity_bomb_is_refused_at_once(void **state)
{
    g_autoptr(GString) text = g_string_new("<!DOCTYPE a [<!ENTITY e0 'lol'>");

    for (guint i = 1; i < 10; i++) {
        g_string_append_printf(text, "<!ENTITY e%u '", i);
        for (guint j = 0; j < 10; j++) {
            g_string_append_printf(text, "&e%u;", i - 1);
        }

        g_string_append(text, "'>");
    }

    gsize head = text->len;
    gint64 start = g_get_monotonic_time();
    g_string_append(text, "]><a>&e9;</a>");
    assert_refused(text->str, text->len, "line ");
    g_string_truncate(text, head);
    g_string_append(text, "]><a b='&e9;'/>");
    assert_refused(text->str, text->len, "line ");
    assert_true(g_get_monotonic_time() - start < 5 * G_TIME_SPAN_SECOND);
}

static void
deep_nesting_is_refused(void **state)
{
    static const guint depths[] = {300, 10000, 1000000};

    for (gsize i = 0; i < G_N_ELEMENTS(depths); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint j = 0; j < depths[i]; j++) {
            g_string_append(text, "<a>");
        }

        assert_refused(text->str, text->len, "than the limit of ");
    }
}

static void
two_hundred_levels_are_accepted(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < 200; i++) {
        g_string_append(text, "<a>");
    }

    for (guint i = 0; i < 200; i++) {
        g_string_append(text, "</a>");
    }

    g_autoptr(QblkDocument) document = parse(text->str);
    assert_non_null(document);
}

static void
a_document_larger_than_the_limit_is_not_parsed(void **state)
{
    assert_refused("<a/>", (gsize)QBLK_LIMIT_FILE_BYTES + 1, "larger than the limit of 16 MiB");
    assert_refused("<a/>", G_MAXSIZE, "larger than the limit");
}

static void
a_large_document_is_accepted(void **state)
{
    g_autoptr(GString) text = g_string_new("<a>");

    for (guint i = 0; i < 100000; i++) {
        g_string_append_printf(text, "<b c='%u'/>", i);
    }

    g_string_append(text, "</a>");
    g_autoptr(QblkDocument) document = parse(text->str);
    const QblkDocumentNode *last = document->root->last;
    assert_string_equal(qblk_document_attribute(last, "c"), "99999");
}

static void
other_encodings_are_read(void **state)
{
    g_autoptr(QblkDocument) latin1 =
        parse("<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xe4'/>");

    assert_string_equal(qblk_document_attribute(latin1->root, "b"), "ä");
    g_autoptr(QblkDocument) marked = parse("\xef\xbb\xbf<a b='ä'/>");
    assert_string_equal(qblk_document_attribute(marked->root, "b"), "ä");
}

static void
an_attribute_is_read_without_its_escapes(void **state)
{
    g_autoptr(QblkDocument) document =
        parse("<a b='&lt;&amp;amp;&gt;&quot;&apos;&#10;&#x9;&#13;&#228; x' c='' d=\"'\"/>");
    const QblkDocumentNode *root = document->root;

    assert_string_equal(qblk_document_attribute(root, "b"), "<&amp;>\"'\n\t\rä x");
    assert_string_equal(qblk_document_attribute(root, "c"), "");
    assert_string_equal(qblk_document_attribute(root, "d"), "'");
    assert_null(qblk_document_attribute(root, "e"));
    assert_null(qblk_document_attribute(NULL, "b"));
}

static void
a_child_is_found_between_others_text_and_comments(void **state)
{
    g_autoptr(QblkDocument) document =
        parse("<a>text<x><b n='0'/></x><!-- <b n='1'/> --><?b n='2'?><b n='3'/><b n='4'/></a>");
    const QblkDocumentNode *root = document->root;
    const QblkDocumentNode *child = qblk_document_child(root, "b");

    assert_string_equal(qblk_document_attribute(child, "n"), "3");
    assert_true(qblk_document_is(child, "b"));
    assert_false(qblk_document_is(root->children, "text"));
    assert_null(qblk_document_child(root, "c"));
    assert_null(qblk_document_child(NULL, "b"));
}

static void
text_is_the_decoded_content_of_an_element(void **state)
{
    static const char *const texts[] = {
        "<a>AB&amp;C</a>",         "<a><![CDATA[AB&C]]></a>",
        "<a>A<![CDATA[B&]]>C</a>", "<a>A<!-- no -->B&#38;C</a>",
        "<a>A<?no?>B&#x26;C</a>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(QblkDocument) document = parse(texts[i]);
        g_autofree char *text = qblk_document_text(document->root);
        assert_string_equal(text, "AB&C");
    }

    g_autoptr(QblkDocument) empty = parse("<a/>");
    assert_null(qblk_document_text(empty->root));
    assert_null(qblk_document_text(NULL));
}

static void
text_between_elements_is_not_a_value(void **state)
{
    static const char *const texts[] = {"<a>A<b/></a>", "<a><b/>A</a>", "<a>A<b/>C</a>"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(QblkDocument) document = parse(texts[i]);
        assert_null(qblk_document_text(document->root));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_not_xml_is_refused),
        cmocka_unit_test(the_line_of_the_fault_is_named),
        cmocka_unit_test(a_document_type_is_refused),
        cmocka_unit_test(an_entity_bomb_is_refused_at_once),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(two_hundred_levels_are_accepted),
        cmocka_unit_test(a_document_larger_than_the_limit_is_not_parsed),
        cmocka_unit_test(a_large_document_is_accepted),
        cmocka_unit_test(other_encodings_are_read),
        cmocka_unit_test(an_attribute_is_read_without_its_escapes),
        cmocka_unit_test(a_child_is_found_between_others_text_and_comments),
        cmocka_unit_test(text_is_the_decoded_content_of_an_element),
        cmocka_unit_test(text_between_elements_is_not_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
