/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Events that were received and not taken, in order.  No event is dropped before its follower has
 * seen it: a full queue is an error, because a caller that misses BLOCK_JOB_READY would wait
 * forever.
 */
#pragma once

#include "base/json.h"

typedef struct QblkEventQueue QblkEventQueue;

QblkEventQueue *qblk_event_queue_new(void);
void qblk_event_queue_free(QblkEventQueue *queue);

/**
 * Append an event.
 *
 * @event: a new reference is made
 * @bytes: the length of its text
 *
 * Returns: FALSE with QBLK_QMP_ERROR_LIMIT beyond QBLK_LIMIT_EVENTS or QBLK_LIMIT_EVENT_BYTES
 */
gboolean qblk_event_queue_push(QblkEventQueue *queue, const QblkJson *event, gsize bytes,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the oldest event, which is removed */
QblkJson *qblk_event_queue_pop(QblkEventQueue *queue) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (nullable): the event @number, counted from 0 for the first one that was
 * ever appended; NULL if it was taken or has not been received yet
 */
const QblkJson *qblk_event_queue_peek(const QblkEventQueue *queue, guint64 number);

/**
 * Let a follower see each event, also one that was removed before.  Another caller may remove
 * events at any time.
 *
 * @drops_seen: no caller removes them: once the queue is half full, drop the oldest ones that the
 *   follower has seen
 */
void qblk_event_queue_follow(QblkEventQueue *queue, gboolean is_followed, gboolean drops_seen);

/**
 * @next: (inout): the lowest number to return, set to the number after the event; that of the last
 * call, for a follower
 *
 * Returns: (nullable): the first such event that is there, or was removed since it is followed;
 * valid until the next call
 */
const QblkJson *qblk_event_queue_next(QblkEventQueue *queue, guint64 *next);

/** Returns: the number of events that were ever appended, or taken */
guint64 qblk_event_queue_pushed(const QblkEventQueue *queue);
guint64 qblk_event_queue_popped(const QblkEventQueue *queue);
