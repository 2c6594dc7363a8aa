/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sources and file names of QEMU as `<source>` elements of libvirt.
 */
#pragma once

#include <qblk/source.h>

G_BEGIN_DECLS

/**
 * qblk_source_to_xml:
 * @source: the source
 *
 * Print the `<source>` element for a source.
 *
 * Returns: (transfer full): the XML; NULL with QBLK_GRAPH_ERROR_UNSUPPORTED if libvirt's XML cannot
 *   express the source, or QBLK_XML_ERROR_NAME if it has a character that XML does not allow
 *
 * Since: 0.1.0
 */
char *qblk_source_to_xml(const QblkSource *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_source_xml_of_name:
 * @name: a path, a URL, a string such as "rbd:pool/image", or `json:{...}`
 * @format: (out) (optional) (nullable) (transfer full): QEMU's name of the image format, NULL if
 *   @name does not specify it
 * @dropped: (out) (optional) (transfer full) (array zero-terminated=1): what @name specifies and
 *   `<source>` cannot express, as texts for people
 *
 * Print the `<source>` element for a file name.  No secret is ever part of the result.
 *
 * Returns: (transfer full): the XML; NULL with one of these errors:
 *   QBLK_GRAPH_ERROR_SPEC if @name has no valid form;
 *   QBLK_GRAPH_ERROR_UNSUPPORTED if libvirt's XML cannot express it;
 *   QBLK_XML_ERROR_NAME if it has a character that XML does not allow
 *
 * Since: 0.1.0
 */
char *qblk_source_xml_of_name(const char *name, char **format, char ***dropped,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
