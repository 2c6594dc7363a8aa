/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands of a session: queued, in flight, and answered but not taken.
 *
 * A command stays here until QEMU owes no reply for it and its caller wants none.  The rule of its
 * deadline is in session.h.
 */
#pragma once

#include "qmp/query.h"

typedef struct QblkPending QblkPending;

/** The first command has the id after @last_id. */
QblkPending *qblk_pending_new(guint64 last_id);
void qblk_pending_free(QblkPending *pending);

/** Queue a command that has @timeout from @now; returns its id, never 0. */
guint64 qblk_pending_add(QblkPending *pending, const char *name, const QblkJson *arguments,
                         gint64 now, gint64 timeout);

/** Queue a command before all others, whose answer nobody will take. */
guint64 qblk_pending_add_first(QblkPending *pending, const char *name);

/**
 * The bytes of the next command, which is in flight from then on; NULL where none waits or
 * QBLK_LIMIT_IN_FLIGHT are in flight.
 */
char *qblk_pending_send_next(QblkPending *pending) G_GNUC_WARN_UNUSED_RESULT;

/** The name of command @id, borrowed; NULL where there is none. */
const char *qblk_pending_name(const QblkPending *pending, guint64 id);

/** The name of command @id where it is in flight, borrowed, else NULL. */
const char *qblk_pending_in_flight(const QblkPending *pending, guint64 id);

/** Command @id, which is in flight, was answered at @now; takes @answer. */
void qblk_pending_answer(QblkPending *pending, guint64 id, QblkAnswer *answer, gint64 now);

/** See qblk_session_take_answer(). */
gboolean qblk_pending_take(QblkPending *pending, guint64 id, QblkAnswer **answer,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** See qblk_session_abandon(). */
void qblk_pending_abandon(QblkPending *pending, guint64 id);

/** Every command without an answer fails with @error; none is in flight any more. */
void qblk_pending_fail_all(QblkPending *pending, const GError *error);

/** When the next command runs out of time; -1 for never. */
gint64 qblk_pending_deadline(const QblkPending *pending);

/** Fail the commands that have run out of time at @now. */
void qblk_pending_expire(QblkPending *pending, gint64 now);

/** How many commands got a result that is or was wanted, and how many results were taken. */
guint64 qblk_pending_arrived(const QblkPending *pending);
guint64 qblk_pending_taken(const QblkPending *pending);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPending, qblk_pending_free)
