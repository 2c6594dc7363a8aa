/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client that is driven from GLib's main loop.
 */
#pragma once

#include <qblk/client.h>

G_BEGIN_DECLS

/**
 * QblkClientSourceFunc:
 * @client: the client
 * @user_data: of g_source_set_callback()
 *
 * Called when the handshake of a client is done that was not ready when its source was made, and
 * when a reply, an event or the failure of the connection has been received.  Should take all of
 * them.
 *
 * Returns: G_SOURCE_REMOVE to end the source
 *
 * Since: 0.1.0
 */
typedef gboolean (*QblkClientSourceFunc)(QblkClient *client, gpointer user_data);

/**
 * qblk_client_source_new: (skip)
 * @client: the client, of which the source keeps a reference
 *
 * Make a source that drives @client and calls a QblkClientSourceFunc, which is set with
 * g_source_set_callback (source, G_SOURCE_FUNC (function), user_data, NULL).  It also reports what
 * was received before.  It is called again while it takes something and leaves something; else
 * when something new was received.
 *
 * Returns: (transfer full): the source
 *
 * Since: 0.1.0
 */
GSource *qblk_client_source_new(QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_add_watch:
 * @client: the client, of which a reference is kept until the source ends
 * @func: (scope notified) (closure user_data) (destroy destroy): called as for
 *   qblk_client_source_new()
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data when the source ends
 *
 * Drive @client in the thread's default main context.
 *
 * Returns: the id of the source, for g_source_remove()
 *
 * Since: 0.1.0
 */
guint qblk_client_add_watch(QblkClient *client, QblkClientSourceFunc func, gpointer user_data,
                            GDestroyNotify destroy);

G_END_DECLS
