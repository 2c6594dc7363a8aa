/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Reading XML from untrusted sources: no file is fetched, no entity is expanded, and sizes are
 * limited.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include <qblk/error.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/**
 * Parse the @length bytes at @text, which are UTF-8, UTF-16 or a single-byte encoding that extends
 * ASCII.  White space between elements is kept.
 *
 * Returns: (transfer full): the document, which has a root element; NULL with
 * QBLK_XML_ERROR_INVALID if @text is not well-formed, has a document type (which could declare
 * entities) or a NUL byte, or exceeds the limit on its size, depth, nodes, namespaces or the
 * attributes of one element (the message names the limit)
 */
xmlDoc *qblk_document_parse(const char *text, gsize length,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** TRUE if @node is an element called @name in no namespace, as those of libvirt are. */
gboolean qblk_document_is(const xmlNode *node, const char *name);

/**
 * @element: (nullable)
 *
 * Returns: (transfer none) (nullable): the first child of @element that is called @name
 */
const xmlNode *qblk_document_child(const xmlNode *element, const char *name);

/**
 * @element: (nullable)
 *
 * Returns: (transfer none) (nullable): the value of the attribute @name, in no namespace
 */
const char *qblk_document_attribute(const xmlNode *element, const char *name);

/**
 * @element: (nullable)
 *
 * Returns: (transfer full) (nullable): the text in @element without comments and processing
 * instructions; NULL if there is no text, or elements are beside it
 */
char *qblk_document_text(const xmlNode *element) G_GNUC_WARN_UNUSED_RESULT;
