/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The client as other directories use it: with JSON values instead of text.
 */
#pragma once

#include "base/json.h"
#include "base/waiter.h"
#include "qmp/address.h"
#include "qmp/client-bridge.h"
#include "qmp/query.h"
#include "qmp/schema.h"

#include <qblk/client-async.h>
#include <qblk/client-info.h>
#include <qblk/client-source.h>

/** qblk_client_start() with an address that was parsed before. */
QblkClient *qblk_client_start_at(const QblkAddress *address, int timeout_ms,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same; @waiter (nullable), which is borrowed, waits for the connection and for QEMU. */
QblkClient *qblk_client_start_with(const QblkAddress *address, int timeout_ms,
                                   const QblkWaiter *waiter,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Set what waits in qblk_client_wait_turn(), and so in all calls that block.
 *
 * @waiter: (nullable): borrowed; NULL: poll()
 */
void qblk_client_set_waiter(QblkClient *client, const QblkWaiter *waiter);
const QblkWaiter *qblk_client_get_waiter(const QblkClient *client);

/** Set the address that @client, which a relay in this process connects to a monitor, is known by:
 * in journals, and for connecting once more. */
void qblk_client_set_address(QblkClient *client, const QblkAddress *address);

/** A peer that this process has started, and that is ended with the client. */
typedef struct {
    gint64 pid;
    gpointer owner;         /* what the peer belongs to */
    GDestroyNotify release; /* called with @owner after the connection was closed */
} QblkClientPeer;

/** Set the peer of @client, which takes it over. */
void qblk_client_set_peer(QblkClient *client, const QblkClientPeer *peer);

/** Returns: (transfer none) (nullable): the peer that was set */
const QblkClientPeer *qblk_client_get_peer(const QblkClient *client);

/** Returns: (transfer none): what is known of a bridge; see image/bridge-peer.h */
QblkClientBridge *qblk_client_get_bridge(QblkClient *client);

/** Returns: TRUE if no operation used @client before; one does from then on, and may peek at events
 * after the program has taken them. */
gboolean qblk_client_begin_operation(QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/**
 * @is_driven: FALSE: the operation has ended
 * @is_blocking: the program takes no events until its end: the oldest ones that were handled are
 *   dropped before there are too many
 */
void qblk_client_drive(QblkClient *client, gboolean is_driven, gboolean is_blocking);

/** Returns: the time limit of commands without one of their own, in milliseconds */
int qblk_client_get_time_limit(const QblkClient *client);

/**
 * Connect to @address once more, and return before the greeting.  A connection that has not failed
 * is closed before.  The client keeps its logger, its limits, and all answers and events that were
 * not taken.  On failure it is a client that has failed, and can be connected again.
 *
 * @timeout_ms: 0 or less: the time limit of the client
 */
gboolean qblk_client_restart(QblkClient *client, const char *address, int timeout_ms,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_client_submit() with @arguments (nullable) that are an object. */
guint64 qblk_client_submit_json(QblkClient *client, const char *command, const QblkJson *arguments,
                                int timeout_ms);

/** See qblk_session_take_answer(): a refusal is an answer, too. */
gboolean qblk_client_take_answer(QblkClient *client, guint64 id, QblkAnswer **answer,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the oldest event that was not taken */
QblkJson *qblk_client_take_event_json(QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/** See qblk_session_peek_event() and qblk_session_next_event(). */
const QblkJson *qblk_client_peek_event(QblkClient *client, guint64 *next);
guint64 qblk_client_next_event(const QblkClient *client);

/** Returns: the number of replies, events and failures so far, or of those that were taken */
guint64 qblk_client_arrived(const QblkClient *client);
guint64 qblk_client_taken(const QblkClient *client);

/** Returns: TRUE if the files that QEMU names are those of this machine: it is not reached over the
 * network */
gboolean qblk_client_is_local(const QblkClient *client);

/** Returns: TRUE if an ssh forwards the connection: that is the process behind the descriptor */
gboolean qblk_client_is_forwarded(const QblkClient *client);

/** Returns: (nullable): the schema that was kept since the client was connected, borrowed */
const QblkSchema *qblk_client_peek_schema(const QblkClient *client);

/** Returns: (transfer none) (nullable): the greeting; NULL before it was received */
const QblkJson *qblk_client_peek_greeting(const QblkClient *client);

/** Returns: (transfer none): the protocol of the connection */
const QblkSession *qblk_client_peek_session(const QblkClient *client);

/** Keep @schema (transfer full) until the client is restarted or freed. */
void qblk_client_keep_schema(QblkClient *client, QblkSchema *schema);

/** Messages are not logged while the log is paused. */
void qblk_client_pause_log(QblkClient *client, gboolean is_paused);

/* ---- calls that block: client-blocking.c ---- */

/**
 * What this QEMU supports.  It is asked once for each connection, and the reply of 200 kB is not
 * logged.
 *
 * Returns: (transfer none): valid until @client is restarted or freed; NULL with an error as those
 * of qblk_client_call()
 */
const QblkSchema *qblk_client_get_schema(QblkClient *client,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_client_restart(), and wait for the handshake. */
gboolean qblk_client_reconnect_to(QblkClient *client, const char *address, int timeout_ms,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_client_connect() with a waiter: see qblk_client_start_with(). */
QblkClient *qblk_client_connect_with(const char *address, int timeout_ms, const QblkWaiter *waiter,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_client_wait_event() as a value. */
QblkJson *qblk_client_wait_event_json(QblkClient *client, int timeout_ms,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The one place that waits: once for the descriptor, the next deadline of the client or @deadline,
 * whichever is first, and process.
 *
 * @deadline: in microseconds of g_get_monotonic_time(); -1 for no deadline
 *
 * Returns: FALSE with an error after the connection has failed
 */
gboolean qblk_client_wait_turn(QblkClient *client, gint64 deadline,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Wait for the answer to command @id, which is no longer valid afterwards.
 *
 * Returns: (transfer full): the answer, which may be a refusal; NULL with an error if the command
 * ran out of time or the connection failed
 */
QblkAnswer *qblk_client_wait_answer(QblkClient *client, guint64 id,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Execute one command with the time limit of the client, and wait.
 *
 * Returns: (transfer full): the value that QEMU returned; NULL with an error as those of
 * qblk_client_take_reply()
 */
QblkJson *qblk_client_call(QblkClient *client, const char *command, const QblkJson *arguments,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Submit all @queries (of QblkQuery): they are sent with the next turn, as far as QEMU accepts them
 * at once.
 *
 * Returns: (transfer full): the ids of the commands, for qblk_client_wait_batch()
 */
GArray *qblk_client_submit_batch(QblkClient *client,
                                 const GPtrArray *queries) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Wait for the answers to a batch.
 *
 * @ids: of qblk_client_submit_batch(), which are no longer valid afterwards
 * @answers: (of QblkAnswer): the answers, which may be refusals, are appended in the order of the
 *   queries
 *
 * Returns: FALSE with an error, and nothing is appended, if a query ran out of time or the
 * connection failed; all other replies are dropped
 */
gboolean qblk_client_wait_batch(QblkClient *client, const GArray *ids, GPtrArray *answers,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
