/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Building XML and writing it down: the only place that escapes.
 *
 * Elements are libxml2's nodes.  They are printed here and not by libxml2, because libvirt's quotes
 * are single ones and libxml2 lets characters through that XML 1.0 has no way to write.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include <qblk/error.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlNode, xmlFreeNode)

/** A new element with no parent, owned by the caller. */
xmlNode *qblk_writer_root(const char *name);

/** A new element, the last one below @parent, owned by it. */
xmlNode *qblk_writer_element(xmlNode *parent, const char *name);

/**
 * Give @element the attribute @name.  A NULL @value gives it none.
 * QBLK_XML_ERROR_NAME where @value has a character that XML 1.0 cannot carry or is not UTF-8; the
 * message names the character and the value.
 */
gboolean qblk_writer_attribute(xmlNode *element, const char *name, const char *value,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Give @element the attribute @name with a constant of ours, which cannot fail. */
void qblk_writer_constant(xmlNode *element, const char *name, const char *value);

/**
 * The text of @element and all below it, two spaces a level, with a newline at the end.  Characters
 * that a terminal would not simply show are written as numbers.
 */
char *qblk_writer_print(const xmlNode *element) G_GNUC_WARN_UNUSED_RESULT;
