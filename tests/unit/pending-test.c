/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/pending.h"

#include "base/limits.h"
#include "lib/check.h"

static void
sends(QblkPending *pending, const char *expected)
{
    g_autofree char *text = qblk_pending_send_next(pending);
    assert_true((text == NULL) == (expected == NULL));
    assert_true(text == NULL || strstr(text, expected) != NULL);
}

static void
answer(QblkPending *pending, guint64 id, gint64 value, gint64 now)
{
    qblk_pending_answer(pending, id, qblk_answer_new(qblk_json_new_integer(value), NULL), now);
}

static void
assert_answered(QblkPending *pending, guint64 id, gint64 expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) result = NULL;
    gint64 value = -1;
    assert_true(qblk_pending_take(pending, id, &result, &error));
    assert_non_null(result);
    assert_true(qblk_json_integer(result->value, &value));
    assert_int_equal(value, expected);
}

static void
assert_open(QblkPending *pending, guint64 id)
{
    g_autoptr(QblkAnswer) result = qblk_answer_new(qblk_json_new_null(), NULL);
    QblkAnswer *out = result;
    assert_true(qblk_pending_take(pending, id, &out, NULL));
    assert_null(out);
}

static void
assert_failed(QblkPending *pending, guint64 id, int code, const char *part)
{
    g_autoptr(GError) error = NULL;
    QblkAnswer *result = NULL;
    assert_false(qblk_pending_take(pending, id, &result, &error));
    assert_null(result);
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

static void
commands_are_sent_in_order_but_for_the_first(void **state)
{
    g_autoptr(QblkPending) pending = qblk_pending_new(0);
    guint64 a = qblk_pending_add(pending, "a", NULL, 0, 10);
    guint64 b = qblk_pending_add(pending, "b", NULL, 0, 10);
    guint64 first = qblk_pending_add_first(pending, "qmp_capabilities");
    assert_true(a != 0 && b != 0 && first != 0 && a != b && first != a && first != b);
    sends(pending, "{\"execute\":\"qmp_capabilities\"");
    assert_string_equal(qblk_pending_in_flight(pending, first), "qmp_capabilities");
    assert_null(qblk_pending_in_flight(pending, a));
    assert_string_equal(qblk_pending_name(pending, a), "a");
    sends(pending, "{\"execute\":\"a\"");
    sends(pending, "{\"execute\":\"b\"");
    sends(pending, NULL);
    answer(pending, first, 0, 1);
    assert_null(qblk_pending_name(pending, first));
    assert_int_equal(qblk_pending_arrived(pending), 0);
    assert_failed(pending, first, QBLK_QMP_ERROR_ARGUMENT, "no command has the id");
}

static void
no_more_are_in_flight_than_the_limit(void **state)
{
    g_autoptr(QblkPending) pending = qblk_pending_new(0);
    guint64 oldest = qblk_pending_add(pending, "x", NULL, 0, 10);
    for (guint i = 0; i < QBLK_LIMIT_IN_FLIGHT; i++) {
        qblk_pending_add(pending, "x", NULL, 0, 10);
        sends(pending, "\"x\"");
    }
    sends(pending, NULL);
    /* One that ran out of time is still QEMU's to answer. */
    qblk_pending_expire(pending, 10);
    qblk_pending_abandon(pending, oldest);
    sends(pending, NULL);
    guint64 late = qblk_pending_add(pending, "late", NULL, 10, 10);
    answer(pending, oldest, 0, 11);
    sends(pending, "\"late\"");
    assert_string_equal(qblk_pending_in_flight(pending, late), "late");
    /* An answer that comes too late changes nothing. */
    answer(pending, oldest + 1, 0, 11);
    assert_failed(pending, oldest + 1, QBLK_QMP_ERROR_TIMEOUT, "'x': no reply within 0 ms");
}

static void
replies_are_returned_once_and_in_any_order(void **state)
{
    g_autoptr(QblkPending) pending = qblk_pending_new(0);
    guint64 a = qblk_pending_add(pending, "a", NULL, 0, 10);
    guint64 b = qblk_pending_add(pending, "b", NULL, 0, 10);
    sends(pending, "\"a\"");
    sends(pending, "\"b\"");
    assert_open(pending, a);
    answer(pending, b, 2, 1);
    answer(pending, a, 1, 1);
    assert_int_equal(qblk_pending_arrived(pending), 2);
    assert_int_equal(qblk_pending_taken(pending), 0);
    assert_answered(pending, a, 1);
    assert_answered(pending, b, 2);
    assert_int_equal(qblk_pending_taken(pending), 2);
    assert_failed(pending, a, QBLK_QMP_ERROR_ARGUMENT, "or its reply was already returned");
    guint64 dropped = qblk_pending_add(pending, "c", NULL, 0, 10);
    sends(pending, "\"c\"");
    answer(pending, dropped, 3, 1);
    qblk_pending_abandon(pending, dropped);
    assert_int_equal(qblk_pending_taken(pending), 3);
    assert_failed(pending, 0, QBLK_QMP_ERROR_ARGUMENT, "no command has the id 0");
}

static void
a_command_that_nobody_wants_is_not_counted(void **state)
{
    g_autoptr(QblkPending) pending = qblk_pending_new(0);
    guint64 flying = qblk_pending_add(pending, "flying", NULL, 0, 10);
    guint64 queued = qblk_pending_add(pending, "queued", NULL, 0, 10);
    sends(pending, "\"flying\"");
    qblk_pending_abandon(pending, flying);
    qblk_pending_abandon(pending, flying);
    qblk_pending_abandon(pending, queued);
    qblk_pending_abandon(pending, 99);
    assert_int_equal(qblk_pending_deadline(pending), -1);
    sends(pending, NULL);
    assert_null(qblk_pending_name(pending, queued));
    assert_failed(pending, flying, QBLK_QMP_ERROR_ARGUMENT, "no command has the id");
    answer(pending, flying, 1, 5);
    assert_null(qblk_pending_name(pending, flying));
    assert_int_equal(qblk_pending_arrived(pending), qblk_pending_taken(pending));
}

static void
time_runs_from_the_last_reply(void **state)
{
    g_autoptr(QblkPending) pending = qblk_pending_new(0);
    assert_int_equal(qblk_pending_deadline(pending), -1);
    guint64 a = qblk_pending_add(pending, "a", NULL, 0, 5000);
    guint64 b = qblk_pending_add(pending, "b", NULL, 1000, 9000);
    sends(pending, "\"a\"");
    assert_int_equal(qblk_pending_deadline(pending), 5000);
    answer(pending, a, 1, 4000);
    assert_int_equal(qblk_pending_deadline(pending), 13000);
    qblk_pending_expire(pending, 12999);
    assert_open(pending, b);
    qblk_pending_expire(pending, 13000);
    assert_int_equal(qblk_pending_arrived(pending), 2);
    sends(pending, NULL);
    assert_failed(pending, b, QBLK_QMP_ERROR_TIMEOUT,
                  "'b' was not sent: QEMU did not reply for 9 ms");
    assert_null(qblk_pending_name(pending, b));
}

static void
a_failure_of_all_keeps_the_received_replies(void **state)
{
    g_autoptr(QblkPending) pending = qblk_pending_new(0);
    g_autoptr(GError) end = g_error_new_literal(QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "gone");
    guint64 ids[4];
    for (gsize i = 0; i < 4; i++) {
        ids[i] = qblk_pending_add(pending, "x", NULL, 0, 10);
        sends(pending, "\"x\"");
    }
    guint64 queued = qblk_pending_add(pending, "queued", NULL, 0, 10);
    answer(pending, ids[0], 7, 1);
    qblk_pending_abandon(pending, ids[1]);
    qblk_pending_fail_all(pending, end);
    sends(pending, NULL);
    assert_int_equal(qblk_pending_deadline(pending), -1);
    assert_null(qblk_pending_in_flight(pending, ids[2]));
    assert_null(qblk_pending_name(pending, ids[1]));
    assert_int_equal(qblk_pending_arrived(pending), 4);
    assert_answered(pending, ids[0], 7);
    assert_failed(pending, ids[2], QBLK_QMP_ERROR_CLOSED, "gone");
    assert_failed(pending, queued, QBLK_QMP_ERROR_CLOSED, "gone");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_sent_in_order_but_for_the_first),
        cmocka_unit_test(no_more_are_in_flight_than_the_limit),
        cmocka_unit_test(replies_are_returned_once_and_in_any_order),
        cmocka_unit_test(a_command_that_nobody_wants_is_not_counted),
        cmocka_unit_test(time_runs_from_the_last_reply),
        cmocka_unit_test(a_failure_of_all_keeps_the_received_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
