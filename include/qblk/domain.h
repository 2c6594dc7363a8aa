/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * libvirt's domain XML as input.
 */
#pragma once

#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * Take the target names of disks from a libvirt domain: @text of @length bytes is a `<domain>` or a
 * bare `<disk>`.  Each disk is added to @options with its alias, serial and source, by which the
 * device it describes is found (see qblk_snapshot_options_add_domain_disk).
 *
 * QBLK_XML_ERROR_INVALID where @text is not XML, has a document type (entities are refused), is
 * neither a domain nor a disk, or has a disk without a target or two with the same; then nothing
 * was added.
 */
gboolean qblk_domain_name_disks(QblkSnapshotOptions *options, const char *text, gsize length,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The disks of a libvirt domain as chains: @text of @length bytes is a `<domain>`, `<devices>` or
 * bare `<disk>`.  Children may stand in any order.  A layer has the index that the XML gives it;
 * where it gives none in the whole chain, its position.  An empty `<backingStore/>` ends a chain
 * that is known to be complete; without one what comes below is not known.
 *
 * What a chain does not say is not lost: qblk_disk_to_xml writes the element back as it was read.
 *
 * A layer that does not say where its image is, such as a volume of a storage pool, is in the chain
 * all the same.
 *
 * Returns a GPtrArray of QblkChain that owns them.  QBLK_XML_ERROR_INVALID as above; where an index
 * is no number or stands twice in a chain, a type is not known, or an element stands twice that
 * there is once; and where @text goes beyond a limit (16 MiB, 250000 tags and attributes, 256
 * elements inside one another, 250 attributes of one element, 10000 disks).
 */
GPtrArray *qblk_domain_read(const char *text, gsize length,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
