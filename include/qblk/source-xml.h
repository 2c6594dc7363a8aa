/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * File names of QEMU as libvirt's `<source>`.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The `<source>` that @name means: a path, a URL, a string such as "rbd:pool/image" or
 * `json:{...}`.
 *
 * Secrets are never in the result.  @dropped, where not NULL, is set to what @name says and
 * `<source>` cannot, as texts for people (NULL-terminated, owned by the caller), and @format to
 * QEMU's name of the image format, or NULL where @name does not say it.
 *
 * Errors: QBLK_GRAPH_ERROR_SPEC where @name is in no form there is, QBLK_GRAPH_ERROR_UNSUPPORTED
 * where libvirt's XML has no form for it, QBLK_XML_ERROR_NAME where XML cannot carry it.
 */
char *qblk_source_xml_of_name(const char *name, char **format, char ***dropped,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
