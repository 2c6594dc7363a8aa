/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A block node of QEMU, and its edges to others.
 *
 * A node belongs to its snapshot: a reference to the node is a reference to the snapshot.  All
 * texts and objects that the functions return belong to the snapshot.  It never changes, and
 * several threads may use it at once.
 */
#pragma once

#include <qblk/bitmap.h>
#include <qblk/graph-kinds.h>
#include <qblk/user.h>

G_BEGIN_DECLS

/**
 * QblkNode:
 *
 * A block node of a snapshot.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkNode QblkNode;

/**
 * qblk_node_ref:
 * @node: the node
 *
 * Returns: (transfer full): @node, with a further reference to its snapshot
 *
 * Since: 0.1.0
 */
QblkNode *qblk_node_ref(const QblkNode *node);

/**
 * qblk_node_unref:
 * @node: (nullable) (transfer full): the node
 *
 * Release a reference to the snapshot of @node.
 *
 * Since: 0.1.0
 */
void qblk_node_unref(QblkNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkNode, qblk_node_unref)

/**
 * qblk_node_get_name:
 * @node: the node
 *
 * Returns: the node-name
 *
 * Since: 0.1.0
 */
const char *qblk_node_get_name(const QblkNode *node);

/**
 * qblk_node_get_driver:
 * @node: the node
 *
 * Returns: the name of its driver, such as "qcow2" or "throttle"
 *
 * Since: 0.1.0
 */
const char *qblk_node_get_driver(const QblkNode *node);

/**
 * qblk_node_get_kind:
 * @node: the node
 *
 * Returns: what its driver does
 *
 * Since: 0.1.0
 */
QblkNodeKind qblk_node_get_kind(const QblkNode *node);

/**
 * qblk_node_get_filename:
 * @node: the node
 *
 * Returns: the file name as QEMU reports it, without secrets: a path, a URL, a `json:` object or ""
 *
 * Since: 0.1.0
 */
const char *qblk_node_get_filename(const QblkNode *node);

/**
 * qblk_node_is_read_only:
 * @node: the node
 *
 * Returns: TRUE if QEMU opened the node without write access
 *
 * Since: 0.1.0
 */
gboolean qblk_node_is_read_only(const QblkNode *node);

/**
 * qblk_node_is_active:
 * @node: the node
 *
 * Returns: FALSE if another QEMU may use the image, during a migration; always TRUE before QEMU
 *   10.0
 *
 * Since: 0.1.0
 */
gboolean qblk_node_is_active(const QblkNode *node);

/**
 * qblk_node_get_encryption:
 * @node: the node
 *
 * Returns: (nullable): "luks" or "qcow" (the old encryption of qcow2); NULL if it is not encrypted
 *
 * Since: 0.1.0
 */
const char *qblk_node_get_encryption(const QblkNode *node);

/**
 * qblk_node_get_virtual_size:
 * @node: the node
 *
 * Returns: the size of the content in bytes, or QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_node_get_virtual_size(const QblkNode *node);

/**
 * qblk_node_get_actual_size:
 * @node: the node
 *
 * Returns: the space that the image uses in bytes, or QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_node_get_actual_size(const QblkNode *node);

/**
 * qblk_node_get_written_end:
 * @node: the node
 *
 * Returns: the bytes up to the end of the last write since the node was opened; QBLK_UNKNOWN if
 *   nothing was written, or if it was not queried
 *
 * Since: 0.1.0
 */
gint64 qblk_node_get_written_end(const QblkNode *node);

/**
 * qblk_node_get_write_threshold:
 * @node: the node
 *
 * Returns: the offset in bytes beyond which a write causes an event; 0 if it is not set
 *
 * Since: 0.1.0
 */
gint64 qblk_node_get_write_threshold(const QblkNode *node);

/**
 * qblk_node_get_backing_string:
 * @node: the node
 *
 * Returns: (nullable): the name of the backing file in the header, without secrets
 *
 * Since: 0.1.0
 */
const char *qblk_node_get_backing_string(const QblkNode *node);

/**
 * qblk_node_get_backing_format:
 * @node: the node
 *
 * Returns: (nullable): the format of the backing file in the header
 *
 * Since: 0.1.0
 */
const char *qblk_node_get_backing_format(const QblkNode *node);

/**
 * qblk_node_get_n_bitmaps:
 * @node: the node
 *
 * Returns: the number of dirty bitmaps that have a name
 *
 * Since: 0.1.0
 */
guint qblk_node_get_n_bitmaps(const QblkNode *node);

/**
 * qblk_node_get_bitmap:
 * @node: the node
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the bitmap; NULL if @index is too large
 *
 * Since: 0.1.0
 */
const QblkBitmap *qblk_node_get_bitmap(const QblkNode *node, guint index);

/**
 * qblk_node_get_n_internal_snapshots:
 * @node: the node
 *
 * Returns: the number of snapshots within the image
 *
 * Since: 0.1.0
 */
guint qblk_node_get_n_internal_snapshots(const QblkNode *node);

/**
 * qblk_node_get_internal_snapshot:
 * @node: the node
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the internal snapshot; NULL if @index is too large
 *
 * Since: 0.1.0
 */
const QblkInternalSnapshot *qblk_node_get_internal_snapshot(const QblkNode *node, guint index);

/**
 * qblk_node_get_n_children:
 * @node: the node
 *
 * Returns: the number of edges to nodes below
 *
 * Since: 0.1.0
 */
guint qblk_node_get_n_children(const QblkNode *node);

/**
 * qblk_node_get_child:
 * @node: the node
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the node at the end of an edge
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_node_get_child(const QblkNode *node, guint index);

/**
 * qblk_node_get_child_name:
 * @node: the node
 * @index: from 0
 *
 * Returns: (nullable): the name of that edge: "file", "backing", "data-file" ...; NULL if @index is
 *   too large
 *
 * Since: 0.1.0
 */
const char *qblk_node_get_child_name(const QblkNode *node, guint index);

/**
 * qblk_node_find_child:
 * @node: the node
 * @name: of an edge
 *
 * Returns: (transfer none) (nullable): the node at the end of the edge @name
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_node_find_child(const QblkNode *node, const char *name);

/**
 * qblk_node_get_n_parents:
 * @node: the node
 *
 * Returns: the number of edges from nodes above
 *
 * Since: 0.1.0
 */
guint qblk_node_get_n_parents(const QblkNode *node);

/**
 * qblk_node_get_parent:
 * @node: the node
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the node above; one that has two edges to @node is listed
 *   twice
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_node_get_parent(const QblkNode *node, guint index);

/**
 * qblk_node_get_n_users:
 * @node: the node
 *
 * Returns: the number of users: exports, nodes, jobs and devices, in this order
 *
 * Since: 0.1.0
 */
guint qblk_node_get_n_users(const QblkNode *node);

/**
 * qblk_node_get_user:
 * @node: the node
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): a user; NULL if @index is too large
 *
 * Since: 0.1.0
 */
const QblkUser *qblk_node_get_user(const QblkNode *node, guint index);

G_END_DECLS
