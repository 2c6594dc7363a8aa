/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-schedule.h"

#include "lib/check.h"

#define MS INT64_C(1000)
#define S  INT64_C(1000000)

/* With the default intervals, connected at 0, and the first fetch done at once. */
static QblkWatchSchedule
connected(gboolean runs)
{
    g_autoptr(QblkWatchOptions) options = qblk_watch_options_new();
    QblkWatchSchedule schedule;
    qblk_watch_schedule_init(&schedule, options);
    qblk_watch_schedule_connect(&schedule, 0);
    qblk_watch_schedule_begin_fetch(&schedule);
    qblk_watch_schedule_end_fetch(&schedule, 0, 0, runs);
    return schedule;
}

static void
check(const QblkWatchSchedule *schedule, gint64 now, QblkWatchAction action)
{
    gint64 deadline;
    assert_int_equal(qblk_watch_schedule_next(schedule, now, &deadline), action);
}

/* Nothing is due at @now, and @action at @then. */
static void
check_waits(const QblkWatchSchedule *schedule, gint64 now, gint64 then, QblkWatchAction action)
{
    gint64 deadline;
    assert_int_equal(qblk_watch_schedule_next(schedule, now, &deadline), QBLK_WATCH_WAIT);
    assert_int_equal(deadline, then);
    check(schedule, then - 1, QBLK_WATCH_WAIT);
    check(schedule, then, action);
}

static void
a_connection_is_fetched_from_at_once(void **state)
{
    g_autoptr(QblkWatchOptions) options = qblk_watch_options_new();
    QblkWatchSchedule schedule;
    gint64 deadline;
    qblk_watch_schedule_init(&schedule, options);
    assert_int_equal(qblk_watch_schedule_next(&schedule, 5, &deadline), QBLK_WATCH_WAIT);
    assert_int_equal(deadline, -1);
    qblk_watch_schedule_connect(&schedule, 5);
    check(&schedule, 5, QBLK_WATCH_FETCH);
}

static void
a_burst_of_changes_means_one_fetch(void **state)
{
    QblkWatchSchedule schedule = connected(FALSE);
    qblk_watch_schedule_change(&schedule, 10 * MS);
    qblk_watch_schedule_change(&schedule, 90 * MS);
    check_waits(&schedule, 90 * MS, 110 * MS, QBLK_WATCH_FETCH);

    qblk_watch_schedule_begin_fetch(&schedule);
    qblk_watch_schedule_end_fetch(&schedule, 110 * MS, 111 * MS, FALSE);
    check(&schedule, 1 * S, QBLK_WATCH_WAIT);
}

static void
a_change_during_a_fetch_means_another_one(void **state)
{
    QblkWatchSchedule schedule = connected(FALSE);
    qblk_watch_schedule_change(&schedule, 0);
    qblk_watch_schedule_begin_fetch(&schedule);
    qblk_watch_schedule_change(&schedule, 105 * MS);
    qblk_watch_schedule_end_fetch(&schedule, 100 * MS, 110 * MS, FALSE);
    check_waits(&schedule, 110 * MS, 205 * MS, QBLK_WATCH_FETCH);
}

static void
a_long_fetch_is_not_repeated_soon(void **state)
{
    QblkWatchSchedule schedule = connected(FALSE);
    qblk_watch_schedule_begin_fetch(&schedule);
    qblk_watch_schedule_change(&schedule, 0);
    qblk_watch_schedule_end_fetch(&schedule, 0, 300 * MS, FALSE);
    check_waits(&schedule, 300 * MS, 1500 * MS, QBLK_WATCH_FETCH);

    schedule = connected(FALSE);
    qblk_watch_schedule_begin_fetch(&schedule);
    qblk_watch_schedule_end_fetch(&schedule, 0, 300 * MS, FALSE);
    qblk_watch_schedule_change(&schedule, 301 * MS);
    check_waits(&schedule, 301 * MS, 1500 * MS, QBLK_WATCH_FETCH);
}

static void
progress_is_queried_only_while_a_job_runs(void **state)
{
    QblkWatchSchedule schedule = connected(TRUE);
    check_waits(&schedule, 0, 1 * S, QBLK_WATCH_PROGRESS);
    qblk_watch_schedule_end_progress(&schedule, 1 * S, TRUE);
    check(&schedule, 2 * S, QBLK_WATCH_PROGRESS);
    qblk_watch_schedule_end_progress(&schedule, 1500 * MS, FALSE);
    check_waits(&schedule, 1500 * MS, 2 * S, QBLK_WATCH_LOOK);
}

static void
a_slow_look_is_rare(void **state)
{
    QblkWatchSchedule schedule = connected(FALSE);
    check_waits(&schedule, 0, 2 * S, QBLK_WATCH_LOOK);
    qblk_watch_schedule_end_look(&schedule, 2 * S, 2 * S + 1 * MS);
    check_waits(&schedule, 2 * S + 1 * MS, 4 * S + 1 * MS, QBLK_WATCH_LOOK);
    qblk_watch_schedule_end_look(&schedule, 4 * S, 4 * S + 50 * MS);
    check_waits(&schedule, 5 * S, 9 * S + 50 * MS, QBLK_WATCH_LOOK);
}

static void
what_is_not_wanted_is_never_due(void **state)
{
    g_autoptr(QblkWatchOptions) options = qblk_watch_options_new();
    QblkWatchSchedule schedule;
    gint64 deadline;
    qblk_watch_options_set_progress_interval(options, 0);
    qblk_watch_options_set_look_interval(options, 0);
    qblk_watch_schedule_init(&schedule, options);
    qblk_watch_schedule_begin_fetch(&schedule);
    qblk_watch_schedule_end_fetch(&schedule, 0, 0, TRUE);
    assert_int_equal(qblk_watch_schedule_next(&schedule, 1000 * S, &deadline), QBLK_WATCH_WAIT);
    assert_int_equal(deadline, -1);

    /* But a QEMU that did not reply is asked again. */
    qblk_watch_schedule_fall_silent(&schedule, 0);
    check_waits(&schedule, 0, 1 * S, QBLK_WATCH_LOOK);
    qblk_watch_schedule_end_look(&schedule, 1 * S, 1 * S);
    assert_int_equal(qblk_watch_schedule_next(&schedule, 9 * S, &deadline), QBLK_WATCH_WAIT);
    assert_int_equal(deadline, -1);
}

static void
a_silent_qemu_is_only_looked_at(void **state)
{
    QblkWatchSchedule schedule = connected(TRUE);
    qblk_watch_schedule_change(&schedule, 0);
    qblk_watch_schedule_fall_silent(&schedule, 50 * MS);
    check_waits(&schedule, 50 * MS, 2050 * MS, QBLK_WATCH_LOOK);
}

static void
a_graph_that_cannot_be_read_is_read_again_after_a_second(void **state)
{
    QblkWatchSchedule schedule = connected(TRUE);
    qblk_watch_schedule_retry(&schedule, 100 * MS);
    check_waits(&schedule, 100 * MS, 1100 * MS, QBLK_WATCH_FETCH);
}

static void
pauses_grow_until_a_snapshot_was_fetched(void **state)
{
    QblkWatchSchedule schedule = connected(FALSE);
    const guint expected[] = {1, 2, 4, 8, 16, 30, 30};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_int_equal(qblk_watch_schedule_next_pause(&schedule), expected[i]);
        qblk_watch_schedule_connect(&schedule, 0);
    }
    qblk_watch_schedule_end_fetch(&schedule, 0, 0, FALSE);
    assert_int_equal(qblk_watch_schedule_next_pause(&schedule), 1);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_fetched_from_at_once),
        cmocka_unit_test(a_burst_of_changes_means_one_fetch),
        cmocka_unit_test(a_change_during_a_fetch_means_another_one),
        cmocka_unit_test(a_long_fetch_is_not_repeated_soon),
        cmocka_unit_test(progress_is_queried_only_while_a_job_runs),
        cmocka_unit_test(a_slow_look_is_rare),
        cmocka_unit_test(what_is_not_wanted_is_never_due),
        cmocka_unit_test(a_silent_qemu_is_only_looked_at),
        cmocka_unit_test(a_graph_that_cannot_be_read_is_read_again_after_a_second),
        cmocka_unit_test(pauses_grow_until_a_snapshot_was_fetched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
