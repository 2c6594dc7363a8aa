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
    gboolean is_followed;
    gboolean drops_seen;
    guint64 seen; /* all events before this number were seen by the follower */
    GQueue taken; /* of Event, owned: the last ones that were popped, for the follower */
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
    g_queue_init(&queue->taken);
    return queue;
}

void
qblk_event_queue_free(QblkEventQueue *queue)
{
    if (queue == NULL) {
        return;
    }

    g_queue_clear_full(&queue->events, event_free);
    g_queue_clear_full(&queue->taken, event_free);
    g_free(queue);
}

static gboolean
is_half_full(const QblkEventQueue *queue)
{
    return queue->events.length >= QBLK_LIMIT_EVENTS / 2 ||
           queue->bytes >= QBLK_LIMIT_EVENT_BYTES / 2;
}

/* Those that were taken are before the first one, and seen as well. */
static void
drop_seen(QblkEventQueue *queue)
{
    while (is_half_full(queue) && queue->popped < queue->seen) {
        Event *event = g_queue_pop_head(&queue->events);
        queue->bytes -= event->bytes;
        queue->popped++;
        event_free(event);
        g_queue_clear_full(&queue->taken, event_free);
    }
}

gboolean
qblk_event_queue_push(QblkEventQueue *queue, const QblkJson *json, gsize bytes, GError **error)
{
    if (queue->drops_seen) {
        drop_seen(queue);
    }
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
    QblkJson *json = qblk_json_ref(event->json);
    gboolean is_kept = queue->is_followed && queue->taken.length < QBLK_LIMIT_EVENTS;
    if (is_kept) {
        g_queue_push_tail(&queue->taken, event);
    } else {
        event_free(event);
        g_queue_clear_full(&queue->taken, event_free); /* they have to be those before the first */
    }
    return json;
}

void
qblk_event_queue_follow(QblkEventQueue *queue, gboolean is_followed, gboolean drops_seen)
{
    queue->drops_seen = drops_seen;
    if (is_followed == queue->is_followed) {
        return;
    }

    queue->is_followed = is_followed;
    queue->seen = 0;
    g_queue_clear_full(&queue->taken, event_free);
}

const QblkJson *
qblk_event_queue_next(QblkEventQueue *queue, guint64 *next)
{
    while (queue->taken.length > 0 && queue->popped - queue->taken.length < *next) {
        event_free(g_queue_pop_head(&queue->taken));
    }

    const Event *taken = g_queue_peek_head(&queue->taken);
    guint64 number = MAX(*next, queue->popped - queue->taken.length);
    const QblkJson *event = taken == NULL ? qblk_event_queue_peek(queue, number) : taken->json;
    if (event != NULL) {
        *next = number + 1;
    }
    queue->seen = number; /* the caller still looks at this one */
    return event;
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
