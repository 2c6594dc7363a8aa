/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain XML of libvirt as input.
 */
#pragma once

#include <qblk/chain.h>

G_BEGIN_DECLS

/**
 * QblkDomain:
 *
 * The disks of a libvirt domain.  It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkDomain QblkDomain;

/**
 * qblk_domain_read:
 * @text: a `<domain>`, `<devices>` or `<disk>` document
 * @length: of @text, in bytes; -1 if it ends with a NUL
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
 * Returns: (transfer full): the domain; NULL with QBLK_XML_ERROR_INVALID if @text is not XML, has a
 *   document type (which could declare entities) or another root element, if a disk has no target,
 *   two disks have the same target, an index is not a number or used twice in a chain, a type is
 *   unknown, an element occurs twice that may occur once, or if @text exceeds a limit (16 MiB,
 *   250000 tags and attributes, 256 nested elements, 250 attributes of one element, 50000 disks)
 *
 * Since: 0.1.0
 */
QblkDomain *qblk_domain_read(const char *text, gssize length,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_domain_read_file:
 * @path: a file; "-" is standard input
 *
 * Read the disks of a domain from a file of at most 16 MiB.
 *
 * Returns: (transfer full): the domain; NULL with QBLK_GRAPH_ERROR_FILE, which names the file, if
 *   it cannot be read, or with an error of qblk_domain_read()
 *
 * Since: 0.1.0
 */
QblkDomain *qblk_domain_read_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_domain_ref:
 * @domain: the domain
 *
 * Returns: (transfer full): a further reference to @domain
 *
 * Since: 0.1.0
 */
QblkDomain *qblk_domain_ref(const QblkDomain *domain);

/**
 * qblk_domain_unref:
 * @domain: (nullable) (transfer full): the domain
 *
 * Release a reference; the last one frees the domain.  A chain of it may have references of its
 * own.
 *
 * Since: 0.1.0
 */
void qblk_domain_unref(QblkDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDomain, qblk_domain_unref)

/**
 * qblk_domain_get_n_disks:
 * @domain: the domain
 *
 * Returns: the number of disks
 *
 * Since: 0.1.0
 */
guint qblk_domain_get_n_disks(const QblkDomain *domain);

/**
 * qblk_domain_get_disk:
 * @domain: the domain
 * @position: 0 for the first disk
 *
 * Returns: (transfer none) (nullable): the chain of a disk, in the order of the document; NULL if
 *   there are not so many
 *
 * Since: 0.1.0
 */
const QblkChain *qblk_domain_get_disk(const QblkDomain *domain, guint position);

/**
 * qblk_domain_find_disk:
 * @domain: the domain
 * @target: the target name of a disk
 *
 * Returns: (transfer none): the chain of that disk; NULL with QBLK_GRAPH_ERROR_NO_DISK, which lists
 *   the disks
 *
 * Since: 0.1.0
 */
const QblkChain *qblk_domain_find_disk(const QblkDomain *domain, const char *target,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_domain_resolve:
 * @domain: the domain
 * @spec: as of qblk_snapshot_resolve()
 * @fingerprint: (nullable): of the chain that has the layer, if it must not have changed since
 *
 * Find the layer that @spec names among the chains of all disks.
 *
 * Returns: (transfer full): the layer; NULL with an error of qblk_snapshot_resolve()
 *
 * Since: 0.1.0
 */
QblkLayer *qblk_domain_resolve(const QblkDomain *domain, const char *spec, const char *fingerprint,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_domain_name_disks:
 * @domain: the domain
 * @options: where the disks are added
 *
 * Take the target names of disks from a domain.  Each disk is added to @options with its alias,
 * serial and source, which identify its device (see qblk_snapshot_options_add_domain_disk()).
 *
 * Since: 0.1.0
 */
void qblk_domain_name_disks(const QblkDomain *domain, QblkSnapshotOptions *options);

G_END_DECLS
