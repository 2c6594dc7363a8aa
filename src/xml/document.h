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
 * Parse @text.  QBLK_XML_ERROR_INVALID where it is not well-formed, has a document type (which is
 * where entities come from), nests deeper than libxml2's 256 levels, or is larger than
 * QBLK_LIMIT_XML_BYTES.  A document that is returned has a root element.
 */
xmlDoc *qblk_document_parse(const char *text, gsize length,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @node is an element of that name. */
gboolean qblk_document_is(const xmlNode *node, const char *name);

/** The first element of that name right below @element, which may be NULL; or NULL. */
const xmlNode *qblk_document_child(const xmlNode *element, const char *name);

/** The value of an attribute of @element, which may be NULL; or NULL.  Borrowed. */
const char *qblk_document_attribute(const xmlNode *element, const char *name);

/**
 * The text in @element, which may be NULL, without comments and instructions; NULL where there is
 * none or elements stand beside it.  Owned by the caller.
 */
char *qblk_document_text(const xmlNode *element) G_GNUC_WARN_UNUSED_RESULT;
