/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The client as the other directories use it: with JSON values instead of text.
 */
#pragma once

#include "base/json.h"
#include "qmp/address.h"
#include "qmp/query.h"

#include <qblk/client-async.h>

/** qblk_client_start() with an address that has been parsed already. */
QblkClient *qblk_client_start_at(const QblkAddress *address, int timeout_ms,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_client_submit() with a JSON value: @arguments is an object or NULL, and is not kept. */
guint64 qblk_client_submit_json(QblkClient *client, const char *command, const QblkJson *arguments,
                                int timeout_ms);

/** See qblk_session_take_answer(): a refusal is an answer here. */
gboolean qblk_client_take_answer(QblkClient *client, guint64 id, QblkAnswer **answer,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The oldest event not taken yet, owned by the caller, or NULL. */
QblkJson *qblk_client_take_event_json(QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/** See qblk_session_peek_event() and qblk_session_next_event(). */
const QblkJson *qblk_client_peek_event(const QblkClient *client, guint64 *next);
guint64 qblk_client_next_event(const QblkClient *client);

/**
 * Connect a client that has failed to @address once more, and return before the greeting.  The
 * client keeps its logger, its limits, and all answers and events that were not taken.  On failure
 * it stays a client that has failed, and can be connected again.
 */
gboolean qblk_client_restart(QblkClient *client, const char *address, int timeout_ms,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** How many replies, events and failures there have been, and how many of them were taken. */
guint64 qblk_client_arrived(const QblkClient *client);
guint64 qblk_client_taken(const QblkClient *client);

/* ---- calls that block: client-blocking.c ---- */

/** qblk_client_restart(), and wait for the handshake. */
gboolean qblk_client_reconnect(QblkClient *client, const char *address, int timeout_ms,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_client_wait_event() as a value. */
QblkJson *qblk_client_wait_event_json(QblkClient *client, int timeout_ms,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Wait once for the descriptor, the client's next deadline or @deadline (microseconds of
 * g_get_monotonic_time(), -1 for none), whichever is first, and process.  FALSE once the connection
 * has failed.
 */
gboolean qblk_client_wait_turn(QblkClient *client, gint64 deadline,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Wait for what becomes of command @id, refusals included; the id is over afterwards. */
QblkAnswer *qblk_client_wait_answer(QblkClient *client, guint64 id,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Execute one command with the client's timeout and wait: the value QEMU returned, owned by the
 * caller.  Fails as qblk_client_take_reply().
 */
QblkJson *qblk_client_call(QblkClient *client, const char *command, const QblkJson *arguments,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Ask all @queries (of QblkQuery) at once and wait for all answers, which are appended to @answers
 * (of QblkAnswer, owned by it) in the order of the queries.  A refusal by QEMU is an answer.
 * FALSE, with nothing appended, only where the connection failed or a query ran out of time;
 * replies to the others are dropped then.
 */
gboolean qblk_client_call_batch(QblkClient *client, const GPtrArray *queries, GPtrArray *answers,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
