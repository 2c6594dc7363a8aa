/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A chain: one disk and its layers, from the active layer down to the base.
 *
 * A chain holds copies of all it says and outlives the graph snapshot, document or image it was
 * made from.  It never changes: after a block job, make a new one.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct QblkChain QblkChain;
typedef struct QblkLayer QblkLayer;

/** Sizes and indexes that are not known are this. */
#define QBLK_UNKNOWN ((gint64)-1)

void qblk_chain_free(QblkChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkChain, qblk_chain_free)

/** The target name of the disk, such as "vda". */
const char *qblk_chain_get_target(const QblkChain *chain);

/**
 * How the target name is known: "user" (qblk_snapshot_options_add_target()), "domain" (a libvirt
 * domain), "qdev" (the id of the device is the target), "alias" (libvirt made the id from it),
 * "backend" (the name of the -drive), "enumeration" (counted for each bus) or "image" (the disk of
 * an image that no QEMU has open).
 */
const char *qblk_chain_get_name_source(const QblkChain *chain);

/** The bus in libvirt's words ("virtio", "scsi", "sata", "ide", "usb", "fdc", "nvme", "sd"; of a
 * libvirt domain also others of its), or NULL. */
const char *qblk_chain_get_bus(const QblkChain *chain);

/**
 * A hash over the node-names, formats and files of all layers in their order, as 16 hexadecimal
 * digits: equal only while the chain is the same.
 */
const char *qblk_chain_get_fingerprint(const QblkChain *chain);

/** Number of layers; 0 for an empty drive. */
guint qblk_chain_get_depth(const QblkChain *chain);

/** The layer at @position, 0 being the active layer; NULL beyond the last.  Borrowed. */
const QblkLayer *qblk_chain_get_layer(const QblkChain *chain, guint position);

/**
 * The one layer that @spec means: "vda" or "vda[0]" (the active layer), "vda[2]" (by index),
 * "node:NAME" (by the name of any node of the layer), or the path of its image, exactly as QEMU has
 * it or after both paths' links were resolved on this machine.
 *
 * Borrowed from @chain.  Errors (QBLK_GRAPH_ERROR): SPEC where an index of @spec is none, or of
 * another disk, NO_LAYER with the indexes there are, also where @spec is the name of nothing in the
 * chain, AMBIGUOUS where a path is in the chain twice.
 */
const QblkLayer *qblk_chain_resolve(const QblkChain *chain, const char *spec,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Refuse a chain that is no longer the one that was looked at: FALSE with QBLK_GRAPH_ERROR_STALE
 * unless @fingerprint is that of @chain.
 */
gboolean qblk_chain_expect(const QblkChain *chain, const char *fingerprint,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** 0 for the active layer, then 1, 2, 3 ... downwards. */
guint qblk_layer_get_position(const QblkLayer *layer);

/**
 * N of "vda[N]".  On guests whose node-names follow libvirt's pattern libvirt's own number,
 * elsewhere the position; QBLK_UNKNOWN for a layer that has none.
 */
gint64 qblk_layer_get_index(const QblkLayer *layer);

/** The name of the format node, which identifies the layer while QEMU runs; NULL where unknown. */
const char *qblk_layer_get_node_name(const QblkLayer *layer);

/** The name of the protocol node; NULL where unknown. */
const char *qblk_layer_get_storage_node_name(const QblkLayer *layer);

/** QEMU's name of the image format, such as "qcow2"; "unknown" where a libvirt domain has none. */
const char *qblk_layer_get_format(const QblkLayer *layer);

/** The file name as QEMU reports it, without secrets; of a libvirt domain also "" where it has
 * none, or "volume:POOL/VOLUME". */
const char *qblk_layer_get_filename(const QblkLayer *layer);

/** Size that the guest sees, and space used, in bytes; QBLK_UNKNOWN where QEMU does not say. */
gint64 qblk_layer_get_virtual_size(const QblkLayer *layer);
gint64 qblk_layer_get_actual_size(const QblkLayer *layer);

G_END_DECLS
