/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Building and printing XML: the only place that escapes.
 *
 * Elements are nodes of libxml2.  They are printed here and not by libxml2, because libvirt uses
 * single quotes, and because libxml2 prints characters that XML 1.0 does not allow.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include <qblk/error.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlNode, xmlFreeNode)

/** Returns: (transfer full): a new element without a parent */
xmlNode *qblk_writer_root(const char *name);

/** Returns: (transfer none): a new element, the last child of @parent */
xmlNode *qblk_writer_element(xmlNode *parent, const char *name);

/**
 * Add the attribute @name to @element, unless @value is NULL.
 *
 * Returns: FALSE with QBLK_XML_ERROR_NAME, which names the character and the value, if @value is
 * not UTF-8 or has a character that XML 1.0 does not allow
 */
gboolean qblk_writer_attribute(xmlNode *element, const char *name, const char *value,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the attribute @name to @element with a constant value, which is always valid. */
void qblk_writer_constant(xmlNode *element, const char *name, const char *value);

/**
 * Print @element and all below it, indented by two spaces a level, with a newline at the end.
 * Characters that a terminal would interpret or not show are printed as character references.
 */
char *qblk_writer_print(const xmlNode *element) G_GNUC_WARN_UNUSED_RESULT;
