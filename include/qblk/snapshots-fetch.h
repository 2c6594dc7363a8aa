/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fetching graph snapshots from many running QEMUs at once, in one thread.
 */
#pragma once

#include <qblk/snapshot-fetch.h>

G_BEGIN_DECLS

/**
 * QblkSnapshotsFetch:
 *
 * The VMs from which snapshots are fetched.
 *
 * It belongs to one thread.
 *
 * Since: 0.1.0
 */
typedef struct QblkSnapshotsFetch QblkSnapshotsFetch;

/**
 * QblkSnapshotsDone:
 * @index: of the VM: the number of VMs that were added before it
 * @snapshot: (nullable): the snapshot, to which the function may take a reference; NULL if it could
 *   not be fetched
 * @error: (nullable): the reason if @snapshot is NULL: an error of qblk_client_connect() or
 *   qblk_snapshot_fetch()
 * @user_data: the data given to qblk_snapshots_fetch_run()
 *
 * Receives the snapshot of one VM.
 *
 * Returns: FALSE to stop: the connections to the other VMs are closed, and their snapshots are not
 *   delivered
 *
 * Since: 0.1.0
 */
typedef gboolean (*QblkSnapshotsDone)(guint index, const QblkSnapshot *snapshot,
                                      const GError *error, gpointer user_data);

/**
 * qblk_snapshots_fetch_new:
 *
 * Returns: (transfer full): a fetch from no VM
 *
 * Since: 0.1.0
 */
QblkSnapshotsFetch *qblk_snapshots_fetch_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshots_fetch_ref:
 * @fetch: the fetch
 *
 * Returns: (transfer full): a further reference to @fetch
 *
 * Since: 0.1.0
 */
QblkSnapshotsFetch *qblk_snapshots_fetch_ref(QblkSnapshotsFetch *fetch);

/**
 * qblk_snapshots_fetch_unref:
 * @fetch: (nullable) (transfer full): the fetch
 *
 * Release a reference; the last one frees the fetch.
 *
 * Since: 0.1.0
 */
void qblk_snapshots_fetch_unref(QblkSnapshotsFetch *fetch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSnapshotsFetch, qblk_snapshots_fetch_unref)

/**
 * qblk_snapshots_fetch_add:
 * @fetch: the fetch
 * @address: a monitor, as for qblk_client_connect()
 * @options: (nullable): of the snapshot, to which a reference is kept; NULL for the defaults
 * @timeout_ms: how long the connection and each reply may take, in milliseconds; 0 or less for the
 *   default of 5 seconds
 *
 * Add a VM.  Its snapshot is fetched by the next qblk_snapshots_fetch_run().  Messages are logged,
 * and the size of replies is limited, as @options tell.
 *
 * Since: 0.1.0
 */
void qblk_snapshots_fetch_add(QblkSnapshotsFetch *fetch, const char *address,
                              QblkSnapshotOptions *options, int timeout_ms);

/**
 * qblk_snapshots_fetch_run:
 * @fetch: the fetch
 * @func: (scope call): receives each snapshot
 * @user_data: data for @func
 *
 * Fetch the snapshots of all VMs, and wait for them.  All VMs are asked at once, as far as the
 * process may open descriptors, so that several VMs that do not answer take the time limit once.
 * New connections are made only while few replies wait to be read: a VM is not taken for silent
 * because the replies of many others are read.
 *
 * The snapshots are delivered in the order in which the VMs were added, each as soon as those
 * before it were delivered.  A VM that fails does not stop the others.
 *
 * Only the lookup of a host name of a `tcp:` address stops all of them.
 *
 * Returns: TRUE after @func was called for each VM, or returned FALSE; FALSE with
 *   QBLK_QMP_ERROR_CONNECT if this process cannot wait for several connections
 *
 * Since: 0.1.0
 */
gboolean qblk_snapshots_fetch_run(QblkSnapshotsFetch *fetch, QblkSnapshotsDone func,
                                  gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
