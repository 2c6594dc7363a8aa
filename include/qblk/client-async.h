/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client that does not block, driven from any main loop.
 *
 * Wait for qblk_client_get_events() on qblk_client_get_fd() for at most qblk_client_get_timeout()
 * milliseconds, call qblk_client_process(), and take the replies and events that it has received.
 * With GLib's main loop <qblk/client-source.h> does all that.
 */
#pragma once

#include <qblk/client.h>

G_BEGIN_DECLS

/**
 * qblk_client_start:
 * @address: as for qblk_client_connect()
 * @timeout_ms: as for qblk_client_connect()
 *
 * Connect to a monitor and return before its greeting.  Commands can be submitted at once; they are
 * sent after the greeting.  Opening the connection may block for up to @timeout_ms, over TCP or if
 * several clients wait for the monitor.
 *
 * Returns: (transfer full): the client; NULL with an error as those of qblk_client_connect()
 *
 * Since: 0.1.0
 */
QblkClient *qblk_client_start(const char *address, int timeout_ms,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_start_fd:
 * @fd: a connected stream socket; the client owns it unless this fails
 * @timeout_ms: as for qblk_client_connect()
 *
 * qblk_client_start() with a socket that is connected already.
 *
 * Returns: (transfer full): the client; NULL with QBLK_QMP_ERROR_CONNECT if @fd is not such a
 *   socket
 *
 * Since: 0.1.0
 */
QblkClient *qblk_client_start_fd(int fd, int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- driving it ---- */

/**
 * qblk_client_get_fd:
 * @client: the client
 *
 * Returns: the descriptor to wait for; -1 after the connection has failed, when it is closed
 *
 * Since: 0.1.0
 */
int qblk_client_get_fd(const QblkClient *client);

/**
 * qblk_client_get_events:
 * @client: the client
 *
 * Returns: the events to wait for, as in poll(2).  They may change with each call of another
 *   function of the client.
 *
 * Since: 0.1.0
 */
int qblk_client_get_events(const QblkClient *client);

/**
 * qblk_client_get_timeout:
 * @client: the client
 *
 * Returns: the longest time to wait, in milliseconds; -1 for no limit
 *
 * Since: 0.1.0
 */
int qblk_client_get_timeout(const QblkClient *client);

/**
 * qblk_client_process:
 * @client: the client
 * @revents: the events that poll(2) returned; 0 after a timeout
 *
 * Read, write, and let commands fail that ran out of time.  The amount that one call reads is
 * limited, so that one busy monitor does not keep a loop from serving others.
 *
 * Returns: FALSE with an error, at each call, after the connection has failed
 *
 * Since: 0.1.0
 */
gboolean qblk_client_process(QblkClient *client, int revents,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_is_ready:
 * @client: the client
 *
 * Returns: TRUE if the handshake is done: QEMU accepts commands
 *
 * Since: 0.1.0
 */
gboolean qblk_client_is_ready(const QblkClient *client);

/**
 * qblk_client_get_error:
 * @client: the client
 *
 * Returns: (nullable): why the connection failed; NULL if it has not
 *
 * Since: 0.1.0
 */
const GError *qblk_client_get_error(const QblkClient *client);

/* ---- commands ---- */

/**
 * qblk_client_submit:
 * @client: the client
 * @command: the name of a QMP command
 * @arguments: (nullable): the text of a JSON object
 * @timeout_ms: the time limit in milliseconds; 0 or less means that of the client
 *
 * Queue a command, which qblk_client_process() sends.  After the connection has failed the command
 * fails, too: qblk_client_take_reply() returns the error.
 *
 * Returns: the id of the command; 0 with QBLK_QMP_ERROR_ARGUMENT if @arguments is not a JSON object
 *   or @command is not a name
 *
 * Since: 0.1.0
 */
guint64 qblk_client_submit(QblkClient *client, const char *command, const char *arguments,
                           int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_take_reply:
 * @client: the client
 * @id: of the command
 * @done: (out): set to FALSE if the reply has not been received yet
 * @reply: (out) (transfer full): the JSON text that QEMU returned, if @done was set to TRUE
 *
 * Take the reply to a command.  If @done was set to TRUE, or on failure, the id is no longer valid.
 *
 * Returns: TRUE, or FALSE with one of these errors:
 *   QBLK_QMP_ERROR_NOT_FOUND if this QEMU does not have the command;
 *   QBLK_QMP_ERROR_REFUSED if QEMU replied with an error;
 *   QBLK_QMP_ERROR_TIMEOUT if it did not reply in time: whether it executes the command is unknown,
 *   a late reply is dropped, and the client can still be used;
 *   QBLK_QMP_ERROR_ARGUMENT if no command has this id;
 *   the error of the connection
 *
 * Since: 0.1.0
 */
gboolean qblk_client_take_reply(QblkClient *client, guint64 id, gboolean *done, char **reply,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_abandon:
 * @client: the client
 * @id: of a command; one that is not valid is ignored
 *
 * Drop a command: it is not sent, or its reply is dropped.
 *
 * Since: 0.1.0
 */
void qblk_client_abandon(QblkClient *client, guint64 id);

G_END_DECLS
