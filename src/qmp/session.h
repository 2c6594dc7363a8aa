/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The protocol as a state machine with no descriptor and no clock: bytes and times go in, bytes,
 * answers and events come out.  Times are microseconds as g_get_monotonic_time() counts them.
 *
 * Nothing is sent before the greeting; then `qmp_capabilities` and the first commands go out
 * together.  At most QBLK_LIMIT_IN_FLIGHT commands are sent and unanswered, the rest waits in
 * order.
 *
 * A command's time runs from when it was submitted, and anew from each reply QEMU gives: QEMU works
 * on one command after the other, so what a deadline measures is its silence, and the last of many
 * commands needs no more time than the first.  Replies are to commands of ours, so a peer cannot
 * stretch this beyond one timeout for each command ahead.  Before the session is ready the
 * handshake has one deadline of its own and the commands have none.  A command that ran out of time
 * fails alone; its late reply is dropped, and until it comes the command counts as in flight.
 *
 * A fault of the peer fails the session for good: every command without an answer fails with that
 * error; answers and events that came before can still be taken.
 */
#pragma once

#include "qmp/message.h"
#include "qmp/query.h"

typedef enum {
    QBLK_SESSION_GREETING,    /* waiting for the greeting */
    QBLK_SESSION_NEGOTIATING, /* waiting for the reply to qmp_capabilities */
    QBLK_SESSION_READY,
    QBLK_SESSION_FAILED,
} QblkSessionState;

typedef struct QblkSession QblkSession;

/** Called with each message that was read, or handed out to be sent, as its text. */
typedef void (*QblkSessionLogger)(gboolean sent, const char *text, gsize length,
                                  gpointer user_data);

/**
 * @peer names the monitor in errors.  The handshake must be done @timeout after @now.
 * @max_reply_bytes is the longest message to accept, 0 for QBLK_LIMIT_REPLY_BYTES.
 */
QblkSession *qblk_session_new(const char *peer, gint64 now, gint64 timeout, gsize max_reply_bytes);
void qblk_session_free(QblkSession *session);

/**
 * Begin again on a new connection to @peer, after the session failed.  Answers, failures and events
 * that were not taken stay, and no id is used twice.
 */
void qblk_session_restart(QblkSession *session, const char *peer, gint64 now, gint64 timeout);

void qblk_session_set_logger(QblkSession *session, QblkSessionLogger logger, gpointer user_data);

/** Change the longest message to accept, in bytes; 0 means QBLK_LIMIT_REPLY_BYTES. */
void qblk_session_set_reply_limit(QblkSession *session, gsize bytes);

QblkSessionState qblk_session_state(const QblkSession *session);

/** Why the session failed; NULL while it has not. */
const GError *qblk_session_error(const QblkSession *session);

/** The greeting as it was sent, borrowed; NULL before it came. */
const QblkJson *qblk_session_greeting(const QblkSession *session);

/** QEMU's version; all 0 before the greeting. */
QblkMessageVersion qblk_session_version(const QblkSession *session);

/* ---- commands and what comes of them ---- */

/**
 * Queue a command; it gets @timeout microseconds, see above.  @arguments is an object or NULL and
 * is not kept.  The result is its id, never 0.  In a failed session the command fails at once.
 */
guint64 qblk_session_submit(QblkSession *session, const char *command, const QblkJson *arguments,
                            gint64 now, gint64 timeout);

/**
 * Take what became of command @id.  TRUE with @answer set: the id is over; TRUE with @answer NULL:
 * nothing yet.  FALSE: it was not answered, @error says why, and the id is over.
 */
gboolean qblk_session_take_answer(QblkSession *session, guint64 id, QblkAnswer **answer,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The name of command @id, borrowed until its answer is taken; NULL where there is none. */
const char *qblk_session_command(const QblkSession *session, guint64 id);

/** Drop command @id: it is not sent any more, or its reply is dropped.  Unknown ids are ignored. */
void qblk_session_abandon(QblkSession *session, guint64 id);

/** The oldest event not taken yet, as QEMU sent it, or NULL. */
QblkJson *qblk_session_take_event(QblkSession *session);

/**
 * Read the events without taking them: the first one that has not been taken and whose number is
 * @next or more, borrowed until it is taken; NULL if there is none.  @next becomes the number after
 * it.  Events are numbered from 0 as they come.
 */
const QblkJson *qblk_session_peek_event(const QblkSession *session, guint64 *next);

/** The number that the next event to come will have. */
guint64 qblk_session_next_event(const QblkSession *session);

/** How many answers, events and failures there have been, and how many of them were taken. */
guint64 qblk_session_arrived(const QblkSession *session);
guint64 qblk_session_taken(const QblkSession *session);

/* ---- the wire ---- */

/** Read @length bytes from QEMU.  Whatever is wrong with them fails the session. */
void qblk_session_receive(QblkSession *session, const char *bytes, gsize length, gint64 now);

/** The connection is over: by its end, where @reason is NULL, or because of @reason. */
void qblk_session_end(QblkSession *session, const char *reason);

/** What is to be sent, borrowed until the next call; @length may be 0. */
const char *qblk_session_output(const QblkSession *session, gsize *length);

/** The first @length bytes of the output were sent. */
void qblk_session_sent(QblkSession *session, gsize length);

/* ---- time ---- */

/** When qblk_session_tick() has something to do next; -1 for never. */
gint64 qblk_session_deadline(const QblkSession *session);

/** Fail what has run out of time at @now. */
void qblk_session_tick(QblkSession *session, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSession, qblk_session_free)
