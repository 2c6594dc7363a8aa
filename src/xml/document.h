/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A document that was read, with all that it has to be written with again: elements that are not
 * known, text, comments and namespaces.
 *
 * Nodes and strings live in blocks of the document and are freed with it.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_DOCUMENT_ELEMENT,
    QBLK_DOCUMENT_TEXT,
    QBLK_DOCUMENT_COMMENT,
    QBLK_DOCUMENT_INSTRUCTION, /* a processing instruction */
} QblkDocumentKind;

/** An attribute; or a declaration of the prefix @name, "" for the default one, as @value. */
typedef struct QblkDocumentAttribute {
    const char *name; /* with its prefix */
    const char *value;
    gboolean is_in_namespace;
    struct QblkDocumentAttribute *next;
} QblkDocumentAttribute;

typedef struct QblkDocumentNode {
    QblkDocumentKind kind;
    int line;
    const char *name; /* of an element, with its prefix, or of an instruction */
    const char *text; /* of all but elements */
    gboolean is_in_namespace;
    QblkDocumentAttribute *declarations;
    QblkDocumentAttribute *attributes;
    struct QblkDocumentNode *parent, *next, *children, *last;
} QblkDocumentNode;

typedef struct {
    QblkDocumentNode *root; /* an element */
    GPtrArray *blocks;      /* owned */
    char *free;             /* the part of the last block that is not in use */
    gsize free_size;
} QblkDocument;

/** Returns: (transfer full): a document that has no root yet */
QblkDocument *qblk_document_new(void);
void qblk_document_free(QblkDocument *document);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDocument, qblk_document_free)

/* ---- access ---- */

/** TRUE if @node is an element called @name in no namespace, as those of libvirt are. */
gboolean qblk_document_is(const QblkDocumentNode *node, const char *name);

/**
 * @element: (nullable)
 *
 * Returns: (transfer none) (nullable): the first child of @element that is called @name
 */
const QblkDocumentNode *qblk_document_child(const QblkDocumentNode *element, const char *name);

/**
 * @element: (nullable)
 *
 * Returns: (transfer none) (nullable): the value of the attribute @name, in no namespace
 */
const char *qblk_document_attribute(const QblkDocumentNode *element, const char *name);

/**
 * @element: (nullable)
 *
 * Returns: (transfer full) (nullable): the text in @element without comments and processing
 * instructions; NULL if there is no text, or elements are beside it
 */
char *qblk_document_text(const QblkDocumentNode *element) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the part of the name of @node after its prefix */
const char *qblk_document_local_name(const QblkDocumentNode *node);

/* ---- building ---- */

/** Returns: (transfer none): a copy of the first @length bytes of @text, -1: of all */
const char *qblk_document_keep(QblkDocument *document, const char *text, gssize length);

/**
 * Add a node, which is the root, or the last child of @parent.  @name and @text are borrowed from
 * qblk_document_keep().
 *
 * @parent: (nullable)
 */
QblkDocumentNode *qblk_document_add(QblkDocument *document, QblkDocumentNode *parent,
                                    QblkDocumentNode node);

/**
 * Add @attribute, whose strings are borrowed, at @end of a list.
 *
 * Returns: the new end of the list
 */
QblkDocumentAttribute **qblk_document_add_attribute(QblkDocument *document,
                                                    QblkDocumentAttribute **end,
                                                    QblkDocumentAttribute attribute);

/**
 * Copy @element, which is in no namespace.  The copy declares the namespaces that are used in
 * @element and declared outside of it.
 *
 * Returns: (transfer full): a document with the copy as its root
 */
QblkDocument *qblk_document_copy(const QblkDocumentNode *element) G_GNUC_WARN_UNUSED_RESULT;
