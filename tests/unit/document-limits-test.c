/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "lib/check.h"
#include "xml/document-parse.h"

#include <time.h>

static void
check_invalid(const char *text, gssize length, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDocument) document =
        qblk_document_parse(text, length < 0 ? strlen(text) : (gsize)length, &error);

    assert_null(document);
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, reason);
}

static QblkDocument *
parse(const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    QblkDocument *document = qblk_document_parse(text, length, &error);

    assert_no_error(error);
    return document;
}

/* @before, @count times @part, and @after. */
static GString *
repeat(const char *before, const char *part, gsize count, const char *after)
{
    GString *text = g_string_new(before);

    for (gsize i = 0; i < count; i++) {
        g_string_append(text, part);
    }

    return g_string_append(text, after);
}

static void
check_repeated(const char *before, const char *part, gsize count, const char *after,
               const char *reason)
{
    GString *text = repeat(before, part, count, after);

    if (reason == NULL) {
        g_autoptr(QblkDocument) document = parse(text->str, text->len);
        assert_non_null(document);
    } else {
        check_invalid(text->str, (gssize)text->len, reason);
    }

    g_string_free(text, TRUE);
}

static void
what_is_not_xml_is_refused_with_its_line(void **state)
{
    check_invalid("", 0, "the document is empty");

    check_invalid("   ", -1, "line 1: ");
    check_invalid("{}", -1, "line 1: start tag expected, '<' not found");
    check_invalid("<a>\n<b>\n</a>", -1, "line 3: opening and ending tag mismatch");
    check_invalid("<a/>\n<b/>", -1, "line 2: extra content at the end of the document");
    check_invalid("<a b='1' b='2'/>", -1, "attribute b redefined");
    check_invalid("<a b='<'/>", -1, "line 1: ");
    check_invalid("<a>&other;</a>", -1, "entity 'other' not defined");
    check_invalid("<a>&#0;</a>", -1, "line 1: ");
    check_invalid("<a>\x1b</a>", -1, "line 1: ");
    check_invalid("<a>\xff</a>", -1, "line 1: input is not proper UTF-8");
    check_invalid("<!-- only this -->", -1, "line 1: ");
}

static void
each_document_type_is_refused(void **state)
{
    static const char *const types[] = {
        "<!DOCTYPE a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE a PUBLIC 'x' 'http://localhost:1/x.dtd'>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE a [<!ENTITY % b SYSTEM 'file:///etc/passwd'> %b;]>",
        "<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;&b;&b;'>]>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'default'>]>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *text = g_strconcat("\n", types[i], "<a>&c;</a>", NULL);
        check_invalid(text, -1, "line 2: a document type is not allowed");
    }
}

static void
a_byte_of_zero_is_not_the_end_of_a_document(void **state)
{
    const char text[] = "<a b='c'>d</a>\0<rest/>";

    check_invalid(text, sizeof text - 1, "the document contains a NUL byte");
    for (gsize i = 0; i < strlen(text); i++) {
        g_autofree char *copy = g_strdup(text);
        copy[i] = '\0';
        check_invalid(copy, (gssize)strlen(text), "the document contains a NUL byte");
    }
}

static void
a_document_is_as_deep_as_the_limit_and_no_deeper(void **state)
{
    GString *deepest = repeat("", "<a>", QBLK_LIMIT_XML_DEPTH, "");
    GString *ends = repeat("", "</a>", QBLK_LIMIT_XML_DEPTH, "");

    check_repeated(deepest->str, "", 0, ends->str, NULL);
    check_repeated(deepest->str, "<b/>", 1, ends->str,
                   "line 1: elements are nested deeper than the limit of 256");
    check_repeated("", "<a>", 10000, "", "nested deeper than the limit of 256");
    g_string_free(deepest, TRUE);
    g_string_free(ends, TRUE);
}

static void
a_document_is_as_large_as_the_limit_and_no_larger(void **state)
{
    GString *text = repeat("<a>", "                ", QBLK_LIMIT_XML_BYTES / 16, "");

    check_invalid(text->str, QBLK_LIMIT_XML_BYTES + 1,
                  "the document is larger than the limit of 16 MiB");
    memcpy(text->str + QBLK_LIMIT_XML_BYTES - 4, "</a>", 4);
    text->str[QBLK_LIMIT_XML_BYTES / 2] = '<';
    memcpy(text->str + QBLK_LIMIT_XML_BYTES / 2, "<b/>", 4);
    g_autoptr(QblkDocument) document = parse(text->str, QBLK_LIMIT_XML_BYTES);
    assert_non_null(document);
    g_string_free(text, TRUE);
}

static GString *
attributes(guint count, const char *form)
{
    GString *text = g_string_new("<a");

    for (guint i = 0; i < count; i++) {
        g_string_append_printf(text, " %s%u = 'x'", form, i);
    }

    return g_string_append(text, "/>");
}

static void
attributes_and_namespaces_of_an_element_are_limited(void **state)
{
    static const struct {
        const char *form;
        guint most;
        const char *reason;

    } kinds[] = {
        {"a", QBLK_LIMIT_XML_ATTRIBUTES, "an element has more than the limit of 250 attributes"},
        {"xmlns:a", QBLK_LIMIT_XML_NAMESPACES,
         "line 1: more namespaces are declared than the limit of 100"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        GString *most = attributes(kinds[i].most, kinds[i].form);
        GString *more = attributes(kinds[i].most + 1, kinds[i].form);
        g_autoptr(QblkDocument) document = parse(most->str, most->len);
        assert_non_null(document);
        check_invalid(more->str, (gssize)more->len, kinds[i].reason);
        g_string_free(most, TRUE);
        g_string_free(more, TRUE);
    }
}

static double
processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void
documents_made_to_take_long_do_not(void **state)
{
    static const struct {
        const char *before, *part, *after, *reason;

    } hostile[] = {
        {"<a>", "<b/>", "</a>", "the document has more than the limit of 250000"},
        {"<a>", "<!---->", "</a>", "the document has more than the limit of 250000"},
        {"<a ", "b='' ", "/>", "an element has more than the limit of 250 attributes"},
        {"<a b=\"", "&amp;", "\"/>", NULL},
        {"<a b=\"", "&#38;", "\"/>", NULL},
        {"<a>", "&#10;", "</a>", NULL},
        {"<a>", "]]]]]", "</a>", NULL},
        {"<a><!--", "- - -", "--></a>", NULL},
        {"<a><![CDATA[", "]]]]]", "]]></a>", NULL},
        {"<a><?b ", "?????", "?></a>", NULL},
        {"<", "aaaaa", "/>", NULL},
        {"<a", "     ", "/>", NULL},
        {"<a b='", "\n\n\n\n\n", "'/>", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autoptr(GError) error = NULL;
        GString *text = repeat(hostile[i].before, hostile[i].part,
                               (gsize)(4 << 20) / strlen(hostile[i].part), hostile[i].after);
        double start = processor_seconds();
        g_autoptr(QblkDocument) document = qblk_document_parse(text->str, text->len, &error);
        /* Quadratic time would be minutes; valgrind is slow. */
        assert_true(processor_seconds() - start < 20);
        assert_true((document == NULL) == (error != NULL));
        if (hostile[i].reason != NULL) {
            assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, hostile[i].reason);
        }

        g_string_free(text, TRUE);
    }
}

static void
a_document_cut_off_anywhere_is_refused(void **state)
{
    const char text[] =
        "<?xml version='1.0' encoding='UTF-8'?><!-- c --><?p i?><domain x='&lt;&#10;'>"
        "<devices><disk type='file'><source file='\xc3\xa4'/><![CDATA[<]]>&amp;"
        "<x:y xmlns:x='urn:x' x:z='1'/></disk></devices></domain>";
    g_autoptr(QblkDocument) whole = parse(text, sizeof text - 1);

    for (gsize i = 0; i < sizeof text - 1; i++) {
        g_autofree char *cut = g_strndup(text, i);
        check_invalid(cut, (gssize)i, "");
    }
}

static char *
encoded(const char *text, const char *encoding, gsize *length)
{
    return g_convert(text, -1, encoding, "UTF-8", NULL, length, NULL);
}

static void
documents_in_other_encodings_are_read(void **state)
{
    static const struct {
        const char *declared, *encoding;

    } known[] = {
        {"", "UTF-8"},
        {"\xef\xbb\xbf", "UTF-8"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?>", "ISO-8859-1"},
        {"<?xml version='1.0' encoding='iso-8859-15'?>", "ISO-8859-15"},
        {"<?xml version='1.0' encoding='windows-1252'?>", "WINDOWS-1252"},
        {"<?xml version='1.0' encoding='UTF-16'?>", "UTF-16LE"},
        {"<?xml version='1.0' encoding='UTF-16'?>", "UTF-16BE"},
        {"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-16'?>", "UTF-16LE"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        gsize length;
        g_autofree char *text = g_strconcat(known[i].declared, "<a b='\xc3\xa4'/>", NULL);
        g_autofree char *bytes = encoded(text, known[i].encoding, &length);
        g_autoptr(QblkDocument) document = parse(bytes, length);
        assert_string_equal(qblk_document_attribute(document->root, "b"), "\xc3\xa4");
    }
}

static void
encodings_that_hide_their_tags_are_refused(void **state)
{
    gsize length;

    check_invalid("<?xml version='1.0' encoding='UTF-7'?><a/>", -1,
                  "line 1: unsupported encoding 'UTF-7': convert the document to UTF-8");
    check_invalid("<?xml version='1.0' encoding='nonsense'?><a/>", -1, "line 1: ");
    g_autofree char *wide = encoded("<a b='c'/>", "UTF-32LE", &length);
    check_invalid(wide, (gssize)length, "");
    g_autofree char *half = encoded("<?xml version='1.0'?><a/>", "UTF-16LE", &length);
    check_invalid(half, (gssize)length - 1, "not valid UTF-16");
}

static void
elements_in_a_namespace_are_ignored(void **state)
{
    const char text[] = "<a x:b='1' b='2' xmlns:x='urn:x'><x:c/><c d=''>e</c><f>g<!-- -->h</f></a>";
    g_autoptr(QblkDocument) document = parse(text, sizeof text - 1);
    const QblkDocumentNode *root = document->root;
    const QblkDocumentNode *child = qblk_document_child(root, "c");

    assert_string_equal(qblk_document_attribute(root, "b"), "2");
    assert_false(child->is_in_namespace);
    assert_string_equal(qblk_document_attribute(child, "d"), "");
    assert_null(qblk_document_attribute(child, "e"));
    g_autofree char *text_of_c = qblk_document_text(child);
    assert_string_equal(text_of_c, "e");
    g_autofree char *text_of_f = qblk_document_text(qblk_document_child(root, "f"));
    assert_string_equal(text_of_f, "gh");
    assert_null(qblk_document_child(NULL, "c"));
    assert_null(qblk_document_attribute(NULL, "c"));
    assert_null(qblk_document_text(NULL));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_xml_is_refused_with_its_line),
        cmocka_unit_test(each_document_type_is_refused),
        cmocka_unit_test(a_byte_of_zero_is_not_the_end_of_a_document),
        cmocka_unit_test(a_document_is_as_deep_as_the_limit_and_no_deeper),
        cmocka_unit_test(a_document_is_as_large_as_the_limit_and_no_larger),
        cmocka_unit_test(attributes_and_namespaces_of_an_element_are_limited),
        cmocka_unit_test(documents_made_to_take_long_do_not),
        cmocka_unit_test(a_document_cut_off_anywhere_is_refused),
        cmocka_unit_test(documents_in_other_encodings_are_read),
        cmocka_unit_test(encodings_that_hide_their_tags_are_refused),
        cmocka_unit_test(elements_in_a_namespace_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
