/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Chains as libvirt's XML.
 */
#pragma once

#include <qblk/chain.h>

G_BEGIN_DECLS

/**
 * The `<disk>` element of @chain, with its layers as nested `<backingStore>` and the `<mirror>` of
 * a running copy or active commit; indented by two spaces, with a newline at the end.  Valid by
 * libvirt's schema where the target name is.
 *
 * Errors: QBLK_XML_ERROR_UNSUPPORTED where libvirt's XML has no form for a source or format,
 * QBLK_XML_ERROR_NAME where a name has a character that XML 1.0 cannot carry.  The message begins
 * with the target name.
 */
char *qblk_disk_to_xml(const QblkChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * A `<devices>` element with the `<disk>` of each of the @count @chains.  Fails as
 * qblk_disk_to_xml, for the first chain that has no XML.
 */
char *qblk_disk_all_to_xml(const QblkChain *const *chains, guint count,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
