/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/event-queue.h"

#include "base/limits.h"
#include "lib/check.h"

static void
assert_push(QblkEventQueue *queue, const QblkJson *event, gsize bytes)
{
    g_autoptr(GError) error = NULL;
    gboolean good = qblk_event_queue_push(queue, event, bytes, &error);
    assert_no_error(error);
    assert_true(good);
}

static void
assert_push_fails(QblkEventQueue *queue, gsize bytes, const char *limit)
{
    g_autoptr(QblkJson) event = qblk_json_new_object();
    g_autoptr(GError) error = NULL;
    assert_false(qblk_event_queue_push(queue, event, bytes, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_LIMIT, limit);
}

static void
events_come_out_in_their_order(void **state)
{
    QblkEventQueue *queue = qblk_event_queue_new();
    for (gint64 i = 0; i < 10; i++) {
        g_autoptr(QblkJson) event = qblk_json_new_integer(i);
        assert_push(queue, event, 1);
    }
    for (gint64 i = 0; i < 10; i++) {
        g_autoptr(QblkJson) event = qblk_event_queue_pop(queue);
        gint64 number = -1;
        assert_true(qblk_json_integer(event, &number));
        assert_int_equal(number, i);
    }
    assert_null(qblk_event_queue_pop(queue));
    assert_int_equal(qblk_event_queue_pushed(queue), 10);
    assert_int_equal(qblk_event_queue_popped(queue), 10);
    qblk_event_queue_free(queue);
}

static void
too_many_events_are_refused_until_one_is_removed(void **state)
{
    QblkEventQueue *queue = qblk_event_queue_new();
    g_autoptr(QblkJson) event = qblk_json_new_object();
    for (guint i = 0; i < QBLK_LIMIT_EVENTS; i++) {
        assert_push(queue, event, 1);
    }
    assert_push_fails(queue, 1, "QBLK_LIMIT_EVENTS");
    qblk_json_unref(qblk_event_queue_pop(queue));
    assert_push(queue, event, 1);
    assert_push_fails(queue, 1, "QBLK_LIMIT_EVENTS");
    qblk_event_queue_free(queue);
}

static void
too_many_bytes_are_refused_until_some_are_removed(void **state)
{
    QblkEventQueue *queue = qblk_event_queue_new();
    g_autoptr(QblkJson) event = qblk_json_new_object();
    assert_push(queue, event, 1);
    assert_push(queue, event, QBLK_LIMIT_EVENT_BYTES - 1);
    assert_push_fails(queue, 1, "QBLK_LIMIT_EVENT_BYTES");
    qblk_json_unref(qblk_event_queue_pop(queue));
    assert_push(queue, event, 1);
    assert_push_fails(queue, 1, "QBLK_LIMIT_EVENT_BYTES");
    qblk_event_queue_free(queue);
}

static void
events_are_read_by_number_until_they_are_removed(void **state)
{
    QblkEventQueue *queue = qblk_event_queue_new();
    for (gint64 i = 0; i < 5; i++) {
        g_autoptr(QblkJson) event = qblk_json_new_array();
        qblk_json_append(event, qblk_json_new_integer(i));
        assert_push(queue, event, 1);
    }
    qblk_json_unref(qblk_event_queue_pop(queue));
    qblk_json_unref(qblk_event_queue_pop(queue));

    assert_null(qblk_event_queue_peek(queue, 1));
    for (gint64 i = 2; i < 5; i++) {
        gint64 number = -1;
        const QblkJson *event = qblk_event_queue_peek(queue, (guint64)i);
        assert_true(qblk_json_integer(qblk_json_at(event, 0), &number));
        assert_int_equal(number, i);
    }
    assert_null(qblk_event_queue_peek(queue, 5));
    assert_int_equal(qblk_event_queue_popped(queue), 2);
    qblk_event_queue_free(queue);
}

static void
a_follower_sees_events_that_another_caller_has_taken(void **state)
{
    QblkEventQueue *queue = qblk_event_queue_new();
    guint64 next = 1;
    for (gint64 i = 0; i < 3; i++) {
        g_autoptr(QblkJson) event = qblk_json_new_integer(i);
        assert_push(queue, event, 1);
    }
    qblk_event_queue_follow(queue, TRUE, FALSE);
    for (gint64 i = 0; i < 2; i++) {
        qblk_json_unref(qblk_event_queue_pop(queue));
    }
    for (gint64 i = 1; i < 3; i++) {
        gint64 number = -1;
        assert_true(qblk_json_integer(qblk_event_queue_next(queue, &next), &number));
        assert_int_equal(number, i);
        assert_int_equal(next, i + 1);
    }
    assert_null(qblk_event_queue_next(queue, &next));

    /* Without a follower nothing is kept. */
    g_autoptr(QblkJson) last = qblk_json_new_integer(3);
    assert_push(queue, last, 1);
    qblk_event_queue_follow(queue, FALSE, FALSE);
    qblk_json_unref(qblk_event_queue_pop(queue));
    qblk_json_unref(qblk_event_queue_pop(queue));
    assert_null(qblk_event_queue_next(queue, &next));
    qblk_event_queue_free(queue);
}

/* Beyond any limit, if all are seen. */
static void
seen_events_are_dropped_while_nobody_takes_them(void **state)
{
    QblkEventQueue *queue = qblk_event_queue_new();
    g_autoptr(QblkJson) event = qblk_json_new_object();
    guint64 next = 0;
    qblk_event_queue_follow(queue, TRUE, TRUE);
    for (guint i = 0; i < 2 * QBLK_LIMIT_EVENTS; i++) {
        assert_push(queue, event, QBLK_LIMIT_EVENT_BYTES / 64);
        assert_non_null(qblk_event_queue_next(queue, &next));
        assert_null(qblk_event_queue_next(queue, &next));
    }
    assert_int_equal(next, 2 * QBLK_LIMIT_EVENTS);
    assert_int_equal(next - qblk_event_queue_popped(queue), 32);

    /* One that was not seen is never dropped, and nothing is when they are taken again. */
    for (guint i = 0; i < 63; i++) {
        assert_push(queue, event, QBLK_LIMIT_EVENT_BYTES / 64);
    }
    assert_non_null(qblk_event_queue_peek(queue, next));
    assert_push(queue, event, QBLK_LIMIT_EVENT_BYTES / 64);
    assert_push_fails(queue, QBLK_LIMIT_EVENT_BYTES / 64, "QBLK_LIMIT_EVENT_BYTES");
    while (qblk_event_queue_next(queue, &next) != NULL) {
    }
    qblk_event_queue_follow(queue, TRUE, FALSE);
    assert_push_fails(queue, QBLK_LIMIT_EVENT_BYTES / 64, "QBLK_LIMIT_EVENT_BYTES");
    qblk_event_queue_free(queue);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_in_their_order),
        cmocka_unit_test(events_are_read_by_number_until_they_are_removed),
        cmocka_unit_test(a_follower_sees_events_that_another_caller_has_taken),
        cmocka_unit_test(seen_events_are_dropped_while_nobody_takes_them),
        cmocka_unit_test(too_many_events_are_refused_until_one_is_removed),
        cmocka_unit_test(too_many_bytes_are_refused_until_some_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
