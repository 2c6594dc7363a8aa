/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to one QMP monitor.
 *
 * A program either makes the calls of this header that block, or drives the client from a main
 * loop: see <qblk/client-async.h>.  It can do both with one client.  The library has no loop and no
 * thread, and raises no SIGPIPE.  Two threads must not use a client at the same time.
 *
 * QEMU serves one client of a monitor at a time; another one receives nothing while it waits.
 *
 * The time limit of a command runs from its submission, and starts again with each reply of QEMU,
 * which executes one command after the other.  If the connection fails, every command fails with
 * that error; replies and events that were received before can still be taken.
 *
 * Events are kept until they are taken.  If too many are kept the connection fails, so a program
 * that stays connected must take them.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkClient:
 *
 * A connection to one QMP monitor.  It belongs to one thread at a time.
 *
 * Since: 0.1.0
 */
typedef struct QblkClient QblkClient;

/**
 * qblk_client_connect:
 * @address: a path that contains a '/', `unix:PATH`, `tcp:HOST:PORT` (an IPv6 host in brackets),
 *   `ssh://[USER@]HOST[:PORT]/PATH`, or `fd:N`, an inherited, connected socket.  The client owns
 *   that descriptor unless this fails with ARGUMENT or CONNECT.
 * @timeout_ms: the time limit in milliseconds: for connecting, for the handshake, and the default
 *   for each command; 0 or less means 5 seconds
 *
 * Connect to a monitor and wait until QEMU accepts commands.
 *
 * For `ssh://` the program ssh is started, or that of the environment variable QBLK_SSH.  It may
 * ask a person on the terminal of this process, or with SSH_ASKPASS, and then takes as long as that
 * person; it ends with the connection, and with the thread that opened it.
 *
 * Returns: (transfer full): the client; NULL with one of these errors:
 *   QBLK_QMP_ERROR_ARGUMENT if @address is invalid or not the address of a monitor;
 *   QBLK_QMP_ERROR_CONNECT if no process listens there;
 *   QBLK_QMP_ERROR_BUSY if QEMU sends no greeting;
 *   QBLK_QMP_ERROR_TIMEOUT, CLOSED, PROTOCOL or LIMIT
 *
 * Since: 0.1.0
 */
QblkClient *qblk_client_connect(const char *address, int timeout_ms,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_ref:
 * @client: the client
 *
 * Returns: (transfer full): a further reference to @client
 *
 * Since: 0.1.0
 */
QblkClient *qblk_client_ref(QblkClient *client);

/**
 * qblk_client_unref:
 * @client: (nullable) (transfer full): the client
 *
 * Release a reference; the last one closes the connection.  Commands that have no reply yet may
 * still be executed.
 *
 * Since: 0.1.0
 */
void qblk_client_unref(QblkClient *client);

/**
 * qblk_client_reconnect:
 * @client: the client
 * @timeout_ms: the time limit in milliseconds, for connecting and for the handshake; 0 or less
 *   means that of the client
 *
 * Connect to the same address once more, and wait until QEMU accepts commands.  The client, its
 * source in a main loop, its logger and its limits stay as they are; replies and events that were
 * received before can still be taken.  A connection that has not failed is closed before, and its
 * commands fail.
 *
 * Returns: FALSE with an error as those of qblk_client_connect(), and QBLK_QMP_ERROR_ARGUMENT if
 *   the address is a descriptor; the client can be connected again
 *
 * Since: 0.1.0
 */
gboolean qblk_client_reconnect(QblkClient *client, int timeout_ms,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- commands and events ---- */

/**
 * qblk_client_execute:
 * @client: the client
 * @command: the name of a QMP command
 * @arguments: (nullable): the text of a JSON object
 * @timeout_ms: the time limit in milliseconds; 0 or less means that of the client
 *
 * Execute one command and wait for its reply.
 *
 * Returns: (transfer full): the JSON text that QEMU returned; NULL with an error as those of
 *   qblk_client_take_reply()
 *
 * Since: 0.1.0
 */
char *qblk_client_execute(QblkClient *client, const char *command, const char *arguments,
                          int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_take_event:
 * @client: the client
 *
 * Take the oldest event.  Never waits.
 *
 * Returns: (transfer full) (nullable): the event as compact JSON text; NULL if no event is kept
 *
 * Since: 0.1.0
 */
char *qblk_client_take_event(QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_wait_event:
 * @client: the client
 * @timeout_ms: the time limit in milliseconds; 0 does not wait, less than 0 means no limit
 *
 * Take the oldest event, and wait for one if no event is kept.
 *
 * Returns: (transfer full): the event as compact JSON text; NULL with QBLK_QMP_ERROR_TIMEOUT if no
 *   event was received, or with the error of the connection after the last event was taken
 *
 * Since: 0.1.0
 */
char *qblk_client_wait_event(QblkClient *client, int timeout_ms,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- settings ---- */

/**
 * QblkClientLogger:
 * @sent: TRUE if the message was sent, FALSE if it was received
 * @message: JSON text in one line, without secrets
 * @user_data: of qblk_client_set_logger()
 *
 * Called for each message.  Must not use the client.
 *
 * During an operation it is called on the stack of the operation, of 1 MiB: it must neither block
 * nor use much stack.
 *
 * Since: 0.1.0
 */
typedef void (*QblkClientLogger)(gboolean sent, const char *message, gpointer user_data);

/**
 * qblk_client_set_logger:
 * @client: the client
 * @logger: (nullable) (scope notified) (closure user_data) (destroy destroy): the function to call,
 *   or NULL to stop logging
 * @user_data: passed to @logger
 * @destroy: (nullable): called with @user_data when it is no longer needed
 *
 * Since: 0.1.0
 */
void qblk_client_set_logger(QblkClient *client, QblkClientLogger logger, gpointer user_data,
                            GDestroyNotify destroy);

/**
 * qblk_client_set_reply_limit:
 * @client: the client
 * @bytes: the length of the longest message to accept; 0 means 64 MiB
 *
 * Set the limit for messages of QEMU.  A longer one fails the connection with QBLK_QMP_ERROR_LIMIT.
 * A guest with 100000 block nodes needs about 130 MB.
 *
 * Since: 0.1.0
 */
void qblk_client_set_reply_limit(QblkClient *client, gsize bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkClient, qblk_client_unref)

G_END_DECLS
