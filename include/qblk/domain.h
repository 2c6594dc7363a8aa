/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain XML of libvirt as input.
 */
#pragma once

#include <qblk/chain.h>

G_BEGIN_DECLS

/**
 * qblk_domain_name_disks:
 * @options: where the disks are added
 * @text: a `<domain>`, `<devices>` or `<disk>` document
 * @length: of @text, in bytes
 *
 * Take the target names of disks from a domain.  Each disk is added to @options with its alias,
 * serial and source, which identify its device (see qblk_snapshot_options_add_domain_disk()).
 *
 * Returns: TRUE on success; FALSE with an error of qblk_domain_read(), and then @options is
 * unchanged
 *
 * Since: 0.1.0
 */
gboolean qblk_domain_name_disks(QblkSnapshotOptions *options, const char *text, gsize length,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_domain_read:
 * @text: a `<domain>`, `<devices>` or `<disk>` document
 * @length: of @text, in bytes
 *
 * Read the disks of a domain as chains.  Children may be in any order.  A layer has the index that
 * the XML specifies; if it specifies none in the whole chain, the position.  An empty
 * `<backingStore/>` ends a complete chain; without one it is not known what is below.
 *
 * Each chain keeps a copy of its element, and qblk_disk_to_xml() prints that: nothing is lost that
 * a chain does not model.
 *
 * A layer whose element does not specify a location, such as a volume of a storage pool, is in the
 * chain without a source.
 *
 * Returns: (transfer full) (element-type QblkChain): the chains, in the order of the document; NULL
 *   with QBLK_XML_ERROR_INVALID if @text is not XML, has a document type (which could declare
 *   entities) or another root element, if a disk has no target, two disks have the same target, an
 *   index is not a number or used twice in a chain, a type is unknown, an element occurs twice that
 *   may occur once, or if @text exceeds a limit (16 MiB, 250000 tags and attributes, 256 nested
 *   elements, 250 attributes of one element, 10000 disks)
 *
 * Since: 0.1.0
 */
GPtrArray *qblk_domain_read(const char *text, gsize length,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
