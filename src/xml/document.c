/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document.h"

#include "base/limits.h"
#include "base/text.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlParserCtxt, xmlFreeParserCtxt)

static void
set_invalid_error(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, reason);
}

/* ---- the parser ---- */

typedef struct {
    char *reason; /* the first reason to stop the parser, with its line; NULL: none */
} Verdict;

static void
verdict_clear(Verdict *verdict)
{
    g_free(verdict->reason);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Verdict, verdict_clear)

static void stop(xmlParserCtxt *parser, int line, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
stop(xmlParserCtxt *parser, int line, const char *format, ...)
{
    Verdict *verdict = parser->_private;

    if (verdict->reason == NULL) {
        va_list arguments;

        va_start(arguments, format);
        g_autofree char *reason = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        verdict->reason = g_strdup_printf("line %d: %s", line, reason);
    }

    xmlStopParser(parser);
}

/* Called at the start of a document type, before any of its entities is read. */
static void
stop_at_document_type(void *parser, const xmlChar *name, const xmlChar *external,
                      const xmlChar *system)
{
    stop(parser, xmlSAX2GetLineNumber(parser), "a document type is not allowed");
}

/* The encoding that the XML declaration specifies, NULL if it specifies none. */
static const char *
declared_encoding(const xmlParserCtxt *parser)
{
    if (parser->encoding != NULL) {
        return (const char *)parser->encoding;
    }
    /* libxml2 before 2.12 has an encoding other than UTF-8 here. */
    return (const char *)parser->input->encoding;
}

/* Called after the XML declaration.  In the known encodings '<' and '=' are the bytes that they are
 * in ASCII, so that check_node_count() counts what the parser reads. */
static void
check_encoding(void *context)
{
    static const char *const known[] = {"UTF-8",     "UTF8",   "US-ASCII",   "ASCII",
                                        "ISO-8859-", "LATIN1", "WINDOWS-125"};
    xmlParserCtxt *parser = context;
    const char *encoding = declared_encoding(parser);
    gboolean is_known = encoding == NULL;

    for (gsize i = 0; !is_known && i < G_N_ELEMENTS(known); i++) {
        is_known = g_ascii_strncasecmp(encoding, known[i], strlen(known[i])) == 0;
    }
    if (!is_known) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "unsupported encoding '%s': convert the document to UTF-8", encoding);
    }

    xmlSAX2StartDocument(parser);
}

/* TRUE if a terminal shows all characters of @name, which may be NULL.  XML allows others in names,
 * and a name cannot contain character references. */
static gboolean
is_name_printable(const xmlChar *name)
{
    const char *at = (const char *)name;

    for (; at != NULL && *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        if (!qblk_text_is_printable(g_utf8_get_char(at))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The same for @list, which has @count entries of @width pointers.  The first pointer is a name; if
 * there are more than two, the second is a prefix. */
static gboolean
are_names_printable(const xmlChar **list, int count, int width)
{
    for (int i = 0; i < count; i++) {
        const xmlChar *const *entry = list + i * width;

        if (!is_name_printable(entry[0])) {
            return FALSE;
        }
        if (width > 2 && !is_name_printable(entry[1])) {
            return FALSE;
        }
    }
    return TRUE;
}

static void
read_instruction(void *context, const xmlChar *name, const xmlChar *content)
{
    if (!is_name_printable(name)) {
        stop(context, xmlSAX2GetLineNumber(context),
             "a name contains a character that is not printable");
        return;
    }

    xmlSAX2ProcessingInstruction(context, name, content);
}

static void
start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
              int namespaces, const xmlChar **namespace_list, int attributes, int defaulted,
              const xmlChar **attribute_list)
{
    xmlParserCtxt *parser = context;
    gboolean is_printable = is_name_printable(name) && is_name_printable(prefix) &&
                            are_names_printable(namespace_list, namespaces, 2) &&
                            are_names_printable(attribute_list, attributes, 5);

    if (parser->nodeNr >= QBLK_LIMIT_XML_DEPTH) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "elements are nested deeper than the limit of %d", QBLK_LIMIT_XML_DEPTH);
    } else if (parser->nsNr / 2 > QBLK_LIMIT_XML_NAMESPACES) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "more namespaces are declared than the limit of %d", QBLK_LIMIT_XML_NAMESPACES);
    } else if (!is_printable) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "a name contains a character that is not printable");
    } else {
        xmlSAX2StartElementNs(parser, name, prefix, uri, namespaces, namespace_list, attributes,
                              defaulted, attribute_list);
    }
}

#if LIBXML_VERSION < 21200
typedef xmlError *ParserError;
#else
typedef const xmlError *ParserError;
#endif

/* Called at each error.  The message gets our form: lower case, no full stop.  The parser stops at
 * the first error, because its recovery can take quadratic time. */
static void
stop_at_error(void *context, ParserError cause)
{
    xmlParserCtxt *parser = context;

    if (cause->level < XML_ERR_FATAL) {
        return;
    }

    g_autofree char *text = g_strdup(cause->message == NULL ? "not well-formed" : cause->message);
    g_strdelimit(g_strchomp(text), "\n", ' ');
    if (g_ascii_isupper(text[0]) && g_ascii_islower(text[1])) {
        text[0] = g_ascii_tolower(text[0]);
    }
    stop(parser, cause->line, "%s", text);
}

/* Parse @text, which is in an encoding like ASCII. If @is_utf8, it is UTF-8, and its declaration is
 * ignored. */
static xmlDoc *
parse_ascii_like(const char *text, gsize length, gboolean is_utf8, GError **error)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                        XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES |
                        (is_utf8 ? XML_PARSE_IGNORE_ENC : 0);
    g_auto(Verdict) verdict = {0};
    g_autoptr(xmlParserCtxt) parser = xmlNewParserCtxt();

    parser->_private = &verdict;
    parser->sax->internalSubset = stop_at_document_type;
    parser->sax->startDocument = check_encoding;
    parser->sax->startElementNs = start_element;
    parser->sax->processingInstruction = read_instruction;
    parser->sax->serror = stop_at_error;

    g_autoptr(xmlDoc) document =
        xmlCtxtReadMemory(parser, text, (int)length, NULL, is_utf8 ? "UTF-8" : NULL, options);
    if (verdict.reason != NULL) {
        set_invalid_error(error, verdict.reason);
        return NULL;
    }
    if (document == NULL || xmlDocGetRootElement(document) == NULL) {
        set_invalid_error(error, "the document is not well-formed");
        return NULL;
    }
    return g_steal_pointer(&document);
}

/* ---- before the parser ---- */

/* Refuse what would take libxml2 too much time or memory.  Every tag and comment starts with '<',
 * which no attribute list contains, and every attribute has a quote after '='.  Text may contain
 * the same, so the counts may be too high but never too low. */
static gboolean
check_node_count(const char *text, gsize length, GError **error)
{
    gsize nodes = 0, attributes = 0;
    gboolean is_after_equals = FALSE;

    for (gsize i = 0; i < length; i++) {
        char c = text[i];

        if (c == '<') {
            nodes++;
            attributes = 0;
        } else if (is_after_equals && (c == '"' || c == '\'')) {
            nodes++;
            attributes++;
        }
        is_after_equals = c == '=' || (is_after_equals && g_ascii_isspace(c));

        if (nodes > QBLK_LIMIT_XML_NODES) {
            g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                        "the document has more than the limit of %d tags and attributes",
                        QBLK_LIMIT_XML_NODES);
            return FALSE;
        }
        if (attributes > QBLK_LIMIT_XML_ATTRIBUTES) {
            g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                        "an element has more than the limit of %d attributes",
                        QBLK_LIMIT_XML_ATTRIBUTES);
            return FALSE;
        }
    }
    return TRUE;
}

/* Convert @text from UTF-16 to UTF-8.  Sets @converted, to NULL if @text is not in UTF-16, and then
 * leaves @length as it is. */
static gboolean
convert_utf16(const char *text, gsize *length, char **converted, GError **error)
{
    xmlCharEncoding encoding = xmlDetectCharEncoding((const guchar *)text, (int)MIN(*length, 4));
    const char *name = encoding == XML_CHAR_ENCODING_UTF16LE ? "UTF-16LE" : "UTF-16BE";

    *converted = NULL;
    if (encoding == XML_CHAR_ENCODING_NONE || encoding == XML_CHAR_ENCODING_UTF8) {
        return TRUE;
    }
    if (encoding != XML_CHAR_ENCODING_UTF16LE && encoding != XML_CHAR_ENCODING_UTF16BE) {
        set_invalid_error(error, "unsupported encoding: convert the document to UTF-8");
        return FALSE;
    }

    *converted = g_convert(text, (gssize)*length, "UTF-8", name, NULL, length, NULL);
    if (*converted == NULL) {
        set_invalid_error(error, "not valid UTF-16");
        return FALSE;
    }
    return TRUE;
}

xmlDoc *
qblk_document_parse(const char *text, gsize length, GError **error)
{
    g_autofree char *converted = NULL;

    if (length > QBLK_LIMIT_XML_BYTES) {
        set_invalid_error(error, "the document is larger than the limit of 16 MiB");
        return NULL;
    }
    if (!convert_utf16(text, &length, &converted, error)) {
        return NULL;
    }
    const char *start = converted == NULL ? text : converted;

    if (length == 0) {
        set_invalid_error(error, "the document is empty");
        return NULL;
    }
    if (memchr(start, '\0', length) != NULL) {
        set_invalid_error(error, "the document contains a NUL byte");
        return NULL;
    }
    if (!check_node_count(start, length, error)) {
        return NULL;
    }

    return parse_ascii_like(start, length, converted != NULL, error);
}

/* ---- access ---- */

gboolean
qblk_document_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns == NULL &&
           g_str_equal((const char *)node->name, name);
}

const xmlNode *
qblk_document_child(const xmlNode *element, const char *name)
{
    const xmlNode *at = element == NULL ? NULL : element->children;

    for (; at != NULL; at = at->next) {
        if (qblk_document_is(at, name)) {
            return at;
        }
    }
    return NULL;
}

char *
qblk_document_text(const xmlNode *element)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const xmlNode *at = element == NULL ? NULL : element->children;

    for (; at != NULL; at = at->next) {
        if (at->type == XML_ELEMENT_NODE) {
            return NULL;
        }
        if (at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE) {
            g_string_append(text, (const char *)at->content);
        }
    }

    return text->len == 0 ? NULL : g_strdup(text->str);
}

const char *
qblk_document_attribute(const xmlNode *element, const char *name)
{
    const xmlAttr *at = element == NULL ? NULL : element->properties;

    for (; at != NULL; at = at->next) {
        if (at->ns == NULL && g_str_equal((const char *)at->name, name)) {
            return at->children == NULL ? "" : (const char *)at->children->content;
        }
    }
    return NULL;
}
