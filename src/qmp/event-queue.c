/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/event-queue.h"

#include "base/limits.h"

typedef struct {
    QblkJson *json; /* owned */
    gsize bytes;
} Event;

struct QblkEventQueue {
    GQueue events; /* of Event, owned */
    gsize bytes;
    guint64 pushed, popped;
};

static void
event_free(gpointer data)
{
    Event *event = data;
    qblk_json_unref(event->json);
    g_free(event);
}

QblkEventQueue *
qblk_event_queue_new(void)
{
    QblkEventQueue *queue = g_new0(QblkEventQueue, 1);
    g_queue_init(&queue->events);
    return queue;
}

void
qblk_event_queue_free(QblkEventQueue *queue)
{
    if (queue == NULL) {
        return;
    }

    g_queue_clear_full(&queue->events, event_free);
    g_free(queue);
}

gboolean
qblk_event_queue_push(QblkEventQueue *queue, const QblkJson *json, gsize bytes, GError **error)
{
    if (queue->events.length >= QBLK_LIMIT_EVENTS) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_LIMIT,
                    "more than %d events are queued (QBLK_LIMIT_EVENTS)", QBLK_LIMIT_EVENTS);
        return FALSE;
    }

    if (bytes > QBLK_LIMIT_EVENT_BYTES - queue->bytes) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_LIMIT,
                    "more than %d bytes of events are queued (QBLK_LIMIT_EVENT_BYTES)",
                    QBLK_LIMIT_EVENT_BYTES);
        return FALSE;
    }

    Event *event = g_new(Event, 1);
    *event = (Event){.json = qblk_json_ref(json), .bytes = bytes};
    g_queue_push_tail(&queue->events, event);
    queue->bytes += bytes;
    queue->pushed++;
    return TRUE;
}

QblkJson *
qblk_event_queue_pop(QblkEventQueue *queue)
{
    Event *event = g_queue_pop_head(&queue->events);
    if (event == NULL) {
        return NULL;
    }

    queue->bytes -= event->bytes;
    queue->popped++;
    QblkJson *json = g_steal_pointer(&event->json);
    event_free(event);
    return json;
}

const QblkJson *
qblk_event_queue_peek(const QblkEventQueue *queue, guint64 number)
{
    if (number < queue->popped || number >= queue->pushed) {
        return NULL;
    }

    guint distance = (guint)(queue->pushed - 1 - number);
    const GList *link = queue->events.tail;
    while (distance-- > 0) {
        link = link->prev;
    }

    return ((const Event *)link->data)->json;
}

guint64
qblk_event_queue_pushed(const QblkEventQueue *queue)
{
    return queue->pushed;
}

guint64
qblk_event_queue_popped(const QblkEventQueue *queue)
{
    return queue->popped;
}
