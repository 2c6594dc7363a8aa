/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands of a session: queued, in flight, and answered but not taken.
 *
 * A command is kept until QEMU has replied to it and the caller has taken or abandoned the answer.
 * session.h describes the deadlines.
 */
#pragma once

#include "qmp/query.h"

typedef struct QblkPending QblkPending;

/** The first command gets the id after @last_id. */
QblkPending *qblk_pending_new(guint64 last_id);

void qblk_pending_free(QblkPending *pending);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPending, qblk_pending_free)

/** Let at most @commands be in flight; QBLK_LIMIT_IN_FLIGHT is the default. */
void qblk_pending_set_limit(QblkPending *pending, guint commands);

/** Queue a command that has @timeout from @now.  Returns: its id, never 0 */
guint64 qblk_pending_add(QblkPending *pending, const char *name, const QblkJson *arguments,
                         gint64 now, gint64 timeout);

/** Queue a command before all others; its answer is dropped.  Returns: its id, never 0 */
guint64 qblk_pending_add_first(QblkPending *pending, const char *name);

/**
 * Returns: (transfer full) (nullable): the bytes of the next command, which is in flight from then
 * on; NULL if no command is queued, or as many are in flight as the limit allows
 */
char *qblk_pending_send_next(QblkPending *pending) G_GNUC_WARN_UNUSED_RESULT;

/** The bytes of command @id, which is in flight, were not sent, and will not be. */
void qblk_pending_unsend(QblkPending *pending, guint64 id);

/** Returns: (nullable): the name of command @id */
const char *qblk_pending_name(const QblkPending *pending, guint64 id);

/** Returns: (nullable): the name of command @id; NULL if it is not in flight */
const char *qblk_pending_in_flight(const QblkPending *pending, guint64 id);

/** Set the @answer (transfer full) of command @id, which is in flight, received at @now. */
void qblk_pending_answer(QblkPending *pending, guint64 id, QblkAnswer *answer, gint64 now);

/** See qblk_session_take_answer(). */
gboolean qblk_pending_take(QblkPending *pending, guint64 id, QblkAnswer **answer,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** See qblk_session_abandon(). */
void qblk_pending_abandon(QblkPending *pending, guint64 id);

/** Let every command without an answer fail with @error; afterwards no command is in flight. */
void qblk_pending_fail_all(QblkPending *pending, const GError *error);

/** Returns: the time at which the next command runs out of time; -1 for never */
gint64 qblk_pending_deadline(const QblkPending *pending);

/** Let the commands fail that have run out of time at @now. */
void qblk_pending_expire(QblkPending *pending, gint64 now);

/** Returns: the number of results of commands that were not abandoned before, or that were taken */
guint64 qblk_pending_arrived(const QblkPending *pending);
guint64 qblk_pending_taken(const QblkPending *pending);
