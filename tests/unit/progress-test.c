/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/progress.h"

#include "cli/print/progress-bar.h"

#include "lib/check.h"
#include "plan/plan.h"

#include <unistd.h>

#define MIB 1048576.0

static void
assert_bar(gint64 done, gint64 total, double speed, guint columns, const char *expected)
{
    g_autofree char *text = qblk_progress_bar("Copy", done, total, speed, columns);
    assert_string_equal(text, expected);
}

static void
the_bar_has_percent_speed_and_time_left(void **state)
{
    const gint64 total = 100 * (gint64)MIB;
    assert_bar(0, total, 0, 60, "Copy: [........................................]   0 %");
    assert_bar(total / 2, total, MIB, 60,
               "Copy: [##########...........]  50 %     1.0 MiB/s  0:50 left");
    assert_bar(total / 2, total, MIB / 100, 60,
               "Copy: [#########.........]  50 %     0.0 MiB/s  1:23:20 left");
    assert_bar(0, total, MIB / 10000, 60,
               "Copy: [.....................]   0 %     0.0 MiB/s  days left");
}

static void
the_bar_never_reaches_100_percent(void **state)
{
    g_autofree char *all = qblk_progress_bar("Copy", 5, 5, 0, 11);
    assert_string_equal(all, "Copy:  99 %");
    g_autofree char *more = qblk_progress_bar("Copy", G_MAXINT64, 5, 0, 11);
    assert_string_equal(more, "Copy:  99 %");
    g_autofree char *nothing = qblk_progress_bar("Copy", 0, 0, 0, 11);
    assert_string_equal(nothing, "Copy:   0 %");
    g_autofree char *negative = qblk_progress_bar("Copy", -1, -1, 0, 11);
    assert_string_equal(negative, "Copy:   0 %");
}

static void
a_narrow_bar_leaves_out_the_speed_first(void **state)
{
    const gint64 total = 100 * (gint64)MIB;
    assert_bar(total / 2, total, MIB, 40, "Copy: [#######........]  50 %  0:50 left");
    assert_bar(total / 2, total, MIB, 26, "Copy: [######......]  50 %");
    assert_bar(total / 2, total, MIB, 18, "Copy:  50 %");
    assert_bar(total / 2, total, MIB, 10, "50 %");
    assert_bar(total / 2, total, MIB, 3, "...");
}

static void
the_speed_is_that_of_the_last_seconds(void **state)
{
    QblkProgressMeter meter = {0};
    gint64 second = G_USEC_PER_SEC;
    qblk_progress_meter_update(&meter, 100, second);
    qblk_progress_meter_update(&meter, 200, second + second / 4);
    assert_true(meter.speed == 0); /* too early */
    qblk_progress_meter_update(&meter, 300, 2 * second);
    assert_true(meter.speed == 200);
    for (gint64 i = 3; i < 30; i++) {
        qblk_progress_meter_update(&meter, 300, i * second);
    }
    assert_true(meter.speed < 1);
    assert_int_equal(qblk_progress_seconds_left(0, 1000, 10), 100);
    assert_int_equal(qblk_progress_seconds_left(0, 1000, 0), -1);
    assert_int_equal(qblk_progress_seconds_left(0, G_MAXINT64, 1e-9), -1);
}

static void
the_bar_is_not_wider_than_the_terminal(void **state)
{
    for (guint columns = 0; columns < 200; columns++) {
        g_autofree char *text = qblk_progress_bar("Block commit", 1, 3, 7 * MIB, columns);
        assert_true(g_utf8_strlen(text, -1) <= (glong)columns);
    }
}

/* ---- lines ---- */

static QblkPlan *
plan_of(const char *kind, const char *target)
{
    QblkPlan *plan = qblk_plan_new_empty();
    plan->kind = g_strdup(kind);
    plan->target = g_strdup(target);
    return plan;
}

typedef struct {
    guint plan;
    gint64 done, total;
} Report;

/* Returns: the standard error output for @plans, after the @reports up to one with a total of 0. */
static char *
said_as(const QblkPlans *plans, const Report *reports, gboolean went_well, gboolean json)
{
    g_autofree char *path = NULL;
    int file = g_file_open_tmp("qblk-XXXXXX", &path, NULL);
    int before = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    const QblkOutput output = {.json = json, .command = "commit"};
    g_autoptr(QblkProgress) progress = qblk_progress_new(plans, &output, TRUE, TRUE);

    for (const Report *report = reports; report->total != 0; report++) {
        const QblkPlan *plan = qblk_plans_get_plan(plans, report->plan);
        qblk_progress_report(NULL, qblk_plan_get_target(plan), "running", report->done,
                             report->total, progress);
    }
    qblk_progress_end(progress, went_well);
    dup2(before, STDERR_FILENO);
    close(before);
    close(file);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_int_equal(unlink(path), 0);
    return text;
}

static char *
said(const QblkPlans *plans, const Report *reports, gboolean went_well)
{
    return said_as(plans, reports, went_well, FALSE);
}

static void
a_line_is_printed_for_each_percent_and_100_at_the_end(void **state)
{
    static const Report reports[] = {{0, -1, -1},    {0, 0, 1000},    {0, 1, 1000},
                                     {0, 420, 1000}, {0, 1000, 1000}, {0}};
    g_autoptr(QblkPlan) plan = plan_of("active-commit", "vda");
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    qblk_plans_add(plans, plan);
    g_autofree char *well = said(plans, reports, TRUE);
    assert_string_equal(well, "Block commit: [  0 %]\nBlock commit: [ 42 %]\n"
                              "Block commit: [ 99 %]\nBlock commit: [100 %]\n");
    g_autofree char *badly = said(plans, reports, FALSE);
    assert_string_equal(badly, "Block commit: [  0 %]\nBlock commit: [ 42 %]\n"
                               "Block commit: [ 99 %]\n");
}

static void
json_has_a_line_for_each_change(void **state)
{
    static const Report reports[] = {{0, 1, 1000}, {0, 2, 1000}, {0, 420, 1000}, {0}};
    g_autoptr(QblkPlan) plan = plan_of("active-commit", "vda");
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    plan->job = g_strdup("job0");
    qblk_plans_add(plans, plan);
    g_autofree char *text = said_as(plans, reports, TRUE, TRUE);
    g_autofree char *first = g_strdup_printf(
        "{\"schema\":\"qblk/1\",\"command\":\"commit\",\"progress\":{\"target\":\"vda\","
        "\"job\":\"job0\",\"state\":\"running\",\"done\":1,\"total\":1000,"
        "\"speed\":null,\"seconds-left\":null}}\n");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    assert_true(g_str_has_prefix(text, first));
    assert_int_equal(g_strv_length(lines), 4);
    assert_non_null(strstr(lines[1], "\"done\":420,"));
    assert_non_null(strstr(lines[2], "\"state\":\"concluded\",\"done\":1000,"));
}

static void
each_line_names_its_disk_if_there_are_several(void **state)
{
    static const Report reports[] = {{1, 1, 10}, {0, 1, 2}, {0}};
    g_autoptr(QblkPlan) one = plan_of("pull", "vda");
    g_autoptr(QblkPlan) two = plan_of("copy", "vd\nb");
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    qblk_plans_add(plans, one);
    qblk_plans_add(plans, two);
    g_autofree char *text = said(plans, reports, TRUE);
    assert_string_equal(text, "vd\\nb: Block copy: [ 10 %]\nvda: Block pull: [ 50 %]\n"
                              "vda: Block pull: [100 %]\nvd\\nb: Block copy: [100 %]\n");
}

static void
a_job_that_was_cancelled_has_not_copied_all_data(void **state)
{
    static const Report reports[] = {{0, 10, 100}, {0}};
    static const struct {
        const char *outcome;
        gboolean is_complete;
    } cases[] = {
        {NULL, TRUE},
        {QBLK_OUTCOME_FINISHED, TRUE},
        {QBLK_OUTCOME_CANCELLED, FALSE},
        {QBLK_OUTCOME_DISMISSED, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkPlans) plans = qblk_plans_new();
        g_autoptr(QblkPlan) plan = plan_of("copy", "vda");
        qblk_plans_add(plans, plan);
        qblk_plan_set_outcome(plan, cases[i].outcome);
        g_autofree char *text = said(plans, reports, TRUE);
        assert_int_equal(strstr(text, "100 %") != NULL, cases[i].is_complete);
    }
}

static void
nothing_is_printed_by_default(void **state)
{
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    const QblkOutput output = {0}, json = {.json = TRUE, .error_terminal.can_erase = TRUE};
    assert_null(qblk_progress_new(plans, &output, TRUE, FALSE));
    assert_null(qblk_progress_new(plans, &json, TRUE, FALSE));
    qblk_progress_end(NULL, TRUE);
    qblk_progress_free(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bar_has_percent_speed_and_time_left),
        cmocka_unit_test(the_bar_never_reaches_100_percent),
        cmocka_unit_test(a_narrow_bar_leaves_out_the_speed_first),
        cmocka_unit_test(the_speed_is_that_of_the_last_seconds),
        cmocka_unit_test(the_bar_is_not_wider_than_the_terminal),
        cmocka_unit_test(json_has_a_line_for_each_change),
        cmocka_unit_test(a_line_is_printed_for_each_percent_and_100_at_the_end),
        cmocka_unit_test(each_line_names_its_disk_if_there_are_several),
        cmocka_unit_test(a_job_that_was_cancelled_has_not_copied_all_data),
        cmocka_unit_test(nothing_is_printed_by_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
