/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Connecting to QEMU in a worker, perhaps to one that does not run yet.
 */
#pragma once

#include "bridge/worker.h"

#include <qblk/address.h>

/** One attempt, which a worker and its owner share. */
typedef struct QblkQemuConnect QblkQemuConnect;

/**
 * Begin to connect.
 *
 * @pause_ms: how long to wait before the first attempt
 * @waits: repeat it until it succeeds: at once when a socket appears at the path, and every second
 */
QblkQemuConnect *qblk_qemu_connect_new(QblkWorkers *workers, const QblkAddress *address,
                                       int timeout_ms, int pause_ms, gboolean waits);

/** Release the owner's reference.  The worker ends by itself; a connection is closed. */
void qblk_qemu_connect_unref(QblkQemuConnect *connect);

/** Returns: TRUE if the worker has ended */
gboolean qblk_qemu_connect_is_done(const QblkQemuConnect *connect);

/** Returns: (transfer full): the connected descriptor; -1 with the error of the last attempt */
int qblk_qemu_connect_take(QblkQemuConnect *connect, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable): why the last attempt has failed; NULL before the first one has */
const char *qblk_qemu_connect_get_reason(const QblkQemuConnect *connect);
