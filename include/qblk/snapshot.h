/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A graph snapshot: the block nodes, disks, exports and jobs of one VM at one moment.
 *
 * A snapshot never changes, and several threads may use it at once; fetch another one after a block
 * job.  All texts and objects that the functions return belong to the snapshot.
 */
#pragma once

#include <qblk/device.h>
#include <qblk/export.h>
#include <qblk/job.h>
#include <qblk/node.h>
#include <qblk/snapshot-options.h>

G_BEGIN_DECLS

/**
 * QblkSnapshot:
 *
 * A graph snapshot.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkSnapshot QblkSnapshot;

/**
 * qblk_snapshot_ref:
 * @snapshot: the snapshot
 *
 * Returns: (transfer full): a further reference to @snapshot
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_ref(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_unref:
 * @snapshot: (nullable) (transfer full): the snapshot
 *
 * Release a reference; the last one frees the snapshot.
 *
 * Since: 0.1.0
 */
void qblk_snapshot_unref(QblkSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSnapshot, qblk_snapshot_unref)

/* ---- the VM ---- */

/**
 * qblk_snapshot_get_qemu_version:
 * @snapshot: the snapshot
 * @major: (out) (optional): the version of QEMU
 * @minor: (out) (optional): the version of QEMU
 * @micro: (out) (optional): the version of QEMU
 *
 * Returns: TRUE if the version is known; FALSE, and nothing is set, if it is not
 *
 * Since: 0.1.0
 */
gboolean qblk_snapshot_get_qemu_version(const QblkSnapshot *snapshot, int *major, int *minor,
                                        int *micro);

/**
 * qblk_snapshot_get_vm_name:
 * @snapshot: the snapshot
 *
 * Returns: (nullable): the name given to -name, without secrets
 *
 * Since: 0.1.0
 */
const char *qblk_snapshot_get_vm_name(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_run_state:
 * @snapshot: the snapshot
 *
 * Returns: (nullable): "running", "paused", "inmigrate", "io-error" ...; NULL if it is not known,
 *   or of an image
 *
 * Since: 0.1.0
 */
const char *qblk_snapshot_get_run_state(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_is_ordinary:
 * @snapshot: the snapshot
 *
 * Returns: TRUE if the run state is one without an incident or migration: the guest runs, or is
 *   stopped by its user; also if it is not known
 *
 * Since: 0.1.0
 */
gboolean qblk_snapshot_is_ordinary(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_manager:
 * @snapshot: the snapshot
 *
 * The program that has started the guest and keeps its own record of the disks.  It does not notice
 * a change, which is refused unless the plan is forced: qblk_plan_options_set_force_managed().
 *
 * Returns: (nullable): "libvirt", "ovirt", "proxmox-ve", "incus" or "lxd"; NULL if none is known.
 *   Later versions may know others
 *
 * Since: 0.1.0
 */
const char *qblk_snapshot_get_manager(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_no_nodes_reason:
 * @snapshot: the snapshot
 *
 * Returns: (nullable): why the nodes were not queried, in a sentence; NULL if they were
 *
 * Since: 0.1.0
 */
const char *qblk_snapshot_get_no_nodes_reason(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_has_statistics:
 * @snapshot: the snapshot
 *
 * Returns: TRUE if the statistics of nodes were queried, and reported: a node whose
 *   qblk_node_get_written_end() is not known has written nothing
 *
 * Since: 0.1.0
 */
gboolean qblk_snapshot_has_statistics(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_edge_source:
 * @snapshot: the snapshot
 *
 * Returns: the reply that the edges were read from; QBLK_EDGE_SOURCE_BEST if there are no edges
 *
 * Since: 0.1.0
 */
QblkEdgeSource qblk_snapshot_get_edge_source(const QblkSnapshot *snapshot);

/* ---- lists: get_x() returns NULL if the index is too large ---- */

/**
 * qblk_snapshot_get_targets:
 * @snapshot: the snapshot
 *
 * Returns: (transfer none) (array zero-terminated=1): the target names of all disks in the order of
 *   a listing
 *
 * Since: 0.1.0
 */
const char *const *qblk_snapshot_get_targets(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_n_devices:
 * @snapshot: the snapshot
 *
 * Returns: the number of devices
 *
 * Since: 0.1.0
 */
guint qblk_snapshot_get_n_devices(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_device:
 * @snapshot: the snapshot
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the device: disks come first, in the order of their target
 *   names
 *
 * Since: 0.1.0
 */
const QblkDevice *qblk_snapshot_get_device(const QblkSnapshot *snapshot, guint index);

/**
 * qblk_snapshot_get_n_nodes:
 * @snapshot: the snapshot
 *
 * Returns: the number of nodes
 *
 * Since: 0.1.0
 */
guint qblk_snapshot_get_n_nodes(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_node:
 * @snapshot: the snapshot
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the node, the oldest first
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_snapshot_get_node(const QblkSnapshot *snapshot, guint index);

/**
 * qblk_snapshot_get_n_exports:
 * @snapshot: the snapshot
 *
 * Returns: the number of exports
 *
 * Since: 0.1.0
 */
guint qblk_snapshot_get_n_exports(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_export:
 * @snapshot: the snapshot
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the export
 *
 * Since: 0.1.0
 */
const QblkExport *qblk_snapshot_get_export(const QblkSnapshot *snapshot, guint index);

/**
 * qblk_snapshot_get_n_jobs:
 * @snapshot: the snapshot
 *
 * Returns: the number of jobs
 *
 * Since: 0.1.0
 */
guint qblk_snapshot_get_n_jobs(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_job:
 * @snapshot: the snapshot
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the job
 *
 * Since: 0.1.0
 */
const QblkJob *qblk_snapshot_get_job(const QblkSnapshot *snapshot, guint index);

/* ---- finding ---- */

/**
 * qblk_snapshot_find_device:
 * @snapshot: the snapshot
 * @name: a target name, or else a qdev id or the name of a BlockBackend, or else the node-name of
 *   the active layer or of a filter above it
 *
 * Returns: (transfer none): the disk; NULL with QBLK_GRAPH_ERROR_NO_DISK, which lists the disks, or
 *   _AMBIGUOUS, which lists the candidates
 *
 * Since: 0.1.0
 */
const QblkDevice *qblk_snapshot_find_device(const QblkSnapshot *snapshot, const char *name,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_find_node:
 * @snapshot: the snapshot
 * @name: a name
 *
 * Returns: (transfer none) (nullable): the node with that node-name
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_snapshot_find_node(const QblkSnapshot *snapshot, const char *name);

/**
 * qblk_snapshot_find_job:
 * @snapshot: the snapshot
 * @id: the id
 *
 * Returns: (transfer none) (nullable): the job with that id
 *
 * Since: 0.1.0
 */
const QblkJob *qblk_snapshot_find_job(const QblkSnapshot *snapshot, const char *id);

/**
 * qblk_snapshot_find_job_of:
 * @snapshot: the snapshot
 * @target: its target name
 *
 * Returns: (transfer none) (nullable): the first job of the disk
 *
 * Since: 0.1.0
 */
const QblkJob *qblk_snapshot_find_job_of(const QblkSnapshot *snapshot, const char *target);

/**
 * qblk_snapshot_to_json:
 * @snapshot: the snapshot
 *
 * Returns: (transfer full): a JSON object, as `qblk graph --json` has it
 *
 * Since: 0.1.0
 */
char *qblk_snapshot_to_json(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
