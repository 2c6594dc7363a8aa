/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Events that wait to be taken, in the order they came.  None is ever dropped: a full queue is an
 * error, because a caller that misses BLOCK_JOB_READY waits for ever.
 */
#pragma once

#include "base/json.h"

typedef struct QblkEventQueue QblkEventQueue;

QblkEventQueue *qblk_event_queue_new(void);
void qblk_event_queue_free(QblkEventQueue *queue);

/**
 * Append @event (a new reference is made), whose text had @bytes.  Fails with QBLK_QMP_ERROR_LIMIT
 * beyond QBLK_LIMIT_EVENTS events or QBLK_LIMIT_EVENT_BYTES bytes of them.
 */
gboolean qblk_event_queue_push(QblkEventQueue *queue, const QblkJson *event, gsize bytes,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The oldest event, owned by the caller, or NULL. */
QblkJson *qblk_event_queue_pop(QblkEventQueue *queue) G_GNUC_WARN_UNUSED_RESULT;

/** The event @number, counted from the first one ever appended (0), borrowed until it is taken;
 * NULL if it was taken or has not come. */
const QblkJson *qblk_event_queue_peek(const QblkEventQueue *queue, guint64 number);

/** How many events were ever appended and taken. */
guint64 qblk_event_queue_pushed(const QblkEventQueue *queue);
guint64 qblk_event_queue_popped(const QblkEventQueue *queue);
