/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/libxml.h"

#include "base/dlopen-note.h"
#include "base/limits.h"
#include "base/text.h"

#include <dlfcn.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

/* ---- the library ---- */

/* Version 2.14 changed the ABI.  The types are those of the headers, so this is no choice of the
 * process. */
#if LIBXML_VERSION >= 21400
#define SONAME "libxml2.so.16"
#else
#define SONAME "libxml2.so.2"
#endif

QBLK_DLOPEN_NOTE("domain-xml", "Reads domain XML", SONAME);

typedef struct {
    __typeof__(xmlNewParserCtxt) *new_parser;
    __typeof__(xmlFreeParserCtxt) *free_parser;
    __typeof__(xmlCtxtReadMemory) *read_memory;
    __typeof__(xmlStopParser) *stop;
    __typeof__(xmlSAX2GetLineNumber) *line;
} Library;

static void
set_library_error(GError **error)
{
    g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_LIBRARY,
                "domain XML cannot be read without libxml2: %s: install it", dlerror());
}

/* Load the library, which then stays in the process. */
static gboolean
load(Library *library, GError **error)
{
    static const struct {
        const char *name;
        gsize member;
    } functions[] = {
        {"xmlNewParserCtxt", G_STRUCT_OFFSET(Library, new_parser)},
        {"xmlFreeParserCtxt", G_STRUCT_OFFSET(Library, free_parser)},
        {"xmlCtxtReadMemory", G_STRUCT_OFFSET(Library, read_memory)},
        {"xmlStopParser", G_STRUCT_OFFSET(Library, stop)},
        {"xmlSAX2GetLineNumber", G_STRUCT_OFFSET(Library, line)},
    };
    gpointer handle = dlopen(SONAME, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == NULL) {
        set_library_error(error);
        return FALSE;
    }

    gsize i = 0;
    for (; i < G_N_ELEMENTS(functions); i++) {
        gpointer function = dlsym(handle, functions[i].name);

        if (function == NULL) {
            set_library_error(error);
            break;
        }
        memcpy((char *)library + functions[i].member, &function, sizeof function);
    }

    dlclose(handle);
    return i == G_N_ELEMENTS(functions);
}

/* ---- the state of the parser ---- */

typedef struct {
    const Library *library;
    QblkDocument *document; /* owned */
    QblkDocumentNode *open; /* the innermost open element; NULL: none */
    gboolean is_utf8;       /* the declaration is ignored */
    guint depth;            /* of open elements */
    guint namespaces;       /* that they declare */
    GString *text;          /* owned: of the open element, since its last child */
    char *reason;           /* owned: the first reason to stop, with its line; NULL: none */
} Reading;

static void
reading_init(Reading *reading, const Library *library, gboolean is_utf8)
{
    *reading = (Reading){
        .library = library,
        .is_utf8 = is_utf8,
        .document = qblk_document_new(),
        .text = g_string_new(NULL),
    };
}

static void
reading_clear(Reading *reading)
{
    qblk_document_free(reading->document);
    g_string_free(reading->text, TRUE);
    g_free(reading->reason);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

static Reading *
reading_of(void *parser)
{
    return ((xmlParserCtxt *)parser)->_private;
}

static void stop(xmlParserCtxt *parser, int line, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
stop(xmlParserCtxt *parser, int line, const char *format, ...)
{
    Reading *reading = reading_of(parser);

    if (reading->reason == NULL) {
        va_list arguments;

        va_start(arguments, format);
        g_autofree char *reason = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        reading->reason = g_strdup_printf("line %d: %s", line, reason);
    }

    reading->library->stop(parser);
}

static int
line_of(void *parser)
{
    return reading_of(parser)->library->line(parser);
}

/* ---- what the parser finds ---- */

/* Called at the start of a document type, before any of its entities is read. */
static void
stop_at_document_type(void *parser, const xmlChar *name, const xmlChar *external,
                      const xmlChar *system)
{
    stop(parser, line_of(parser), "a document type is not allowed");
}

/* The encoding that the XML declaration specifies, NULL if it specifies none. */
static const char *
declared_encoding(const xmlParserCtxt *parser)
{
    const xmlChar *encoding = parser->encoding;

#if LIBXML_VERSION < 21400
    /* Before 2.12 an encoding other than UTF-8 is here. */
    if (encoding == NULL) {
        encoding = parser->input->encoding;
    }
#endif
    return (const char *)encoding;
}

/* Called after the XML declaration.  In the known encodings '<' and '=' are the bytes that they are
 * in ASCII, so that tags and attributes were counted in what the parser reads. */
static void
check_encoding(void *context)
{
    static const char *const known[] = {"UTF-8",     "UTF8",   "US-ASCII",   "ASCII",
                                        "ISO-8859-", "LATIN1", "WINDOWS-125"};
    const char *encoding = declared_encoding(context);
    gboolean is_known = encoding == NULL || reading_of(context)->is_utf8;

    for (gsize i = 0; !is_known && i < G_N_ELEMENTS(known); i++) {
        is_known = g_ascii_strncasecmp(encoding, known[i], strlen(known[i])) == 0;
    }
    if (!is_known) {
        stop(context, line_of(context), "unsupported encoding '%s': convert the document to UTF-8",
             encoding);
    }
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

/* Add the text since the last child, which the parser gives in pieces. */
static void
end_text(Reading *reading)
{
    GString *text = reading->text;

    if (text->len > 0 && reading->open != NULL) {
        const char *kept = qblk_document_keep(reading->document, text->str, (gssize)text->len);
        QblkDocumentNode node = {.kind = QBLK_DOCUMENT_TEXT, .text = kept};
        qblk_document_add(reading->document, reading->open, node);
    }
    g_string_truncate(text, 0);
}

static void
add_text(void *context, const xmlChar *text, int length)
{
    g_string_append_len(reading_of(context)->text, (const char *)text, length);
}

/* Add a comment, or the instruction @name. */
static void
add_note(void *context, QblkDocumentKind kind, const xmlChar *name, const xmlChar *text)
{
    Reading *reading = reading_of(context);
    const char *content = text == NULL ? "" : (const char *)text;

    end_text(reading);
    if (reading->open == NULL) {
        return; /* outside of the root element */
    }

    QblkDocumentNode node = {
        .kind = kind,
        .line = line_of(context),
        .name = name == NULL ? NULL : qblk_document_keep(reading->document, (const char *)name, -1),
        .text = qblk_document_keep(reading->document, content, -1),
    };
    qblk_document_add(reading->document, reading->open, node);
}

static void
add_comment(void *context, const xmlChar *text)
{
    add_note(context, QBLK_DOCUMENT_COMMENT, NULL, text);
}

static void
add_instruction(void *context, const xmlChar *name, const xmlChar *text)
{
    if (!is_name_printable(name)) {
        stop(context, line_of(context), "a name contains a character that is not printable");
        return;
    }

    add_note(context, QBLK_DOCUMENT_INSTRUCTION, name, text);
}

/* Returns: @name with its prefix (nullable) */
static const char *
keep_name(QblkDocument *document, const xmlChar *prefix, const xmlChar *name)
{
    if (prefix == NULL) {
        return qblk_document_keep(document, (const char *)name, -1);
    }

    g_autofree char *both = g_strdup_printf("%s:%s", (const char *)prefix, (const char *)name);
    return qblk_document_keep(document, both, -1);
}

/* @list has a prefix (NULL: the default one) and a name of each namespace. */
static void
add_declarations(QblkDocument *document, QblkDocumentNode *element, const xmlChar **list, int count)
{
    QblkDocumentAttribute **end = &element->declarations;

    for (int i = 0; i < count; i++) {
        const char *prefix = (const char *)list[2 * i];
        const char *value = (const char *)list[2 * i + 1];
        QblkDocumentAttribute declaration = {
            .name = qblk_document_keep(document, prefix == NULL ? "" : prefix, -1),
            .value = qblk_document_keep(document, value == NULL ? "" : value, -1),
        };
        end = qblk_document_add_attribute(document, end, declaration);
    }
}

/* @list has five pointers for each attribute: its name, prefix and namespace, and the start and the
 * end of its value. */
static void
add_attributes(QblkDocument *document, QblkDocumentNode *element, const xmlChar **list, int count)
{
    QblkDocumentAttribute **end = &element->attributes;

    for (int i = 0; i < count; i++) {
        const xmlChar *const *at = list + 5 * i;
        QblkDocumentAttribute attribute = {
            .name = keep_name(document, at[1], at[0]),
            .value = qblk_document_keep(document, (const char *)at[3], at[4] - at[3]),
            .is_in_namespace = at[2] != NULL,
        };
        end = qblk_document_add_attribute(document, end, attribute);
    }
}

static void
start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
              int namespaces, const xmlChar **namespace_list, int attributes, int defaulted,
              const xmlChar **attribute_list)
{
    Reading *reading = reading_of(context);
    QblkDocument *document = reading->document;
    gboolean is_printable = is_name_printable(name) && is_name_printable(prefix) &&
                            are_names_printable(namespace_list, namespaces, 2) &&
                            are_names_printable(attribute_list, attributes, 5);

    end_text(reading);
    if (reading->depth >= QBLK_LIMIT_XML_DEPTH) {
        stop(context, line_of(context), "elements are nested deeper than the limit of %d",
             QBLK_LIMIT_XML_DEPTH);
        return;
    }
    if (reading->namespaces + (guint)namespaces > QBLK_LIMIT_XML_NAMESPACES) {
        stop(context, line_of(context), "more namespaces are declared than the limit of %d",
             QBLK_LIMIT_XML_NAMESPACES);
        return;
    }
    if (!is_printable) {
        stop(context, line_of(context), "a name contains a character that is not printable");
        return;
    }

    QblkDocumentNode node = {
        .kind = QBLK_DOCUMENT_ELEMENT,
        .line = line_of(context),
        .name = keep_name(document, prefix, name),
        .is_in_namespace = uri != NULL,
    };
    reading->open = qblk_document_add(document, reading->open, node);
    reading->depth++;
    reading->namespaces += (guint)namespaces;
    add_declarations(document, reading->open, namespace_list, namespaces);
    add_attributes(document, reading->open, attribute_list, attributes);
}

static void
end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    Reading *reading = reading_of(context);

    end_text(reading);
    if (reading->open == NULL) {
        return; /* the parser was stopped at its start */
    }

    for (const QblkDocumentAttribute *at = reading->open->declarations; at != NULL; at = at->next) {
        reading->namespaces--;
    }
    reading->depth--;
    reading->open = reading->open->parent;
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
    if (cause->level < XML_ERR_FATAL) {
        return;
    }

    g_autofree char *text = g_strdup(cause->message == NULL ? "not well-formed" : cause->message);
    g_strdelimit(g_strchomp(text), "\n", ' ');
    if (g_ascii_isupper(text[0]) && g_ascii_islower(text[1])) {
        text[0] = g_ascii_tolower(text[0]);
    }
    stop(context, cause->line, "%s", text);
}

/* ---- parsing ---- */

/* The parser keeps no tree of its own. */
static void
set_handlers(xmlSAXHandler *handler)
{
    *handler = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = stop_at_document_type,
        .startDocument = check_encoding,
        .startElementNs = start_element,
        .endElementNs = end_element,
        .characters = add_text,
        .ignorableWhitespace = add_text,
        .cdataBlock = add_text,
        .comment = add_comment,
        .processingInstruction = add_instruction,
        .serror = stop_at_error,
    };
}

QblkDocument *
qblk_libxml_parse(const char *text, gsize length, gboolean is_utf8, GError **error)
{
    /* NOENT: values come without references.  Without a document type there are only those of
     * characters and the five that XML defines. */
    const int options = XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOENT |
                        XML_PARSE_BIG_LINES | (is_utf8 ? XML_PARSE_IGNORE_ENC : 0);
    Library library = {0};
    if (!load(&library, error)) {
        return NULL;
    }

    g_auto(Reading) reading;
    reading_init(&reading, &library, is_utf8);
    xmlParserCtxt *parser = library.new_parser();
    parser->_private = &reading;
    set_handlers(parser->sax);
    (void)library.read_memory(parser, text, (int)length, NULL, is_utf8 ? "UTF-8" : NULL, options);
    gboolean is_valid = parser->wellFormed == 1 && reading.document->root != NULL;
    library.free_parser(parser);

    if (reading.reason != NULL || !is_valid) {
        g_set_error_literal(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                            reading.reason == NULL ? "the document is not well-formed"
                                                   : reading.reason);
        return NULL;
    }
    return g_steal_pointer(&reading.document);
}
