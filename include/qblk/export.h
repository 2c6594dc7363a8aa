/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A block export: a node that QEMU serves to clients over NBD, vhost-user, FUSE or VDUSE.
 *
 * An export belongs to its snapshot: a reference to the export is a reference to the snapshot.  All
 * texts and objects that the functions return belong to the snapshot.  It never changes, and
 * several threads may use it at once.
 */
#pragma once

#include <qblk/node.h>

G_BEGIN_DECLS

/**
 * QblkExport:
 *
 * A block export of a snapshot.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkExport QblkExport;

/**
 * qblk_export_ref:
 * @export_: the export
 *
 * Returns: (transfer full): @export_, with a further reference to its snapshot
 *
 * Since: 0.1.0
 */
QblkExport *qblk_export_ref(const QblkExport *export_);

/**
 * qblk_export_unref:
 * @export_: (nullable) (transfer full): the export
 *
 * Release a reference to the snapshot of @export_.
 *
 * Since: 0.1.0
 */
void qblk_export_unref(QblkExport *export_);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkExport, qblk_export_unref)

/**
 * qblk_export_get_id:
 * @export_: the export
 *
 * Returns: its id, which need not be the name of an NBD export
 *
 * Since: 0.1.0
 */
const char *qblk_export_get_id(const QblkExport *export_);

/**
 * qblk_export_get_export_type:
 * @export_: the export
 *
 * Returns: "nbd", "vhost-user-blk", "fuse" or "vduse-blk"
 *
 * Since: 0.1.0
 */
const char *qblk_export_get_export_type(const QblkExport *export_);

/**
 * qblk_export_get_node_name:
 * @export_: the export
 *
 * Returns: the name of the node that it serves
 *
 * Since: 0.1.0
 */
const char *qblk_export_get_node_name(const QblkExport *export_);

/**
 * qblk_export_get_node:
 * @export_: the export
 *
 * Returns: (transfer none) (nullable): that node; NULL if it was added after the nodes were queried
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_export_get_node(const QblkExport *export_);

/**
 * qblk_export_get_access:
 * @export_: the export
 *
 * Returns: what its clients may do
 *
 * Since: 0.1.0
 */
QblkExportAccess qblk_export_get_access(const QblkExport *export_);

/**
 * qblk_export_is_shutting_down:
 * @export_: the export
 *
 * Returns: TRUE if it is being removed
 *
 * Since: 0.1.0
 */
gboolean qblk_export_is_shutting_down(const QblkExport *export_);

G_END_DECLS
