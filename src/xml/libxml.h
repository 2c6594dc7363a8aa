/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The parser of libxml2, which is loaded when the first document is read.
 *
 * A program that reads none, as most runs of the command, does not load it with its ICU and C++
 * library, which would take longer than all else that the command does until it connects.
 */
#pragma once

#include "xml/document.h"

#include <qblk/error.h>

/**
 * Parse the @length bytes at @text, at most G_MAXINT, in UTF-8 or a single-byte encoding that
 * extends ASCII.
 *
 * @is_utf8: it is UTF-8, whatever its declaration specifies
 *
 * Returns: (transfer full): the document, which has a root element; NULL with
 * QBLK_XML_ERROR_INVALID if @text is not well-formed, has a document type or exceeds a limit, or
 * with QBLK_XML_ERROR_LIBRARY if libxml2 could not be loaded
 */
QblkDocument *qblk_libxml_parse(const char *text, gsize length, gboolean is_utf8,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
