/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a graph snapshot is fetched and how its disks are named.
 *
 * Options are filled by one thread, and do not change once they were passed on.
 */
#pragma once

#include <qblk/client.h>
#include <qblk/graph-kinds.h>

G_BEGIN_DECLS

/**
 * QblkSnapshotOptions:
 *
 * Options of a snapshot.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
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
 * @message: a sentence for people
 * @user_data: of qblk_snapshot_options_set_warning()
 *
 * Called before something that keeps QEMU busy.
 *
 * Since: 0.1.0
 */
typedef void (*QblkWarning)(const char *message, gpointer user_data);

/**
 * qblk_snapshot_options_set_warning:
 * @options: the options
 * @warning: (nullable) (scope notified) (closure user_data): called at each fetch, by the thread
 *   that fetches, before the nodes are queried, if the query will keep QEMU busy for more than 100
 *   ms
 * @user_data: passed to @warning
 * @destroy: (nullable): called with @user_data when it is no longer needed
 *
 * During the query the monitor does not answer and the disks of the guest wait: about 80
 * microseconds for each node, measured with QEMU 7.2.
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_set_warning(QblkSnapshotOptions *options, QblkWarning warning,
                                       gpointer user_data, GDestroyNotify destroy);

/**
 * qblk_snapshot_options_set_edge_source:
 * @options: the options
 * @source: the reply to read the edges between nodes from, to compare them; QBLK_EDGE_SOURCE_BEST
 *   is the default
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_set_edge_source(QblkSnapshotOptions *options, QblkEdgeSource source);

/**
 * qblk_snapshot_options_set_serials:
 * @options: the options
 * @is_wanted: TRUE: query the serial number of each disk; this is the default
 *
 * Without serial numbers a live QEMU answers sooner by about 0.3 milliseconds for each disk.  If
 * disks of a libvirt domain are given, they are queried in any case: a name may depend on them.
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_set_serials(QblkSnapshotOptions *options, gboolean is_wanted);

/**
 * qblk_snapshot_options_set_statistics:
 * @options: the options
 * @is_wanted: TRUE: query how much was read and written; FALSE is the default
 *
 * This takes two more queries: qblk_device_get_statistics() and, of all nodes,
 * qblk_node_get_written_end() return what QEMU replied.  The time that QEMU needs for them is about
 * a quarter of that for the nodes.
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_set_statistics(QblkSnapshotOptions *options, gboolean is_wanted);

/**
 * qblk_snapshot_options_set_reply_limit:
 * @options: the options
 * @bytes: as of qblk_client_set_reply_limit(); 0 means 64 MiB
 *
 * Set the limit for messages of the daemon that opens an image: qblk_snapshot_open_image().
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_set_reply_limit(QblkSnapshotOptions *options, gsize bytes);

/**
 * qblk_snapshot_options_set_logger:
 * @options: the options
 * @logger: (nullable) (scope notified) (closure user_data): called for each message to and from the
 *   daemon that opens an image
 * @user_data: passed to @logger
 * @destroy: (nullable): called with @user_data when it is no longer needed
 *
 * Since: 0.1.0
 */
void qblk_snapshot_options_set_logger(QblkSnapshotOptions *options, QblkClientLogger logger,
                                      gpointer user_data, GDestroyNotify destroy);

G_END_DECLS
