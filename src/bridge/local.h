/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands of the bridge itself: qblk-query-chains, qblk-commit and others, which their clients
 * use like those of QEMU.
 *
 * Most of them run in a worker, with the same calls of the library as a program.  Operations are
 * journaled by this process; all clients get events on their progress.
 */
#pragma once

#include "bridge/worker.h"

#include <qblk/snapshot-options.h>

typedef struct QblkLocal QblkLocal;

typedef struct {
    const QblkAddress *address;            /* of the monitor */
    const char *state_directory;           /* (nullable): of journals; NULL: the default one */
    QblkSnapshotOptions *snapshot_options; /* (nullable): names of disks */
} QblkLocalSettings;

/** @workers are freed before.  @settings: copied */
QblkLocal *qblk_local_new(QblkMux *mux, QblkWorkers *workers, const QblkLocalSettings *settings);
void qblk_local_free(QblkLocal *local);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkLocal, qblk_local_free)

/** Set the path of a socket of the bridge for all commands, of which qblk-query-peer tells.
 * @path: (nullable) */
void qblk_local_set_full(QblkLocal *local, const char *path);

/** Returns: (array zero-terminated=1): the names of the commands, for qblk_mux_new() */
const char *const *qblk_local_get_commands(void);

/** The socket @fd is connected to QEMU, for the first time or again; it stays the caller's. */
void qblk_local_connected(QblkLocal *local, int fd);

/** The connection to QEMU has ended. */
void qblk_local_disconnected(QblkLocal *local);

/**
 * Execute @request if it is one of the commands: it is answered now or later.
 *
 * Returns: FALSE if it is not
 */
gboolean qblk_local_execute(QblkLocal *local, QblkMuxRequest *request);

/** For the hooks of the mux with the same names. */
void qblk_local_event(QblkLocal *local, const QblkJson *event);
void qblk_local_changed(QblkLocal *local, const char *command);

/** @client is about to be removed from the mux. */
void qblk_local_forget_client(QblkLocal *local, const QblkMuxClient *client);

/** Returns: the number of operations that have not ended.  If they are stopped by
 * qblk_workers_cancel(), their journals stay, for qblk_recover_vm(). */
guint qblk_local_count_operations(const QblkLocal *local);

/** The operations that run are about to end before they are complete: QEMU ends, if @qemu_ends, or
 * the bridge. */
void qblk_local_interrupt(QblkLocal *local, gboolean qemu_ends);

/** Returns: (transfer full) (nullable): how to recover those that were interrupted since the last
 * call; NULL if no journal is left */
char *qblk_local_take_left(QblkLocal *local) G_GNUC_WARN_UNUSED_RESULT;
