/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A graph snapshot: the block nodes, disks and block jobs of one VM at one moment.
 */
#pragma once

#include <qblk/client.h>
#include <qblk/graph.h>

G_BEGIN_DECLS

/**
 * QblkSnapshot:
 *
 * The block nodes, disks and block jobs of one VM at one moment.  It never changes, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkSnapshot QblkSnapshot;

/**
 * QblkSnapshotOptions:
 *
 * How to fetch a snapshot.  Options belong to one thread at a time, and do not change once they
 * were passed to a function.
 *
 * Since: 0.1.0
 */
typedef struct QblkSnapshotOptions QblkSnapshotOptions;

/**
 * qblk_snapshot_options_new:
 *
 * Returns: (transfer full): options to fetch a snapshot with: no target names are given and there
 *   is no warning callback
 *
 * Since: 0.1.0
 */
QblkSnapshotOptions *qblk_snapshot_options_new(void);
/**
 * qblk_snapshot_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkSnapshotOptions *qblk_snapshot_options_ref(QblkSnapshotOptions *options);

/**
 * qblk_snapshot_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_unref(QblkSnapshotOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSnapshotOptions, qblk_snapshot_options_unref)

/**
 * qblk_snapshot_options_add_target:
 * @options: the options
 * @assignment: "NAME=DEVICE"; DEVICE is a qdev id or path, the name of a BlockBackend, or a
 *   node-name
 *
 * Give a disk a target name.  This has priority over all other ways to find a name.
 *
 * Returns: TRUE, or FALSE with QBLK_GRAPH_ERROR_SPEC if @assignment is not valid, or _AMBIGUOUS if
 *   the name was given before
 *
 * Since: 0.1.0
 */
gboolean qblk_snapshot_options_add_target(QblkSnapshotOptions *options, const char *assignment,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_options_add_domain_disk:
 * @options: the options
 * @target: the target name in the domain
 * @alias: (nullable): the alias of the device
 * @serial: (nullable): its serial number
 * @file: (nullable): the path of its active image
 *
 * Describe a disk of a libvirt domain.  The device whose qdev id is @alias, or else whose serial
 * number is @serial, or else whose active image is @file, gets the name @target.
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_add_domain_disk(QblkSnapshotOptions *options, const char *target,
                                           const char *alias, const char *serial, const char *file);

/**
 * QblkWarning:
 * @message: the message
 * @user_data: passed to the function
 *
 * Called with @message, a sentence for people.
 *
 * Since: 0.1.0
 */
typedef void (*QblkWarning)(const char *message, gpointer user_data);

/**
 * qblk_snapshot_options_set_warning:
 * @options: the options
 * @warning: (nullable) (scope forever): called at each fetch, before the nodes are queried, if the
 *   query will keep QEMU busy for more than 100 ms
 * @user_data: passed to the function
 *
 * During the query the monitor does not answer and the disks of the guest wait: about 80
 * microseconds for each node, measured with QEMU 7.2.
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_set_warning(QblkSnapshotOptions *options, QblkWarning warning,
                                       gpointer user_data);

/**
 * qblk_snapshot_fetch:
 * @client: connected to a QEMU 5.0 or later
 * @options: (nullable): or NULL for the defaults
 *
 * Fetch a snapshot from a running QEMU, with few and cheap queries that change nothing.  A graph
 * that changes during the queries is read again, up to three times.
 *
 * The nodes are not queried if that could crash this QEMU (a stream job is concluded and not
 * dismissed, versions 6.0 to 10.1).  Such a snapshot has the jobs, and making a chain fails with
 * QBLK_GRAPH_ERROR_UNSAFE.
 *
 * Returns: (transfer full): the snapshot, or NULL with one of these errors:
 *   QBLK_QMP_ERROR;
 *   QBLK_JSON_ERROR_TYPE if a field of a reply has the wrong type;
 *   QBLK_GRAPH_ERROR_INVALID if the replies are not consistent;
 *   QBLK_GRAPH_ERROR_CHANGED if the graph changed during each attempt;
 *   QBLK_GRAPH_ERROR_LIMIT if there are more than 100000 nodes, which would stop the disks of the
 *   guest for about 8 seconds, or too many devices, jobs or layers;
 *   QBLK_GRAPH_ERROR_NO_DISK or _AMBIGUOUS if no device or several devices match a name that
 *   @options give;
 *   QBLK_GRAPH_ERROR_UNSUPPORTED if this QEMU does not report the edges between nodes in the way
 *   that @options select
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_fetch(QblkClient *client, const QblkSnapshotOptions *options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_ref:
 * @snapshot: the snapshot
 *
 * Returns: (transfer full): a further reference to @snapshot
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_ref(QblkSnapshot *snapshot);

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

/**
 * qblk_snapshot_get_targets:
 * @snapshot: the snapshot
 *
 * Returns: (transfer none): the target names of all disks in the order of a listing, with NULL at
 *   the end
 *
 * Since: 0.1.0
 */
const char *const *qblk_snapshot_get_targets(const QblkSnapshot *snapshot);

/**
 * qblk_snapshot_get_manager:
 * @snapshot: the snapshot
 *
 * The program that has started the guest and keeps its own record of the disks.  It does not notice
 * a change, which is refused unless the limits of the job have `force_managed`.
 *
 * Returns: (transfer none) (nullable): "libvirt", "ovirt", "proxmox-ve", "incus" or "lxd"; NULL if
 *   none is known.  Later versions may know others
 *
 * Since: 0.1.0
 */
const char *qblk_snapshot_get_manager(const QblkSnapshot *snapshot);

G_END_DECLS
