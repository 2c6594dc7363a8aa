/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Reading XML from untrusted sources: no file is fetched, no entity is expanded, and sizes are
 * limited.
 */
#pragma once

#include "xml/document.h"

#include <qblk/error.h>

/**
 * Parse the @length bytes at @text, which are UTF-8, UTF-16 or a single-byte encoding that extends
 * ASCII.  White space between elements is kept; what is outside of the root element is not.
 *
 * Returns: (transfer full): the document, which has a root element; NULL with
 * QBLK_XML_ERROR_INVALID if @text is not well-formed, has a document type (which could declare
 * entities) or a NUL byte, or exceeds the limit on its size, depth, nodes, namespaces or the
 * attributes of one element (the message names the limit); or with QBLK_XML_ERROR_LIBRARY
 */
QblkDocument *qblk_document_parse(const char *text, gsize length,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
