/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The process behind a client.
 */
#pragma once

#include "image/process.h"

#include <qblk/image-client.h>

/**
 * Find the process that @client talks to.  Waits for the answer of a bridge, once for each
 * connection; qblk_bridge_peer_ask() before saves the wait.
 *
 * Returns: the pid of the storage daemon that it has started, of the QEMU behind a bridge, or of
 * the process behind its socket; 0 if that is not on this machine or not known
 */
gint64 qblk_client_get_process(QblkClient *client);

/** Returns: (transfer none) (nullable): the layers, of QblkImageLayer, that the daemon of @client
 * has opened, top first; NULL for the client of a VM */
const GPtrArray *qblk_client_get_image_layers(const QblkClient *client);
