/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layers of a chain.
 *
 * These objects never change, and several threads may use them at once.  All texts and objects that
 * the functions return belong to the chain unless specified otherwise.
 */
#pragma once

#include <qblk/bitmap.h>
#include <qblk/open-file.h>
#include <qblk/source.h>
#include <qblk/user.h>

G_BEGIN_DECLS

/**
 * QblkFormat:
 * @QBLK_FORMAT_UNKNOWN: a libvirt domain does not specify it
 * @QBLK_FORMAT_OTHER: a format that is not in this list
 * @QBLK_FORMAT_BOCHS: "bochs"
 * @QBLK_FORMAT_CLOOP: "cloop"
 * @QBLK_FORMAT_DMG: "dmg"
 * @QBLK_FORMAT_LUKS: "luks"
 * @QBLK_FORMAT_PARALLELS: "parallels"
 * @QBLK_FORMAT_QCOW: "qcow"
 * @QBLK_FORMAT_QCOW2: "qcow2"
 * @QBLK_FORMAT_QED: "qed"
 * @QBLK_FORMAT_RAW: "raw"
 * @QBLK_FORMAT_VDI: "vdi"
 * @QBLK_FORMAT_VHDX: "vhdx"
 * @QBLK_FORMAT_VMDK: "vmdk"
 * @QBLK_FORMAT_VPC: "vpc"
 *
 * The format of an image.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_FORMAT_UNKNOWN,
    QBLK_FORMAT_OTHER,
    QBLK_FORMAT_BOCHS,
    QBLK_FORMAT_CLOOP,
    QBLK_FORMAT_DMG,
    QBLK_FORMAT_LUKS,
    QBLK_FORMAT_PARALLELS,
    QBLK_FORMAT_QCOW,
    QBLK_FORMAT_QCOW2,
    QBLK_FORMAT_QED,
    QBLK_FORMAT_RAW,
    QBLK_FORMAT_VDI,
    QBLK_FORMAT_VHDX,
    QBLK_FORMAT_VMDK,
    QBLK_FORMAT_VPC,
} QblkFormat;

/**
 * qblk_format_name:
 * @format: a value
 *
 * Returns: (nullable): QEMU's name of the format, such as "qcow2"; "unknown" for
 *   QBLK_FORMAT_UNKNOWN; NULL for QBLK_FORMAT_OTHER
 *
 * Since: 0.1.0
 */
const char *qblk_format_name(QblkFormat format);

/**
 * QblkFilter:
 *
 * A node that passes requests on, such as throttle, copy-on-read or the filter of a job.  It
 * belongs to the chain of the layer that it is above of or inside.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkFilter QblkFilter;

/**
 * qblk_filter_ref:
 * @filter: the filter
 *
 * Returns: (transfer full): a further reference to @filter, which is a reference to its chain
 *
 * Since: 0.1.0
 */
QblkFilter *qblk_filter_ref(const QblkFilter *filter);

/**
 * qblk_filter_unref:
 * @filter: (nullable) (transfer full): the filter
 *
 * Release a reference to the chain; the last one frees the chain.
 *
 * Since: 0.1.0
 */
void qblk_filter_unref(QblkFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkFilter, qblk_filter_unref)

/**
 * qblk_filter_get_node_name:
 * @filter: the filter
 *
 * Returns: the name of its node
 *
 * Since: 0.1.0
 */
const char *qblk_filter_get_node_name(const QblkFilter *filter);

/**
 * qblk_filter_get_driver:
 * @filter: the filter
 *
 * Returns: QEMU's name of its driver, such as "throttle"
 *
 * Since: 0.1.0
 */
const char *qblk_filter_get_driver(const QblkFilter *filter);

/**
 * qblk_filter_get_n_others:
 * @filter: the filter
 *
 * Returns: the number of nodes that it uses beside the node that it filters, such as the target of
 *   copy-before-write
 *
 * Since: 0.1.0
 */
guint qblk_filter_get_n_others(const QblkFilter *filter);

/**
 * qblk_filter_get_other_child_name:
 * @filter: the filter
 * @position: 0 for the first of them
 *
 * Returns: (nullable): the name of the edge to such a node, such as "target"; NULL if there are not
 *   so many
 *
 * Since: 0.1.0
 */
const char *qblk_filter_get_other_child_name(const QblkFilter *filter, guint position);

/**
 * qblk_filter_get_other_node_name:
 * @filter: the filter
 * @position: 0 for the first of them
 *
 * Returns: (nullable): the name of such a node; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_filter_get_other_node_name(const QblkFilter *filter, guint position);

/**
 * QblkChain:
 *
 * A chain: a disk and its layers, from the active layer down to the base.  See <qblk/chain.h>.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkChain QblkChain;

/**
 * QblkLayer:
 *
 * One image of a chain.  It belongs to its chain: as long as there is a reference to the layer, the
 * chain exists.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkLayer QblkLayer;

/**
 * qblk_layer_ref:
 * @layer: the layer
 *
 * Returns: (transfer full): a further reference to @layer, which is a reference to its chain
 *
 * Since: 0.1.0
 */
QblkLayer *qblk_layer_ref(const QblkLayer *layer);

/**
 * qblk_layer_unref:
 * @layer: (nullable) (transfer full): the layer
 *
 * Release a reference to the chain; the last one frees the chain.
 *
 * Since: 0.1.0
 */
void qblk_layer_unref(QblkLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkLayer, qblk_layer_unref)

/**
 * qblk_layer_get_chain:
 * @layer: the layer
 *
 * Returns: (transfer none): the chain that the layer belongs to
 *
 * Since: 0.1.0
 */
const QblkChain *qblk_layer_get_chain(const QblkLayer *layer);

/**
 * qblk_layer_get_spec:
 * @layer: the layer
 *
 * Returns: how a user names the layer: the target of the disk for the active layer, "vda[2]",
 *   "node:NAME" if the layer has no index, or the file name if it has no node either
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_spec(const QblkLayer *layer);

/**
 * qblk_layer_get_position:
 * @layer: the layer
 *
 * Returns: 0 for the active layer, then 1, 2, 3 ... downwards; 0 for the layer of a mirror
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
 * Returns: the format of the image
 *
 * Since: 0.1.0
 */
QblkFormat qblk_layer_get_format(const QblkLayer *layer);

/**
 * qblk_layer_get_format_name:
 * @layer: the layer
 *
 * Returns: (nullable): QEMU's name of the format, such as "qcow2"; "unknown" or NULL if a libvirt
 *   domain does not specify it
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_format_name(const QblkLayer *layer);

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
 * qblk_layer_decode_source:
 * @layer: the layer
 *
 * Decode where the data of the layer are.  The path of the source leads to the file that QEMU has
 * open, if such a path is known.
 *
 * This takes longer than the getters, and is done at each call: keep the result to use it again.
 *
 * Returns: (transfer full): the source; NULL with QBLK_GRAPH_ERROR_UNSUPPORTED or
 *   QBLK_GRAPH_ERROR_SPEC if the source is not known, or libvirt's XML cannot express it
 *
 * Since: 0.1.0
 */
QblkSource *qblk_layer_decode_source(const QblkLayer *layer,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_layer_get_open_file:
 * @layer: the layer
 *
 * Returns: (transfer none) (nullable): the file that QEMU has open for the layer; NULL if its image
 *   is not a file or device of this machine, or the files were not examined
 *
 * Since: 0.1.0
 */
const QblkOpenFile *qblk_layer_get_open_file(const QblkLayer *layer);

/**
 * qblk_layer_get_n_further_files:
 * @layer: the layer
 *
 * Returns: the number of other files of the image: an external data file, the extents of VMDK
 *
 * Since: 0.1.0
 */
guint qblk_layer_get_n_further_files(const QblkLayer *layer);

/**
 * qblk_layer_get_further_file:
 * @layer: the layer
 * @position: 0 for the first file
 *
 * Returns: (transfer none) (nullable): such a file; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkOpenFile *qblk_layer_get_further_file(const QblkLayer *layer, guint position);

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
 * Returns: the space that the image uses, in bytes, or QBLK_UNKNOWN, as for a block device
 *
 * Since: 0.1.0
 */
gint64 qblk_layer_get_actual_size(const QblkLayer *layer);

/**
 * qblk_layer_get_written_end:
 * @layer: the layer
 *
 * Returns: of a block device, the end of the last write since QEMU opened it, in bytes; else
 *   QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_layer_get_written_end(const QblkLayer *layer);

/**
 * qblk_layer_get_write_threshold:
 * @layer: the layer
 *
 * Returns: the offset in bytes beyond which QEMU reports a write, or QBLK_UNKNOWN if it is not set
 *
 * Since: 0.1.0
 */
gint64 qblk_layer_get_write_threshold(const QblkLayer *layer);

/**
 * qblk_layer_is_read_only:
 * @layer: the layer
 *
 * Returns: TRUE if QEMU does not write to it
 *
 * Since: 0.1.0
 */
gboolean qblk_layer_is_read_only(const QblkLayer *layer);

/**
 * qblk_layer_is_active:
 * @layer: the layer
 *
 * Returns: FALSE if its node is inactive: another QEMU may use the image, during and after a
 *   migration
 *
 * Since: 0.1.0
 */
gboolean qblk_layer_is_active(const QblkLayer *layer);

/**
 * qblk_layer_get_backing_string:
 * @layer: the layer
 *
 * Returns: (nullable): the name of the backing file in the header of the image
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_backing_string(const QblkLayer *layer);

/**
 * qblk_layer_get_backing_format:
 * @layer: the layer
 *
 * Returns: (nullable): the format of the backing file in the header of the image
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_backing_format(const QblkLayer *layer);

/**
 * qblk_layer_get_encryption:
 * @layer: the layer
 *
 * Returns: (nullable): "luks" or "qcow"; NULL if its data are not encrypted
 *
 * Since: 0.1.0
 */
const char *qblk_layer_get_encryption(const QblkLayer *layer);

/**
 * qblk_layer_get_n_internal_snapshots:
 * @layer: the layer
 *
 * Returns: the number of internal snapshots of the image
 *
 * Since: 0.1.0
 */
guint qblk_layer_get_n_internal_snapshots(const QblkLayer *layer);

/**
 * qblk_layer_get_internal_snapshot:
 * @layer: the layer
 * @position: 0 for the first one
 *
 * Returns: (transfer none) (nullable): one of them; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkInternalSnapshot *qblk_layer_get_internal_snapshot(const QblkLayer *layer,
                                                             guint position);

/**
 * qblk_layer_get_n_bitmaps:
 * @layer: the layer
 *
 * Returns: the number of its dirty bitmaps that have a name
 *
 * Since: 0.1.0
 */
guint qblk_layer_get_n_bitmaps(const QblkLayer *layer);

/**
 * qblk_layer_get_bitmap:
 * @layer: the layer
 * @position: 0 for the first one
 *
 * Returns: (transfer none) (nullable): one of them; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkBitmap *qblk_layer_get_bitmap(const QblkLayer *layer, guint position);

/**
 * qblk_layer_get_n_users:
 * @layer: the layer
 *
 * Returns: the number of other users of the layer: exports, jobs, other disks, and nodes that are
 *   not of the chain
 *
 * Since: 0.1.0
 */
guint qblk_layer_get_n_users(const QblkLayer *layer);

/**
 * qblk_layer_get_user:
 * @layer: the layer
 * @position: 0 for the first one
 *
 * Returns: (transfer none) (nullable): one of them; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkUser *qblk_layer_get_user(const QblkLayer *layer, guint position);

/**
 * qblk_layer_has_more_users:
 * @layer: the layer
 *
 * Returns: TRUE if there are more users than are listed
 *
 * Since: 0.1.0
 */
gboolean qblk_layer_has_more_users(const QblkLayer *layer);

/**
 * qblk_layer_get_n_filters:
 * @layer: the layer
 *
 * Returns: the number of filters above the format node
 *
 * Since: 0.1.0
 */
guint qblk_layer_get_n_filters(const QblkLayer *layer);

/**
 * qblk_layer_get_filter:
 * @layer: the layer
 * @position: 0 for the first one
 *
 * Returns: (transfer none) (nullable): one of them; from the topmost filter downwards; NULL if
 *   there are not so many
 *
 * Since: 0.1.0
 */
const QblkFilter *qblk_layer_get_filter(const QblkLayer *layer, guint position);

/**
 * qblk_layer_get_n_storage_filters:
 * @layer: the layer
 *
 * Returns: the number of filters between the format node and the protocol node
 *
 * Since: 0.1.0
 */
guint qblk_layer_get_n_storage_filters(const QblkLayer *layer);

/**
 * qblk_layer_get_storage_filter:
 * @layer: the layer
 * @position: 0 for the first one
 *
 * Returns: (transfer none) (nullable): one of them; from the topmost filter downwards; NULL if
 *   there are not so many
 *
 * Since: 0.1.0
 */
const QblkFilter *qblk_layer_get_storage_filter(const QblkLayer *layer, guint position);

/**
 * qblk_layer_to_json:
 * @layer: the layer
 *
 * Returns: (transfer full): a JSON object: Layer in docs/json.md
 *
 * Since: 0.1.0
 */
char *qblk_layer_to_json(const QblkLayer *layer) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
