/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document-parse.h"

#include "base/limits.h"
#include "xml/libxml.h"

#include <string.h>

static void
set_invalid_error(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, reason);
}

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

typedef struct {
    const char *bytes;
    gsize count;
    const char *encoding; /* for g_convert(); NULL: not supported */
} Signature;

/* Returns: (nullable): what the first bytes of @text tell: a byte order mark, or '<' or "<?" in
 * units of more than one byte, or in EBCDIC */
static const Signature *
find_signature(const char *text, gsize length)
{
    static const Signature signatures[] = {
        {"\xff\xfe", 2, "UTF-16LE"}, {"\xfe\xff", 2, "UTF-16BE"}, {"<\0?\0", 4, "UTF-16LE"},
        {"\0<\0?", 4, "UTF-16BE"},   {"\0\0\0<", 4, NULL},        {"<\0\0\0", 4, NULL},
        {"\0\0<\0", 4, NULL},        {"\0<\0\0", 4, NULL},        {"\x4c\x6f\xa7\x94", 4, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(signatures); i++) {
        const Signature *at = &signatures[i];

        if (length >= at->count && memcmp(text, at->bytes, at->count) == 0) {
            return at;
        }
    }
    return NULL;
}

/* Convert @text from UTF-16 to UTF-8.  Sets @converted, to NULL if @text is not in UTF-16, and then
 * leaves @length as it is. */
static gboolean
convert_utf16(const char *text, gsize *length, char **converted, GError **error)
{
    const Signature *signature = find_signature(text, *length);

    *converted = NULL;
    if (signature == NULL) {
        return TRUE;
    }
    if (signature->encoding == NULL) {
        set_invalid_error(error, "unsupported encoding: convert the document to UTF-8");
        return FALSE;
    }

    *converted = g_convert(text, (gssize)*length, "UTF-8", signature->encoding, NULL, length, NULL);
    if (*converted == NULL) {
        set_invalid_error(error, "not valid UTF-16");
        return FALSE;
    }
    return TRUE;
}

QblkDocument *
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

    return qblk_libxml_parse(start, length, converted != NULL, error);
}
