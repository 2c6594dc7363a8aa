/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Reading XML from outside: parsed with nothing fetched, nothing expanded, within limits.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include <qblk/error.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/**
 * Parse @text, which is in UTF-8, UTF-16 or one of the encodings of one byte that contain ASCII.
 * White space between elements is kept.
 *
 * QBLK_XML_ERROR_INVALID where it is not well-formed, has a document type (which is where entities
 * come from) or a NUL byte, or goes beyond a limit on its size, depth, nodes, namespaces or the
 * attributes of one element; the message names it.  A document that is returned has a root element.
 */
xmlDoc *qblk_document_parse(const char *text, gsize length,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @node is an element of libvirt's, which are in no namespace, of that name. */
gboolean qblk_document_is(const xmlNode *node, const char *name);

/** The first element of that name right below @element, which may be NULL; or NULL. */
const xmlNode *qblk_document_child(const xmlNode *element, const char *name);

/** The value of an attribute in no namespace of @element, which may be NULL; or NULL.  Borrowed. */
const char *qblk_document_attribute(const xmlNode *element, const char *name);

/**
 * The text in @element, which may be NULL, without comments and instructions; NULL where there is
 * none or elements stand beside it.  Owned by the caller.
 */
char *qblk_document_text(const xmlNode *element) G_GNUC_WARN_UNUSED_RESULT;
