/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-state.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"

#include <string.h>

#define ON(event) (G_GUINT64_CONSTANT(1) << QBLK_RUN_##event)

/* A failure of any action may turn out to be one of these. */
#define ANY_FAILURE (ON(FAILED) | ON(LEFT) | ON(LOST))

/* The events that each action can end with. */
static const guint64 endings[QBLK_RUN_ACTIONS] = {
    [QBLK_RUN_NEXT] = ON(NEXT_STEP) | ON(NEXT_START) | ON(NEXT_FINAL) | ON(NEXT_JOINT) |
                      ON(NO_STEP) | ON(STOPPED) | ON(LEFT) | ON(LOST),
    [QBLK_RUN_RECORD] = ON(RECORDED) | ON(NOT_RECORDED) | ON(LEFT) | ON(LOST),
    [QBLK_RUN_SEND] = ON(ANSWERED) | ON(HAD_EFFECT) | ON(NO_ANSWER) | ON(NO_ANSWER_ONCE) |
                      ON(REFUSED) | ANY_FAILURE,
    [QBLK_RUN_RESEND] = ON(ANSWERED) | ON(HAD_EFFECT) | ON(NO_EFFECT) | ON(REFUSED) | ANY_FAILURE,
    [QBLK_RUN_LOOK] = ON(ALREADY_DONE) | ON(NOT_DONE) | ANY_FAILURE,
    [QBLK_RUN_AWAIT] = ON(RECEIVED) | ON(NOT_RECEIVED) | ON(NOT_KNOWN) | ANY_FAILURE,
    [QBLK_RUN_WAIT] =
        ON(REACHED) | ON(ENDED_WELL) | ON(JOB_FAILED) | ON(PASSED) | ON(STOPPED) | ANY_FAILURE,
    [QBLK_RUN_COMPARE] = ON(CHAIN_AFTER) | ON(CHAIN_BEFORE) | ANY_FAILURE,
    [QBLK_RUN_HOLD] = ON(ALL_WAIT) | ON(OTHER_FAILED) | ON(OTHER_LEFT) | ON(JOB_FAILED) |
                      ON(PASSED) | ON(STOPPED) | ANY_FAILURE,
    [QBLK_RUN_UNDO] = ON(UNDONE) | ON(NOT_UNDONE),
    [QBLK_RUN_END] = 0,
};

/* What cannot happen in a state although its action could end so, by the shape of plans. */
static const struct {
    QblkRunState state;
    guint64 events;
} impossible[] = {
    /* only the final step must not be sent twice */
    {QBLK_RUN_PLANNED, ON(NO_ANSWER_ONCE)},
    {QBLK_RUN_PREPARING, ON(NO_ANSWER_ONCE)},
    {QBLK_RUN_STARTING, ON(NO_ANSWER_ONCE)},
    /* one step starts the job, and what it waits for is no end */
    {QBLK_RUN_RUNNING, ON(ENDED_WELL)},
    {QBLK_RUN_WAITING, ON(NEXT_START) | ON(NO_ANSWER_ONCE)},
    /* one step changes the chain; after it, a job that existed may have to be finalized */
    {QBLK_RUN_FINALIZING,
     ON(NEXT_START) | ON(NEXT_FINAL) | ON(NEXT_JOINT) | ON(NO_STEP) | ON(NO_ANSWER_ONCE)},
    /* a plan that changes its chain together with others has no job */
    {QBLK_RUN_JOINED, ON(JOB_FAILED) | ON(PASSED)},
    /* what follows is for no job that could still end */
    {QBLK_RUN_CLEANING, ON(NEXT_START) | ON(NEXT_FINAL) | ON(NEXT_JOINT) | ON(NO_ANSWER_ONCE) |
                            ON(ENDED_WELL) | ON(JOB_FAILED)},
    {QBLK_RUN_CONCLUDED, ON(NEXT_START) | ON(NEXT_FINAL) | ON(NEXT_JOINT) | ON(NO_ANSWER_ONCE) |
                             ON(ENDED_WELL) | ON(JOB_FAILED)},
};

static gboolean
is_impossible(QblkRunState state, QblkRunEvent event)
{
    if (event == QBLK_RUN_STOPPED && !qblk_run_state_may_stop(state)) {
        return TRUE; /* it is not asked for there */
    }
    for (gsize i = 0; i < G_N_ELEMENTS(impossible); i++) {
        if (impossible[i].state == state && (impossible[i].events >> event & 1) != 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- the table by itself ---- */

static void
all_have_names_of_their_own(void **state)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (int i = 0; i < QBLK_RUN_STATES; i++) {
        assert_true(g_hash_table_add(names, (gpointer)(gsize)qblk_run_state_name(i)));
    }
    g_hash_table_remove_all(names);
    for (int i = 0; i < QBLK_RUN_EVENTS; i++) {
        assert_true(g_hash_table_add(names, (gpointer)(gsize)qblk_run_state_event_name(i)));
    }
    g_hash_table_remove_all(names);
    for (int i = 0; i < QBLK_RUN_ACTIONS; i++) {
        assert_true(g_hash_table_add(names, (gpointer)(gsize)qblk_run_state_action_name(i)));
    }
}

static void
no_event_has_two_rows_in_a_state(void **state)
{
    guint64 seen[QBLK_RUN_STATES] = {0};
    gsize count;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    for (gsize i = 0; i < count; i++) {
        assert_int_equal(seen[rows[i].state] & rows[i].events, 0);
        seen[rows[i].state] |= rows[i].events;
    }
}

static void
each_state_is_reached(void **state)
{
    gboolean is_reached[QBLK_RUN_STATES] = {
        [QBLK_RUN_PLANNED] = TRUE,
        [QBLK_RUN_INTERRUPTED] = TRUE,
    };
    gsize count;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    for (guint turn = 0; turn < QBLK_RUN_STATES; turn++) {
        for (gsize i = 0; i < count; i++) {
            is_reached[rows[i].next] = is_reached[rows[i].next] || is_reached[rows[i].state];
        }
    }
    for (int i = 0; i < QBLK_RUN_STATES; i++) {
        assert_true(is_reached[i]);
    }
}

static void
an_end_is_one(void **state)
{
    static const QblkRunState ends[] = {
        QBLK_RUN_COMPLETED, QBLK_RUN_ROLLED_BACK,     QBLK_RUN_DETACHED,
        QBLK_RUN_CHANGED,   QBLK_RUN_NOT_ROLLED_BACK, QBLK_RUN_UNKNOWN,
    };
    gsize count;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    for (gsize i = 0; i < count; i++) {
        gboolean is_end = FALSE, was_end = FALSE;
        for (gsize j = 0; j < G_N_ELEMENTS(ends); j++) {
            is_end = is_end || rows[i].next == ends[j];
            was_end = was_end || rows[i].state == ends[j];
        }
        assert_int_equal(is_end, rows[i].action == QBLK_RUN_END);
        assert_true(!was_end || rows[i].next == rows[i].state);
    }
}

static void
check_endings(QblkRunState state, guint64 events)
{
    for (int event = 0; event < QBLK_RUN_EVENTS; event++) {
        if ((events >> event & 1) == 0) {
            continue;
        }
        gboolean has_row = qblk_run_state_find(state, event) != NULL;
        if (has_row == is_impossible(state, event)) {
            print_error("%s, %s\n", qblk_run_state_name(state), qblk_run_state_event_name(event));
        }
        assert_int_not_equal(has_row, is_impossible(state, event));
    }
}

static void
each_result_of_an_action_has_a_row_or_is_impossible(void **state)
{
    gsize count;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    check_endings(QBLK_RUN_PLANNED, endings[QBLK_RUN_NEXT]);
    for (gsize i = 0; i < count; i++) {
        check_endings(rows[i].next, endings[rows[i].action]);
    }
    check_endings(QBLK_RUN_RUNNING, ON(DETACH) | ON(OTHER_FAILED) | ON(OTHER_LEFT));
    check_endings(QBLK_RUN_PLANNED, ON(OTHER_FAILED) | ON(OTHER_LEFT));
    check_endings(QBLK_RUN_COMPLETED, ON(OTHER_FAILED) | ON(OTHER_LEFT));
    check_endings(QBLK_RUN_INTERRUPTED, ON(NOT_STARTED) | ON(JOB_FOUND) | ON(PENDING_FOUND) |
                                            ON(RECEIVED) | ON(NOT_RECEIVED) | ON(ENDED_WELL) |
                                            ON(JOB_FAILED) | ON(CHAIN_AFTER) | ON(CHAIN_BEFORE) |
                                            ON(NOT_KNOWN) | ON(FAILED));
}

/* ---- what must never be ---- */

static void
the_chain_is_changed_only_after_that_was_recorded(void **state)
{
    gsize count;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    for (gsize i = 0; i < count; i++) {
        gboolean is_entry = rows[i].next == QBLK_RUN_COMMITTING && rows[i].state != rows[i].next;
        if (is_entry && rows[i].state == QBLK_RUN_JOINED) {
            assert_int_equal(rows[i].events, ON(ALL_WAIT));
        } else if (is_entry) {
            assert_int_equal(rows[i].state, QBLK_RUN_RECORDING);
            assert_int_equal(rows[i].events, ON(RECORDED));
        }
        if (rows[i].next == QBLK_RUN_RECORDING) {
            assert_int_equal(rows[i].action, QBLK_RUN_RECORD);
        }
        if (rows[i].next == QBLK_RUN_JOINED) { /* it holds there once that is recorded */
            gboolean is_recorded = rows[i].events == ON(RECORDED);
            assert_int_equal(rows[i].action, is_recorded ? QBLK_RUN_HOLD : QBLK_RUN_RECORD);
        }
    }
    assert_int_equal(qblk_run_state_stage(QBLK_RUN_RECORDING), QBLK_STAGE_PIVOTING);
    assert_int_equal(qblk_run_state_stage(QBLK_RUN_JOINED), QBLK_STAGE_PIVOTING);
}

static void
the_job_is_started_only_after_that_was_recorded(void **state)
{
    gsize count;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    for (gsize i = 0; i < count; i++) {
        if (rows[i].next == QBLK_RUN_STARTING && rows[i].state != rows[i].next) {
            assert_int_equal(rows[i].events, ON(NEXT_START));
            assert_int_equal(rows[i].action, QBLK_RUN_RECORD);
        }
        if (rows[i].next == QBLK_RUN_STARTING && rows[i].action == QBLK_RUN_SEND) {
            assert_int_equal(rows[i].events, ON(RECORDED));
        }
    }
    assert_int_equal(qblk_run_state_stage(QBLK_RUN_STARTING), QBLK_STAGE_STARTED);
}

/* Only on QEMU's word, or the chain's, that the chain was not changed; or, if the command was not
 * answered, without calling it unchanged. */
static void
a_change_of_the_chain_is_not_rolled_back(void **state)
{
    static const QblkRunRow allowed[] = {
        {QBLK_RUN_COMMITTING, ON(NOT_DONE) | ON(JOB_FAILED), QBLK_RUN_ROLLING_BACK, QBLK_RUN_UNDO},
        {QBLK_RUN_UNANSWERED, ON(JOB_FAILED), QBLK_RUN_ROLLING_BACK, QBLK_RUN_UNDO},
        {QBLK_RUN_UNANSWERED, ON(NOT_DONE) | ON(NOT_RECEIVED) | ON(CHAIN_BEFORE),
         QBLK_RUN_ROLLING_BACK_UNANSWERED, QBLK_RUN_UNDO},
        {QBLK_RUN_FINALIZING, ON(JOB_FAILED), QBLK_RUN_ROLLING_BACK, QBLK_RUN_UNDO},
    };
    gsize count, found = 0;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    for (gsize i = 0; i < count; i++) {
        gboolean rolls_back =
            qblk_run_state_rolls_back(rows[i].next) || rows[i].next == QBLK_RUN_ROLLED_BACK;
        if (!qblk_run_state_is_committed(rows[i].state) || !rolls_back) {
            continue;
        }
        assert_true(found < G_N_ELEMENTS(allowed));
        assert_memory_equal(&rows[i], &allowed[found], sizeof(QblkRunRow));
        found++;
    }
    assert_int_equal(found, G_N_ELEMENTS(allowed));
}

static void
a_job_that_may_have_changed_the_chain_is_not_cancelled_or_detached(void **state)
{
    for (int i = 0; i < QBLK_RUN_STATES; i++) {
        if (!qblk_run_state_is_committed(i)) {
            continue;
        }
        assert_false(qblk_run_state_may_stop(i));
        assert_null(qblk_run_state_find(i, QBLK_RUN_STOPPED));
        const QblkRunRow *left = qblk_run_state_find(i, QBLK_RUN_LEFT);
        assert_int_equal(left->next, i == QBLK_RUN_CLEANING ? QBLK_RUN_CHANGED : QBLK_RUN_UNKNOWN);
    }
}

/* ---- the document ---- */

static void
append_row(GString *text, const QblkRunRow *row)
{
    g_string_append_printf(text, "| `%s` | ", qblk_run_state_name(row->state));
    const char *separator = "";
    for (int event = 0; event < QBLK_RUN_EVENTS; event++) {
        if ((row->events >> event & 1) != 0) {
            g_string_append_printf(text, "%s`%s`", separator, qblk_run_state_event_name(event));
            separator = ", ";
        }
    }
    g_string_append_printf(text, " | `%s` | `%s` |\n", qblk_run_state_name(row->next),
                           qblk_run_state_action_name(row->action));
}

static void
append_state(GString *text, QblkRunState state)
{
    g_string_append_printf(text, "| `%s` | `%s` | %s |", qblk_run_state_name(state),
                           qblk_stage_name(qblk_run_state_stage(state)),
                           qblk_run_state_may_stop(state) ? "yes" : "no");
}

static void
the_document_shows_this_table(void **state)
{
    g_autofree char *document = fake_qmp_read_file("docs/reliability.md");
    g_autoptr(GString) text = g_string_new(NULL);
    gsize count;
    const QblkRunRow *rows = qblk_run_state_rows(&count);
    for (gsize i = 0; i < count; i++) {
        append_row(text, &rows[i]);
    }
    if (strstr(document, text->str) == NULL) {
        g_printerr("docs/reliability.md should have these rows and no others:\n%s", text->str);
    }
    assert_non_null(strstr(document, text->str));

    for (int i = 0; i < QBLK_RUN_INTERRUPTED; i++) {
        g_autoptr(GString) line = g_string_new(NULL);
        append_state(line, i);
        if (strstr(document, line->str) == NULL) {
            print_error("docs/reliability.md should have: %s\n", line->str);
        }
        assert_non_null(strstr(document, line->str));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_have_names_of_their_own),
        cmocka_unit_test(no_event_has_two_rows_in_a_state),
        cmocka_unit_test(each_state_is_reached),
        cmocka_unit_test(an_end_is_one),
        cmocka_unit_test(each_result_of_an_action_has_a_row_or_is_impossible),
        cmocka_unit_test(the_chain_is_changed_only_after_that_was_recorded),
        cmocka_unit_test(the_job_is_started_only_after_that_was_recorded),
        cmocka_unit_test(a_change_of_the_chain_is_not_rolled_back),
        cmocka_unit_test(a_job_that_may_have_changed_the_chain_is_not_cancelled_or_detached),
        cmocka_unit_test(the_document_shows_this_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
