/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-rates.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#define S G_USEC_PER_SEC

/* Job 'j' has done @done of 1000 at @now. */
static void
add(QblkWatchRates *rates, gint64 now, int done)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autofree char *jobs = g_strdup_printf("[{'id':'j','type':'commit','status':'running',"
                                            "'current-progress':%d,'total-progress':1000}]",
                                            done);
    graph_fixture_add(replies, "query-jobs", NULL, jobs);
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load_jobs(replies, NULL, &error);
    assert_no_error(error);
    qblk_watch_rates_add(rates, snapshot, now);
}

static void
check(QblkWatchRates *rates, gint64 rate, gint64 left)
{
    assert_int_equal(qblk_watch_rates_get(rates, "j"), rate);
    assert_int_equal(qblk_watch_rates_get_seconds_left(rates, "j"), left);
}

static void
one_moment_tells_no_rate(void **state)
{
    QblkWatchRates *rates = qblk_watch_rates_new();
    check(rates, -1, -1);
    add(rates, 0, 100);
    check(rates, -1, -1);
    add(rates, S / 10, 110);
    check(rates, -1, -1);
    qblk_watch_rates_free(rates);
}

static void
the_rate_is_that_of_the_last_ten_seconds(void **state)
{
    QblkWatchRates *rates = qblk_watch_rates_new();
    add(rates, 0, 0);
    add(rates, 1 * S, 100);
    check(rates, 100, 9);
    for (int second = 2; second <= 12; second++) {
        add(rates, second * S, 100 + (second - 1) * 10);
    }
    check(rates, 10, 79);
    add(rates, 13 * S, 210);
    check(rates, 9, 87);
    qblk_watch_rates_free(rates);
}

static void
a_job_that_does_nothing_has_no_end(void **state)
{
    QblkWatchRates *rates = qblk_watch_rates_new();
    add(rates, 0, 100);
    add(rates, 1 * S, 100);
    check(rates, 0, -1);
    qblk_watch_rates_free(rates);
}

static void
snapshots_in_a_burst_count_once(void **state)
{
    QblkWatchRates *rates = qblk_watch_rates_new();
    add(rates, 0, 0);
    add(rates, 1 * S, 100);
    for (int i = 1; i <= 50; i++) {
        add(rates, 1 * S + i * 1000, 100);
    }
    add(rates, 2 * S, 200);
    check(rates, 100, 8);
    qblk_watch_rates_free(rates);
}

static void
another_job_with_the_same_id_starts_again(void **state)
{
    QblkWatchRates *rates = qblk_watch_rates_new();
    add(rates, 0, 0);
    add(rates, 1 * S, 900);
    add(rates, 2 * S, 50);
    check(rates, -1, -1);
    add(rates, 3 * S, 100);
    check(rates, 50, 18);
    qblk_watch_rates_free(rates);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_moment_tells_no_rate),
        cmocka_unit_test(the_rate_is_that_of_the_last_ten_seconds),
        cmocka_unit_test(a_job_that_does_nothing_has_no_end),
        cmocka_unit_test(snapshots_in_a_burst_count_once),
        cmocka_unit_test(another_job_with_the_same_id_starts_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
