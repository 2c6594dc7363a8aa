/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A chain: a disk and its layers, from the active layer down to the base.
 *
 * A chain has copies of all its values: it does not depend on the graph snapshot, document or image
 * that it was made from.  It never changes, and several threads may use it at once; make a new one
 * after a block job.  All texts and objects that the functions return belong to the chain unless
 * specified otherwise.
 */
#pragma once

#include <qblk/layer.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * QblkIndexSource:
 * @QBLK_INDEX_SOURCE_POSITION: an index is the position of the layer
 * @QBLK_INDEX_SOURCE_LIBVIRT: the node-names that libvirt gives, such as "libvirt-3-format"
 * @QBLK_INDEX_SOURCE_DOMAIN: a libvirt domain specifies them
 *
 * Where the indexes of a chain come from.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_INDEX_SOURCE_POSITION,
    QBLK_INDEX_SOURCE_LIBVIRT,
    QBLK_INDEX_SOURCE_DOMAIN,
} QblkIndexSource;

/**
 * qblk_index_source_name:
 * @source: a value
 *
 * Returns: "position", "libvirt" or "domain"
 *
 * Since: 0.1.0
 */
const char *qblk_index_source_name(QblkIndexSource source);

/**
 * qblk_snapshot_chain:
 * @snapshot: the snapshot
 * @name: a target name, or else a qdev id or the name of a BlockBackend, or else the node-name of
 *   the active layer or of a filter above it
 *
 * Make the chain of a disk.
 *
 * Returns: (transfer full): the chain, or NULL with one of these errors (QBLK_GRAPH_ERROR):
 *   NO_DISK, which lists the disks, if no disk has that name;
 *   AMBIGUOUS, which lists the candidates, if several disks could have that name;
 *   NO_NODE if the disk has no block node in this QEMU (vhost-user);
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
QblkChain *qblk_chain_ref(const QblkChain *chain);

/**
 * qblk_chain_unref:
 * @chain: (nullable) (transfer full): the chain
 *
 * Release a reference; the last one frees the chain with its layers.
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
 * Returns: how the target name is known
 *
 * Since: 0.1.0
 */
QblkNameSource qblk_chain_get_name_source(const QblkChain *chain);

/**
 * qblk_chain_get_bus:
 * @chain: the chain
 *
 * Returns: the bus of the disk
 *
 * Since: 0.1.0
 */
QblkBus qblk_chain_get_bus(const QblkChain *chain);

/**
 * qblk_chain_get_bus_name:
 * @chain: the chain
 *
 * Returns: (nullable): the word of qblk_bus_name(), or another one if the bus is QBLK_BUS_OTHER
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_bus_name(const QblkChain *chain);

/**
 * qblk_chain_get_device_kind:
 * @chain: the chain
 *
 * Returns: what the disk is to the guest
 *
 * Since: 0.1.0
 */
QblkDeviceKind qblk_chain_get_device_kind(const QblkChain *chain);

/**
 * qblk_chain_get_alias:
 * @chain: the chain
 *
 * Returns: (nullable): the id of the device, which is libvirt's alias
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_alias(const QblkChain *chain);

/**
 * qblk_chain_get_qdev:
 * @chain: the chain
 *
 * Returns: (nullable): the id or path of the device as QEMU reports it
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_qdev(const QblkChain *chain);

/**
 * qblk_chain_get_backend:
 * @chain: the chain
 *
 * Returns: (nullable): the name of the BlockBackend (-drive)
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_backend(const QblkChain *chain);

/**
 * qblk_chain_get_serial:
 * @chain: the chain
 *
 * Returns: (nullable): the serial number of the device, which is "" if none was given; NULL if QEMU
 *   does not report it
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_serial(const QblkChain *chain);

/**
 * qblk_chain_is_removable:
 * @chain: the chain
 *
 * Returns: TRUE if the medium can be removed
 *
 * Since: 0.1.0
 */
gboolean qblk_chain_is_removable(const QblkChain *chain);

/**
 * qblk_chain_is_tray_open:
 * @chain: the chain
 *
 * Returns: TRUE if the tray of the drive is open
 *
 * Since: 0.1.0
 */
gboolean qblk_chain_is_tray_open(const QblkChain *chain);

/**
 * qblk_chain_is_read_only:
 * @chain: the chain
 *
 * Returns: TRUE if the guest cannot write to the disk
 *
 * Since: 0.1.0
 */
gboolean qblk_chain_is_read_only(const QblkChain *chain);

/**
 * qblk_chain_get_io_status:
 * @chain: the chain
 *
 * Returns: (nullable): the result of the last request as QEMU reports it: "ok", "failed" or
 *   "nospace"; NULL if the device does not keep it.  It stays when the guest is resumed.
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_io_status(const QblkChain *chain);

/**
 * qblk_chain_has_stopped_guest:
 * @chain: the chain
 *
 * Returns: TRUE if the guest is stopped because a request to this disk failed
 *
 * Since: 0.1.0
 */
gboolean qblk_chain_has_stopped_guest(const QblkChain *chain);

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
 * qblk_chain_get_index_source:
 * @chain: the chain
 *
 * Returns: where the indexes of the layers come from
 *
 * Since: 0.1.0
 */
QblkIndexSource qblk_chain_get_index_source(const QblkChain *chain);

/**
 * qblk_chain_is_complete:
 * @chain: the chain
 *
 * Returns: TRUE if the last layer is known to have no backing file
 *
 * Since: 0.1.0
 */
gboolean qblk_chain_is_complete(const QblkChain *chain);

/**
 * qblk_chain_get_unknown_files:
 * @chain: the chain
 *
 * Returns: (nullable): why the files that QEMU has open for the layers are not known, for people;
 *   NULL if they are known, or no layer has a file of this machine
 *
 * Since: 0.1.0
 */
const char *qblk_chain_get_unknown_files(const QblkChain *chain);

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
 * QblkMirror:
 *
 * The destination of a running copy or active commit.  It belongs to its chain.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkMirror QblkMirror;

/**
 * qblk_mirror_ref:
 * @mirror: the mirror
 *
 * Returns: (transfer full): a further reference to @mirror, which is a reference to its chain
 *
 * Since: 0.1.0
 */
QblkMirror *qblk_mirror_ref(const QblkMirror *mirror);

/**
 * qblk_mirror_unref:
 * @mirror: (nullable) (transfer full): the mirror
 *
 * Release a reference to the chain; the last one frees the chain.
 *
 * Since: 0.1.0
 */
void qblk_mirror_unref(QblkMirror *mirror);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMirror, qblk_mirror_unref)

/**
 * qblk_chain_get_mirror:
 * @chain: the chain
 *
 * Returns: (transfer none) (nullable): the destination of a running copy or active commit; NULL if
 *   there is no such job
 *
 * Since: 0.1.0
 */
const QblkMirror *qblk_chain_get_mirror(const QblkChain *chain);

/**
 * qblk_mirror_get_job_id:
 * @mirror: the mirror
 *
 * Returns: (nullable): the id of the job; NULL in a libvirt domain
 *
 * Since: 0.1.0
 */
const char *qblk_mirror_get_job_id(const QblkMirror *mirror);

/**
 * qblk_mirror_get_kind:
 * @mirror: the mirror
 *
 * Returns: QBLK_JOB_KIND_COPY or QBLK_JOB_KIND_ACTIVE_COMMIT
 *
 * Since: 0.1.0
 */
QblkJobKind qblk_mirror_get_kind(const QblkMirror *mirror);

/**
 * qblk_mirror_is_ready:
 * @mirror: the mirror
 *
 * Returns: TRUE if the destination is in sync with the disk
 *
 * Since: 0.1.0
 */
gboolean qblk_mirror_is_ready(const QblkMirror *mirror);

/**
 * qblk_mirror_get_layer:
 * @mirror: the mirror
 *
 * Returns: (transfer none): the destination.  It is not one of the layers of the chain; that of an
 *   active commit is the same image as one of them and has the same node-name.
 *
 * Since: 0.1.0
 */
const QblkLayer *qblk_mirror_get_layer(const QblkMirror *mirror);

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
 * qblk_snapshot_resolve:
 * @snapshot: the snapshot
 * @spec: "vda" or "vda[0]" (the active layer of a disk), "vda[2]" (an index), "node:NAME" (any node
 *   of the layer), or the path of the image: of the file that QEMU has open, as QEMU reports it, or
 *   else the same file after both paths' links were resolved on this machine
 * @fingerprint: (nullable): of the chain that has the layer, if it must not have changed since
 *
 * Find the layer that @spec names among the chains of all disks.  A layer that several disks share
 * is one layer, of the first of them.  A disk whose graph is not a chain is skipped, unless no disk
 * has a chain.
 *
 * Returns: (transfer full): the layer, which keeps its chain; NULL with an error of
 *   qblk_snapshot_chain() or with one of these (QBLK_GRAPH_ERROR):
 *   SPEC if the index in @spec is not valid;
 *   NO_LAYER if no layer has that index, node or path;
 *   AMBIGUOUS, which lists the candidates, if several layers have that path;
 *   STALE if the chain has another fingerprint
 *
 * Since: 0.1.0
 */
QblkLayer *qblk_snapshot_resolve(const QblkSnapshot *snapshot, const char *spec,
                                 const char *fingerprint, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_resolve_full:
 * @snapshot: the snapshot
 * @spec: "vda" or "vda[0]" (the active layer of a disk), "vda[2]" (an index), "node:NAME" (any node
 *   of the layer), or the path of the image: of the file that QEMU has open, as QEMU reports it, or
 *   else the same file after both paths' links were resolved on this machine
 * @fingerprint: (nullable): of the chain that has the layer, if it must not have changed since
 * @warning: (scope call) (nullable): called during the call for each disk that is skipped
 * @user_data: for @warning
 *
 * As qblk_snapshot_resolve(), with a warning for each disk that is skipped because it has no chain:
 * it may have the layer, too.
 *
 * Returns: (transfer full): as of qblk_snapshot_resolve()
 *
 * Since: 0.1.0
 */
QblkLayer *qblk_snapshot_resolve_full(const QblkSnapshot *snapshot, const char *spec,
                                      const char *fingerprint, QblkWarning warning,
                                      gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_resolve:
 * @client: a client
 * @spec: as of qblk_snapshot_resolve()
 * @options: (nullable): as of qblk_snapshot_fetch()
 *
 * Find the node that @spec means now.  If it is an index, this takes QEMU much less time than
 * qblk_snapshot_fetch(): the names of the nodes and the edges between them are enough, if no job
 * runs and no filter is between the layers.
 *
 * Returns: (transfer full): the name of the format node; NULL with an error of
 *   qblk_snapshot_fetch() or qblk_snapshot_resolve()
 *
 * Since: 0.1.0
 */
char *qblk_client_resolve(QblkClient *client, const char *spec, const QblkSnapshotOptions *options,
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
 * qblk_chain_to_json:
 * @chain: the chain
 *
 * Returns: (transfer full): a JSON object: Chain in docs/json.md
 *
 * Since: 0.1.0
 */
char *qblk_chain_to_json(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
