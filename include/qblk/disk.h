/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chains as XML of libvirt.
 */
#pragma once

#include <qblk/chain.h>

G_BEGIN_DECLS

/**
 * qblk_disk_to_xml:
 * @chain: the chain of a disk
 *
 * Print the `<disk>` element of a chain: its layers as nested `<backingStore>`, and the `<mirror>`
 * of a running copy or active commit.  It is indented by two spaces a level and ends with a
 * newline.  It is valid by libvirt's schema if the target name is.
 *
 * Returns: (transfer full): the XML; NULL with an error that begins with the target name:
 *   QBLK_XML_ERROR_UNSUPPORTED if libvirt's XML cannot express a source or a format,
 *   QBLK_XML_ERROR_NAME if a name has a character that XML 1.0 does not allow
 *
 * Since: 0.1.0
 */
char *qblk_disk_to_xml(const QblkChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_disk_all_to_xml:
 * @chains: (array length=count): the chains of disks
 * @count: how many
 *
 * Print a `<devices>` element with the `<disk>` element of each chain.
 *
 * Returns: (transfer full): the XML; NULL with the error of the first chain for which
 *   qblk_disk_to_xml() fails
 *
 * Since: 0.1.0
 */
char *qblk_disk_all_to_xml(const QblkChain *const *chains, guint count,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
