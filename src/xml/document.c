/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document.h"

#include "base/limits.h"

#include <libxml/parser.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlParserCtxt, xmlFreeParserCtxt)

static xmlDoc *
fail(GError **error, int line, const char *reason)
{
    g_autofree char *text = g_strdup(reason == NULL ? "not well-formed" : reason);
    g_strdelimit(g_strchomp(text), "\n", ' ');
    g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, "line %d: %s", line, text);
    return NULL;
}

/* Called at the beginning of a document type, before any entity of it is read. */
static void
refuse_document_type(void *context, const xmlChar *name, const xmlChar *external,
                     const xmlChar *system)
{
    xmlParserCtxt *parser = context;
    gboolean *has_type = parser->_private;
    *has_type = TRUE;
    xmlStopParser(parser);
}

xmlDoc *
qblk_document_parse(const char *text, gsize length, GError **error)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                        XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA;
    if (length > QBLK_LIMIT_XML_BYTES) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document is larger than the limit of %d bytes", QBLK_LIMIT_XML_BYTES);
        return NULL;
    }
    g_autoptr(xmlParserCtxt) parser = xmlNewParserCtxt();
    gboolean has_type = FALSE;
    parser->_private = &has_type;
    parser->sax->internalSubset = refuse_document_type;
    g_autoptr(xmlDoc) document = xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL, options);
    if (has_type) {
        return fail(error, 1, "a document type is not taken");
    }
    if (document == NULL) {
        return fail(error, parser->lastError.line, parser->lastError.message);
    }
    if (xmlDocGetRootElement(document) == NULL) {
        return fail(error, 1, "there is no element in it");
    }
    return g_steal_pointer(&document);
}

gboolean
qblk_document_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name);
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
        if (g_str_equal((const char *)at->name, name)) {
            return at->children == NULL ? "" : (const char *)at->children->content;
        }
    }
    return NULL;
}
