/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/event-queue.h"

#include "base/limits.h"

typedef struct {
    QblkJson *json; /* owned */
    gsize bytes;
} Event;

struct QblkEventQueue {
    GPtrArray *events; /* of Event, owned; those before @first were removed, and are NULL */
    guint first;
    gsize bytes; /* of the events that are left */
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
    if (event != NULL) {
        qblk_json_unref(event->json);
        g_free(event);
    }
}

QblkEventQueue *
qblk_event_queue_new(void)
{
    QblkEventQueue *queue = g_new0(QblkEventQueue, 1);
    queue->events = g_ptr_array_new_with_free_func(event_free);
    g_queue_init(&queue->taken);
    return queue;
}

void
qblk_event_queue_free(QblkEventQueue *queue)
{
    if (queue == NULL) {
        return;
    }

    g_ptr_array_unref(queue->events);
    g_queue_clear_full(&queue->taken, event_free);
    g_free(queue);
}

static guint
get_length(const QblkEventQueue *queue)
{
    return queue->events->len - queue->first;
}

/* Returns: (transfer full) (nullable): the oldest event */
static Event *
remove_first(QblkEventQueue *queue)
{
    if (get_length(queue) == 0) {
        return NULL;
    }

    Event *event = g_steal_pointer(&queue->events->pdata[queue->first++]);
    queue->bytes -= event->bytes;
    queue->popped++;

    /* Moving the others is rare, so that no event takes longer because many wait. */
    if (queue->first > queue->events->len / 2) {
        g_ptr_array_remove_range(queue->events, 0, queue->first);
        queue->first = 0;
    }
    return event;
}

static gboolean
is_half_full(const QblkEventQueue *queue)
{
    return get_length(queue) >= QBLK_LIMIT_EVENTS / 2 || queue->bytes >= QBLK_LIMIT_EVENT_BYTES / 2;
}

/* Those that were taken are before the first one, and seen as well. */
static void
drop_seen(QblkEventQueue *queue)
{
    while (is_half_full(queue) && queue->popped < queue->seen) {
        event_free(remove_first(queue));
        g_queue_clear_full(&queue->taken, event_free);
    }
}

gboolean
qblk_event_queue_push(QblkEventQueue *queue, const QblkJson *json, gsize bytes, GError **error)
{
    if (queue->drops_seen) {
        drop_seen(queue);
    }
    if (get_length(queue) >= QBLK_LIMIT_EVENTS) {
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
    g_ptr_array_add(queue->events, event);
    queue->bytes += bytes;
    queue->pushed++;
    return TRUE;
}

QblkJson *
qblk_event_queue_pop(QblkEventQueue *queue)
{
    Event *event = remove_first(queue);
    if (event == NULL) {
        return NULL;
    }

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

    const Event *event = queue->events->pdata[queue->first + (number - queue->popped)];
    return event->json;
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
