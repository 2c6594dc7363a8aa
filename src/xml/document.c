/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document.h"

#include "base/limits.h"
#include "base/text.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlParserCtxt, xmlFreeParserCtxt)

static xmlDoc *
fail(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, reason);
    return NULL;
}

/* Why the parser was stopped: the first reason there was, with its line; NULL where it was not. */
typedef struct {
    char *reason; /* owned */
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

/* Called at the beginning of a document type, before any entity of it is read. */
static void
refuse_document_type(void *parser, const xmlChar *name, const xmlChar *external,
                     const xmlChar *system)
{
    stop(parser, xmlSAX2GetLineNumber(parser), "a document type is not taken");
}

/* Called after the XML declaration.  An encoding in which '<' and '=' are not the bytes that they
 * are in ASCII would hide from count_nodes() what the parser is going to see. */
static void
check_encoding(void *context)
{
    static const char *const known[] = {"UTF-8",     "UTF8",   "US-ASCII",   "ASCII",
                                        "ISO-8859-", "LATIN1", "WINDOWS-125"};
    xmlParserCtxt *parser = context;
    /* libxml2 has the name of one that is not UTF-8 in another place before 2.12. */
    const xmlChar *name = parser->encoding == NULL ? parser->input->encoding : parser->encoding;
    const char *encoding = (const char *)name;
    gboolean is_known = encoding == NULL;
    for (gsize i = 0; !is_known && i < G_N_ELEMENTS(known); i++) {
        is_known = g_ascii_strncasecmp(encoding, known[i], strlen(known[i])) == 0;
    }
    if (!is_known) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "the encoding '%s' is not taken: save it as UTF-8", encoding);
    }
    xmlSAX2StartDocument(parser);
}

/* Names have no way to say a character by its number, and some that they may have are not shown. */
static gboolean
is_shown(const xmlChar *name)
{
    for (const char *at = (const char *)name; at != NULL && *at != '\0';
         at = g_utf8_find_next_char(at, NULL)) {
        if (!qblk_text_is_printable(g_utf8_get_char(at))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Whether all names are that stand in @list, of @count entries with @width pointers each: first a
 * name, and in wider ones a prefix. */
static gboolean
are_shown(const xmlChar **list, int count, int width)
{
    for (int i = 0; i < count; i++) {
        if (!is_shown(list[i * width]) || (width > 2 && !is_shown(list[i * width + 1]))) {
            return FALSE;
        }
    }
    return TRUE;
}

static void
instruction(void *context, const xmlChar *name, const xmlChar *content)
{
    if (!is_shown(name)) {
        stop(context, xmlSAX2GetLineNumber(context),
             "a name has a character that a terminal does not show");
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
    if (parser->nodeNr >= QBLK_LIMIT_XML_DEPTH) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "elements are nested deeper than the limit of %d", QBLK_LIMIT_XML_DEPTH);
    } else if (parser->nsNr / 2 > QBLK_LIMIT_XML_NAMESPACES) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "more namespaces are declared than the limit of %d", QBLK_LIMIT_XML_NAMESPACES);
    } else if (!is_shown(name) || !is_shown(prefix) || !are_shown(namespace_list, namespaces, 2) ||
               !are_shown(attribute_list, attributes, 5)) {
        stop(parser, xmlSAX2GetLineNumber(parser),
             "a name has a character that a terminal does not show");
    } else {
        xmlSAX2StartElementNs(parser, name, prefix, uri, namespaces, namespace_list, attributes,
                              defaulted, attribute_list);
    }
}

/* Refuse what would take libxml2 too much time or memory, before it sees it.  Every tag and comment
 * begins with '<' and no attribute list contains one; every attribute has a quote after '='.  Text
 * with such quotes is counted too, so this may count too much but never too little. */
static gboolean
count_nodes(const char *text, gsize length, GError **error)
{
    gsize nodes = 0, attributes = 0;
    gboolean after_equals = FALSE;
    for (gsize i = 0; i < length; i++) {
        char c = text[i];
        if (c == '<') {
            nodes++;
            attributes = 0;
        } else if (after_equals && (c == '"' || c == '\'')) {
            nodes++;
            attributes++;
        }
        if (nodes > QBLK_LIMIT_XML_NODES || attributes > QBLK_LIMIT_XML_ATTRIBUTES) {
            gboolean too_many = nodes > QBLK_LIMIT_XML_NODES;
            g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                        "%s more than the limit of %d %s",
                        too_many ? "the document has" : "an element has",
                        too_many ? QBLK_LIMIT_XML_NODES : QBLK_LIMIT_XML_ATTRIBUTES,
                        too_many ? "tags and attributes" : "attributes");
            return FALSE;
        }
        after_equals = c == '=' || (after_equals && g_ascii_isspace(c));
    }
    return TRUE;
}

/* From UTF-16 to UTF-8 where @text is in UTF-16; NULL with no error where it is not. */
static char *
convert(const char *text, gsize length, gsize *converted, GError **error)
{
    g_autoptr(GError) cause = NULL;
    xmlCharEncoding encoding = xmlDetectCharEncoding((const guchar *)text, (int)MIN(length, 4));
    if (encoding == XML_CHAR_ENCODING_NONE || encoding == XML_CHAR_ENCODING_UTF8) {
        return NULL;
    }
    if (encoding != XML_CHAR_ENCODING_UTF16LE && encoding != XML_CHAR_ENCODING_UTF16BE) {
        (void)fail(error, "the encoding is not taken: save it as UTF-8");
        return NULL;
    }
    char *result = g_convert(text, (gssize)length, "UTF-8",
                             encoding == XML_CHAR_ENCODING_UTF16LE ? "UTF-16LE" : "UTF-16BE", NULL,
                             converted, &cause);
    if (result == NULL) {
        (void)fail(error, "it begins as UTF-16 and goes on as something else");
    }
    return result;
}

#if LIBXML_VERSION < 21200
typedef xmlError *ParserError;
#else
typedef const xmlError *ParserError;
#endif

/* What the parser says first, in our form: lower case, no full stop.  It is not asked for more: to
 * go on after an error can take it a time that grows with the square of the size. */
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

/* @text is in an encoding like ASCII, or, where @is_utf8, known to be UTF-8 whatever it says. */
static xmlDoc *
parse(const char *text, gsize length, gboolean is_utf8, GError **error)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                        XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES |
                        (is_utf8 ? XML_PARSE_IGNORE_ENC : 0);
    g_auto(Verdict) verdict = {0};
    g_autoptr(xmlParserCtxt) parser = xmlNewParserCtxt();
    parser->_private = &verdict;
    parser->sax->internalSubset = refuse_document_type;
    parser->sax->startDocument = check_encoding;
    parser->sax->startElementNs = start_element;
    parser->sax->processingInstruction = instruction;
    parser->sax->serror = stop_at_error;
    g_autoptr(xmlDoc) document =
        xmlCtxtReadMemory(parser, text, (int)length, NULL, is_utf8 ? "UTF-8" : NULL, options);
    if (verdict.reason != NULL) {
        return fail(error, verdict.reason);
    }
    if (document == NULL || xmlDocGetRootElement(document) == NULL) {
        return fail(error, "the document is not well-formed");
    }
    return g_steal_pointer(&document);
}

xmlDoc *
qblk_document_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (length > QBLK_LIMIT_XML_BYTES) {
        return fail(error, "the document is larger than the limit of 16 MiB");
    }
    g_autofree char *converted = convert(text, length, &length, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    const char *start = converted == NULL ? text : converted;
    if (length == 0) {
        return fail(error, "the document is empty");
    }
    if (memchr(start, '\0', length) != NULL) {
        return fail(error, "the document has a NUL byte in it");
    }
    return count_nodes(start, length, error) ? parse(start, length, converted != NULL, error)
                                             : NULL;
}

gboolean
qblk_document_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns == NULL &&
           g_str_equal((const char *)node->name, name);
}

const xmlNode *
qblk_document_child(const xmlNode *element, const char *name)
{
    for (const xmlNode *at = element == NULL ? NULL : element->children; at != NULL;
         at = at->next) {
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
    for (const xmlNode *at = element == NULL ? NULL : element->children; at != NULL;
         at = at->next) {
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
    for (const xmlAttr *at = element == NULL ? NULL : element->properties; at != NULL;
         at = at->next) {
        if (at->ns == NULL && g_str_equal((const char *)at->name, name)) {
            return at->children == NULL ? "" : (const char *)at->children->content;
        }
    }
    return NULL;
}
