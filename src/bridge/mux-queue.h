/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands of one client: read, put in order, and answered if no other part is needed.
 */
#pragma once

#include "bridge/mux-data.h"

/** Read more commands of @client, if some may wait, and answer those that are next and need
 * neither QEMU nor the owner.  Called after anything that may let them go on. */
void qblk_mux_queue_advance(QblkMuxClient *client);

/** Returns: TRUE if no command of @client is to be executed now: it does not read its replies */
gboolean qblk_mux_queue_is_paused(const QblkMuxClient *client);

/** Let the first command of each client pass the hold that begins if an earlier one has held it:
 * otherwise it would wait as long as one hold follows another. */
void qblk_mux_queue_let_pass(QblkMux *mux);

/** Returns: TRUE if a command that passes is about to be sent */
gboolean qblk_mux_queue_has_passing(const QblkMux *mux);

/** Returns: TRUE if enough commands of @client are not answered: no more are to be read */
gboolean qblk_mux_queue_is_full(const QblkMuxClient *client);

/** Decide what happens to @request, the first in the queue of its client. */
QblkMuxVerdict qblk_mux_queue_judge(QblkMuxRequest *request);

/** Refuse @request when those before it are answered. */
void qblk_mux_queue_refuse(QblkMuxRequest *request, const char *error_class,
                           const char *description);
