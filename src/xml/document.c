/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document.h"

#include <string.h>

/* ---- memory ---- */

/* A document may be one disk with ten elements, or a domain with thousands. */
#define FIRST_BLOCK_BYTES 1024
#define MOST_DOUBLINGS    6

QblkDocument *
qblk_document_new(void)
{
    QblkDocument *document = g_new0(QblkDocument, 1);
    document->blocks = g_ptr_array_new_with_free_func(g_free);
    return document;
}

void
qblk_document_free(QblkDocument *document)
{
    if (document != NULL) {
        g_ptr_array_unref(document->blocks);
        g_free(document);
    }
}

static gpointer
allocate(QblkDocument *document, gsize size)
{
    gsize rounded = (size + G_MEM_ALIGN - 1) / G_MEM_ALIGN * G_MEM_ALIGN;

    if (rounded > document->free_size) {
        gsize block = (gsize)FIRST_BLOCK_BYTES << MIN(document->blocks->len, MOST_DOUBLINGS);
        document->free_size = MAX(rounded, block);
        document->free = g_malloc(document->free_size);
        g_ptr_array_add(document->blocks, document->free);
    }

    gpointer memory = document->free;
    document->free += rounded;
    document->free_size -= rounded;
    return memory;
}

const char *
qblk_document_keep(QblkDocument *document, const char *text, gssize length)
{
    gsize bytes = length < 0 ? strlen(text) : (gsize)length;
    char *kept = allocate(document, bytes + 1);

    memcpy(kept, text, bytes);
    kept[bytes] = '\0';
    return kept;
}

/* ---- building ---- */

QblkDocumentNode *
qblk_document_add(QblkDocument *document, QblkDocumentNode *parent, QblkDocumentNode node)
{
    QblkDocumentNode *added = allocate(document, sizeof *added);
    *added = node;
    added->parent = parent;

    if (parent == NULL) {
        document->root = added;
    } else if (parent->last == NULL) {
        parent->children = added;
        parent->last = added;
    } else {
        parent->last->next = added;
        parent->last = added;
    }
    return added;
}

QblkDocumentAttribute **
qblk_document_add_attribute(QblkDocument *document, QblkDocumentAttribute **end,
                            QblkDocumentAttribute attribute)
{
    QblkDocumentAttribute *added = allocate(document, sizeof *added);

    *added = attribute;
    added->next = NULL;
    *end = added;
    return &added->next;
}

/* ---- access ---- */

gboolean
qblk_document_is(const QblkDocumentNode *node, const char *name)
{
    return node->kind == QBLK_DOCUMENT_ELEMENT && !node->is_in_namespace &&
           g_str_equal(node->name, name);
}

const QblkDocumentNode *
qblk_document_child(const QblkDocumentNode *element, const char *name)
{
    const QblkDocumentNode *at = element == NULL ? NULL : element->children;

    for (; at != NULL; at = at->next) {
        if (qblk_document_is(at, name)) {
            return at;
        }
    }
    return NULL;
}

const char *
qblk_document_attribute(const QblkDocumentNode *element, const char *name)
{
    const QblkDocumentAttribute *at = element == NULL ? NULL : element->attributes;

    for (; at != NULL; at = at->next) {
        if (!at->is_in_namespace && g_str_equal(at->name, name)) {
            return at->value;
        }
    }
    return NULL;
}

char *
qblk_document_text(const QblkDocumentNode *element)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const QblkDocumentNode *at = element == NULL ? NULL : element->children;

    for (; at != NULL; at = at->next) {
        if (at->kind == QBLK_DOCUMENT_ELEMENT) {
            return NULL;
        }
        if (at->kind == QBLK_DOCUMENT_TEXT) {
            g_string_append(text, at->text);
        }
    }

    return text->len == 0 ? NULL : g_strdup(text->str);
}

const char *
qblk_document_local_name(const QblkDocumentNode *node)
{
    const char *colon = node->is_in_namespace ? strchr(node->name, ':') : NULL;
    return colon == NULL ? node->name : colon + 1;
}

/* ---- copying ---- */

static void
copy_attributes(QblkDocument *document, QblkDocumentAttribute **end,
                const QblkDocumentAttribute *list)
{
    for (const QblkDocumentAttribute *at = list; at != NULL; at = at->next) {
        QblkDocumentAttribute copy = {
            .name = qblk_document_keep(document, at->name, -1),
            .value = qblk_document_keep(document, at->value, -1),
            .is_in_namespace = at->is_in_namespace,
        };
        end = qblk_document_add_attribute(document, end, copy);
    }
}

static const char *
copy_text(QblkDocument *document, const char *text)
{
    return text == NULL ? NULL : qblk_document_keep(document, text, -1);
}

/* Add a copy of @node without its children. */
static QblkDocumentNode *
copy_node(QblkDocument *document, QblkDocumentNode *parent, const QblkDocumentNode *node)
{
    QblkDocumentNode copy = {
        .kind = node->kind,
        .line = node->line,
        .name = copy_text(document, node->name),
        .text = copy_text(document, node->text),
        .is_in_namespace = node->is_in_namespace,
    };
    QblkDocumentNode *added = qblk_document_add(document, parent, copy);

    copy_attributes(document, &added->declarations, node->declarations);
    copy_attributes(document, &added->attributes, node->attributes);
    return added;
}

/* Returns: (nullable): the namespace that @element or an element around it declares for the first
 * @length bytes of @prefix */
static const char *
find_namespace(const QblkDocumentNode *element, const char *prefix, gsize length)
{
    for (; element != NULL; element = element->parent) {
        for (const QblkDocumentAttribute *at = element->declarations; at != NULL; at = at->next) {
            if (strncmp(at->name, prefix, length) == 0 && at->name[length] == '\0') {
                return at->value;
            }
        }
    }
    return NULL;
}

/* Declare the prefix of @name, which is used in @original and its @copy, at the root of @document,
 * unless a copied element declares it. */
static void
declare_prefix(QblkDocument *document, const QblkDocumentNode *copy,
               const QblkDocumentNode *original, const char *name)
{
    gsize length = strcspn(name, ":");
    if (name[length] == '\0' || find_namespace(copy, name, length) != NULL) {
        return;
    }

    const char *uri = find_namespace(original, name, length);
    if (uri == NULL) {
        return; /* the prefix 'xml', which needs no declaration */
    }

    QblkDocumentAttribute **end = &document->root->declarations;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    QblkDocumentAttribute declaration = {
        .name = qblk_document_keep(document, name, (gssize)length),
        .value = qblk_document_keep(document, uri, -1),
    };
    (void)qblk_document_add_attribute(document, end, declaration);
}

static void
declare_prefixes(QblkDocument *document, const QblkDocumentNode *copy,
                 const QblkDocumentNode *original)
{
    if (copy->kind != QBLK_DOCUMENT_ELEMENT) {
        return;
    }
    if (copy->is_in_namespace) {
        declare_prefix(document, copy, original, copy->name);
    }

    for (const QblkDocumentAttribute *at = copy->attributes; at != NULL; at = at->next) {
        if (at->is_in_namespace) {
            declare_prefix(document, copy, original, at->name);
        }
    }
}

QblkDocument *
qblk_document_copy(const QblkDocumentNode *element)
{
    QblkDocument *document = qblk_document_new();
    const QblkDocumentNode *at = element;
    QblkDocumentNode *parent = NULL;

    for (;;) {
        QblkDocumentNode *copy = copy_node(document, parent, at);

        declare_prefixes(document, copy, at);
        if (at->children != NULL) {
            parent = copy;
            at = at->children;
            continue;
        }

        while (at != element && at->next == NULL) {
            at = at->parent;
            parent = parent->parent;
        }
        if (at == element) {
            return document;
        }
        at = at->next;
    }
}
