/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The protocol as a state machine without a descriptor and a clock: bytes and times go in, bytes,
 * answers and events come out.  Times are in microseconds of g_get_monotonic_time().
 *
 * Nothing is sent before the greeting; then `qmp_capabilities` and the first commands are sent
 * together.  At most QBLK_LIMIT_IN_FLIGHT commands are in flight, one if the peer is a proxy; the
 * others are queued in order.
 *
 * The time limit of a command runs from its submission, and starts again with each reply of QEMU.
 * QEMU executes one command after the other, so the limit measures how long QEMU is silent, and the
 * last of many commands needs no more time than the first.  Replies answer our commands, so a peer
 * can extend this by at most one time limit for each command ahead.  The handshake has a deadline
 * of its own; before it is done commands do not run out of time.  A command that runs out of time
 * fails alone.  Its late reply is dropped, and until then the command is in flight.
 *
 * After a fault of the peer the session has failed: every command without an answer fails with that
 * error; answers and events that were received before can still be taken.
 */
#pragma once

#include "qmp/message.h"
#include "qmp/query.h"

typedef enum {
    QBLK_SESSION_GREETING,    /* waiting for the greeting */
    QBLK_SESSION_NEGOTIATING, /* waiting for the reply to qmp_capabilities */
    QBLK_SESSION_IDENTIFYING, /* waiting for the version, which a proxy does not know: proxy.h */
    QBLK_SESSION_READY,
    QBLK_SESSION_FAILED,
} QblkSessionState;

typedef struct QblkSession QblkSession;

/** Called with the text of each message that was received, or is to be sent. */
typedef void (*QblkSessionLogger)(gboolean sent, const char *text, gsize length,
                                  gpointer user_data);

/**
 * @peer: names the monitor in errors
 * @timeout: the time limit of the handshake, from @now
 * @max_reply_bytes: the length of the longest message to accept; 0 means QBLK_LIMIT_REPLY_BYTES
 */
QblkSession *qblk_session_new(const char *peer, gint64 now, gint64 timeout, gsize max_reply_bytes);

void qblk_session_free(QblkSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSession, qblk_session_free)

/**
 * Start again on a new connection to @peer, after the session has failed.  Answers, failures and
 * events that were not taken are kept, and no id is used twice.
 */
void qblk_session_restart(QblkSession *session, const char *peer, gint64 now, gint64 timeout);

/** @logger: (nullable) */
void qblk_session_set_logger(QblkSession *session, QblkSessionLogger logger, gpointer user_data);

/** Change the limit that qblk_session_new() has set. */
void qblk_session_set_reply_limit(QblkSession *session, gsize bytes);

QblkSessionState qblk_session_state(const QblkSession *session);

/** Returns: (nullable): why the session has failed; NULL if it has not */
const GError *qblk_session_error(const QblkSession *session);

/** Returns: (nullable): the whole greeting; NULL before it was received, and, if a proxy sent it,
 * before the version of QEMU is known */
const QblkJson *qblk_session_greeting(const QblkSession *session);

/** Returns: the version of QEMU; all 0 before the greeting */
QblkMessageVersion qblk_session_version(const QblkSession *session);

/* ---- commands and events ---- */

/**
 * Queue a command with a time limit of @timeout.  In a failed session the command fails at once.
 *
 * @arguments: (nullable): an object, which is not kept
 *
 * Returns: its id, never 0
 */
guint64 qblk_session_submit(QblkSession *session, const char *command, const QblkJson *arguments,
                            gint64 now, gint64 timeout);

/**
 * Take the answer to command @id.  After an answer or a failure the id is no longer valid.
 *
 * @answer: (out) (transfer full) (nullable): NULL if it has not been received yet
 *
 * Returns: FALSE with an error if there will be no answer
 */
gboolean qblk_session_take_answer(QblkSession *session, guint64 id, QblkAnswer **answer,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable): the name of command @id, until its answer is taken */
const char *qblk_session_command(const QblkSession *session, guint64 id);

/** Drop a command: it is not sent, or its reply is dropped.  An invalid @id is ignored. */
void qblk_session_abandon(QblkSession *session, guint64 id);

/** Returns: (transfer full) (nullable): the oldest event, as QEMU sent it */
QblkJson *qblk_session_take_event(QblkSession *session);

/** Let qblk_session_peek_event() return events that were taken before as well.
 * @drops_seen: as of qblk_event_queue_follow() */
void qblk_session_follow_events(QblkSession *session, gboolean is_followed, gboolean drops_seen);

/**
 * Read events without taking them.  They are numbered from 0 in the order in which they were
 * received.
 *
 * @next: (inout): the lowest number to return; set to the number after the event
 *
 * Returns: (nullable): the first such event that was not taken, or, if events are followed, that
 * was not returned before; valid until the next call
 */
const QblkJson *qblk_session_peek_event(QblkSession *session, guint64 *next);

/** Returns: the number of the next event that will be received */
guint64 qblk_session_next_event(const QblkSession *session);

/** Returns: the number of answers, events and failures so far, or of those that were taken */
guint64 qblk_session_arrived(const QblkSession *session);
guint64 qblk_session_taken(const QblkSession *session);

/* ---- the connection ---- */

/** Process @length bytes from QEMU.  Whatever is wrong with them fails the session. */
void qblk_session_receive(QblkSession *session, const char *bytes, gsize length, gint64 now);

/** The connection has ended, because of @reason; NULL if QEMU closed it. */
void qblk_session_end(QblkSession *session, const char *reason);

/** Returns: the bytes to send, valid until the next call; @length may be 0 */
const char *qblk_session_output(const QblkSession *session, gsize *length);

/** The first @length bytes of the output were sent. */
void qblk_session_sent(QblkSession *session, gsize length);

/* ---- time ---- */

/** Returns: when qblk_session_tick() has something to do next; -1 for never */
gint64 qblk_session_deadline(const QblkSession *session);

/** Let everything fail that has run out of time at @now. */
void qblk_session_tick(QblkSession *session, gint64 now);
