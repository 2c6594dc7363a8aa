/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The QEMU behind a bridge.
 *
 * The kernel tells which process listens on a socket.  If that is not a QEMU it may be a bridge,
 * which is asked for the process of QEMU by one command.  Another relay passes the command on, and
 * QEMU refuses it.
 *
 * The answer is believed only if that process exists here, has started at the time in the answer,
 * and could be used by the process that listens: that of another user could otherwise name a
 * process with files that it cannot open itself.
 */
#pragma once

#include "qmp/client.h"

/** Send the question, unless it is known that it is not needed, and do not wait for the answer. */
void qblk_bridge_peer_ask(QblkClient *client);

/**
 * Ask, and wait for the answer.
 *
 * Returns: (transfer none): what is known of a bridge, until the client is restarted
 */
const QblkClientBridge *qblk_bridge_peer_get(QblkClient *client);

/** Check that @client may change the VM.  FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the
 * socket to use, if its socket is a read-only one of a bridge. */
gboolean qblk_bridge_peer_check_access(QblkClient *client,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Set the process of QEMU, of a client that the bridge itself has made.  @pid: 0: not known */
void qblk_bridge_peer_set(QblkClient *client, gint64 pid);
