/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A chain: a disk and its layers, from the active layer down to the base.
 *
 * A chain has copies of all its values: it does not depend on the graph snapshot, document or image
 * that it was made from.  It never changes; make a new one after a block job.  All texts and layers
 * that the functions return belong to the chain.
 */
#pragma once

#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * QblkChain:
 *
 * A disk and its layers, from the active layer down to the base.  It never changes, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkChain QblkChain;

/**
 * QblkLayer:
 *
 * One image of a chain.  It belongs to its chain.
 *
 * Since: 0.1.0
 */
typedef struct QblkLayer QblkLayer;

/**
 * qblk_snapshot_chain:
 * @snapshot: the snapshot
 * @name: a target name, or else a qdev id or the name of a BlockBackend
 *
 * Make the chain of a disk.
 *
 * Returns: (transfer full): the chain, or NULL with one of these errors (QBLK_GRAPH_ERROR):
 *   NO_DISK, which lists the disks, if no disk has that name;
 *   AMBIGUOUS, which lists the candidates, if several disks could have that name;
 *   UNSUPPORTED if the graph of the disk is not a chain, as with quorum;
 *   INVALID if the graph forms a cycle;
 *   LIMIT if there are more than 10000 layers;
 *   UNSAFE if the nodes were not queried, see qblk_snapshot_fetch()
 *
 * Since: 0.1.0
 */
QblkChain *qblk_snapshot_chain(const QblkSnapshot *snapshot, const char *name,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_chain_ref:
 * @chain: the chain
 *
 * Returns: (transfer full): a further reference to @chain
 *
 * Since: 0.1.0
 */
QblkChain *qblk_chain_ref(QblkChain *chain);

/**
 * qblk_chain_unref:
 * @chain: (nullable) (transfer full): the chain
 *
 * Release a reference; the last one frees the chain.
 *
 * Since: 0.1.0
 */
void qblk_chain_unref(QblkChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkChain, qblk_chain_unref)

/**
 * qblk_chain_get_target:
 * @chain: the chain
 *
 * Returns: the target name of the disk, such as "vda"
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_target(const QblkChain *chain);

/**
 * qblk_chain_get_name_source:
 * @chain: the chain
 *
 * Returns: how the target name is known: "user" (qblk_snapshot_options_add_target()), "domain" (a
 *   libvirt domain), "qdev" (the id of the device is the target), "alias" (libvirt made the id from
 *   it), "backend" (the name of the -drive), "enumeration" (counted for each bus) or "image" (the
 *   disk of an image that no QEMU has open)
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_name_source(const QblkChain *chain);

/**
 * qblk_chain_get_bus:
 * @chain: the chain
 *
 * Returns: (nullable): libvirt's name of the bus: "virtio", "scsi", "sata", "ide", "usb", "fdc",
 *   "nvme" or "sd"; the disk of a libvirt domain may have another one
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_bus(const QblkChain *chain);

/**
 * qblk_chain_get_fingerprint:
 * @chain: the chain
 *
 * Returns: a hash over the node-names, formats and files of all layers in their order, as 16
 *   hexadecimal digits: equal only if the chain is the same
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_fingerprint(const QblkChain *chain);

/**
 * qblk_chain_get_depth:
 * @chain: the chain
 *
 * Returns: the number of layers, 0 for an empty drive
 *
 * Since: 0.1.0
 */
guint qblk_chain_get_depth(const QblkChain *chain);

/**
 * qblk_chain_get_layer:
 * @chain: the chain
 * @position: 0 for the active layer
 *
 * Returns: (transfer none) (nullable): the layer, or NULL if @position is below the base
 *
 * Since: 0.1.0
 */
const QblkLayer *qblk_chain_get_layer(const QblkChain *chain, guint position);

/**
 * qblk_chain_resolve:
 * @chain: the chain
 * @spec: "vda" or "vda[0]" (the active layer), "vda[2]" (an index), "node:NAME" (any node of the
 *   layer), or the path of the image: as QEMU reports it, or else the same file after both paths'
 *   links were resolved on this machine
 *
 * Find the layer that @spec names.
 *
 * Returns: (transfer none): the layer, or NULL with one of these errors (QBLK_GRAPH_ERROR):
 *   SPEC if the index in @spec is not valid or @spec names another disk;
 *   NO_LAYER, which lists the indexes, if no layer has that index, node or path;
 *   AMBIGUOUS if several layers have that path
 *
 * Since: 0.1.0
 */
const QblkLayer *qblk_chain_resolve(const QblkChain *chain, const char *spec,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_chain_expect:
 * @chain: the chain
 * @fingerprint: of the chain that the caller has seen before
 *
 * Check that a chain has not changed.
 *
 * Returns: TRUE if @fingerprint is that of @chain, or FALSE with QBLK_GRAPH_ERROR_STALE
 *
 * Since: 0.1.0
 */
gboolean qblk_chain_expect(const QblkChain *chain, const char *fingerprint,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_layer_get_position:
 * @layer: the layer
 *
 * Returns: 0 for the active layer, then 1, 2, 3 ... downwards
 *
 * Since: 0.1.0
 */
guint qblk_layer_get_position(const QblkLayer *layer);

/**
 * qblk_layer_get_index:
 * @layer: the layer
 *
 * Returns: N of "vda[N]": libvirt's number if the node-names of the guest have libvirt's form, and
 *   else the position; QBLK_UNKNOWN if the layer has no index
 *
 * Since: 0.1.0
 */
gint64 qblk_layer_get_index(const QblkLayer *layer);

/**
 * qblk_layer_get_node_name:
 * @layer: the layer
 *
 * Returns: (nullable): the name of the format node, which identifies the layer while QEMU runs
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_node_name(const QblkLayer *layer);

/**
 * qblk_layer_get_storage_node_name:
 * @layer: the layer
 *
 * Returns: (nullable): the name of the protocol node
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_storage_node_name(const QblkLayer *layer);

/**
 * qblk_layer_get_format:
 * @layer: the layer
 *
 * Returns: QEMU's name of the image format, such as "qcow2"; "unknown" if a libvirt domain does not
 *   specify it
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_format(const QblkLayer *layer);

/**
 * qblk_layer_get_filename:
 * @layer: the layer
 *
 * Returns: the file name as QEMU reports it, without secrets.  A layer of a libvirt domain may have
 *   "volume:POOL/VOLUME", or "" if the domain does not name the image.
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_filename(const QblkLayer *layer);

/**
 * qblk_layer_get_virtual_size:
 * @layer: the layer
 *
 * Returns: the size that the guest has, in bytes, or QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_layer_get_virtual_size(const QblkLayer *layer);

/**
 * qblk_layer_get_actual_size:
 * @layer: the layer
 *
 * Returns: the space that the image uses, in bytes, or QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_layer_get_actual_size(const QblkLayer *layer);

G_END_DECLS
