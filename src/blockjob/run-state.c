/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-state.h"

/* ---- the states ---- */

typedef enum {
    MAY_STOP = 1 << 0,
    COMMITTED = 1 << 1,
    ROLLS_BACK = 1 << 2,
    SUCCEEDED = 1 << 3,
} Property;

/* clang-format off */
static const struct {
    const char *name;
    QblkStage stage;
    guint properties; /* of Property */
} states[QBLK_RUN_STATES] = {
    [QBLK_RUN_PLANNED] = {"planned", QBLK_STAGE_PLANNED, MAY_STOP},
    [QBLK_RUN_PREPARING] = {"preparing", QBLK_STAGE_PLANNED, MAY_STOP},
    [QBLK_RUN_STARTING] = {"starting", QBLK_STAGE_STARTED, MAY_STOP},
    [QBLK_RUN_RUNNING] = {"running", QBLK_STAGE_STARTED, MAY_STOP},
    [QBLK_RUN_WAITING] = {"waiting", QBLK_STAGE_STARTED, MAY_STOP},
    [QBLK_RUN_RECORDING] = {"recording", QBLK_STAGE_PIVOTING, MAY_STOP},
    [QBLK_RUN_JOINED] = {"joined", QBLK_STAGE_PIVOTING, MAY_STOP},
    [QBLK_RUN_COMMITTING] = {"committing", QBLK_STAGE_PIVOTING, COMMITTED},
    [QBLK_RUN_UNANSWERED] = {"unanswered", QBLK_STAGE_PIVOTING, COMMITTED},
    [QBLK_RUN_FINALIZING] = {"finalizing", QBLK_STAGE_PIVOTING, COMMITTED},
    [QBLK_RUN_CLEANING] = {"cleaning", QBLK_STAGE_CLEANING, COMMITTED | SUCCEEDED},
    [QBLK_RUN_CONCLUDED] = {"concluded", QBLK_STAGE_STARTED, MAY_STOP | SUCCEEDED},
    [QBLK_RUN_ROLLING_BACK] = {"rolling-back", QBLK_STAGE_STARTED, ROLLS_BACK},
    [QBLK_RUN_ROLLING_BACK_UNANSWERED] =
        {"rolling-back-unanswered", QBLK_STAGE_PIVOTING, ROLLS_BACK},
    [QBLK_RUN_INTERRUPTED] = {"interrupted", QBLK_STAGE_PLANNED, MAY_STOP},
    [QBLK_RUN_COMPLETED] = {"completed", QBLK_STAGE_CLEANING, SUCCEEDED},
    [QBLK_RUN_ROLLED_BACK] = {"rolled-back", QBLK_STAGE_STARTED, 0},
    [QBLK_RUN_DETACHED] = {"detached", QBLK_STAGE_STARTED, 0},
    [QBLK_RUN_CHANGED] = {"changed", QBLK_STAGE_CLEANING, SUCCEEDED},
    [QBLK_RUN_NOT_ROLLED_BACK] = {"not-rolled-back", QBLK_STAGE_PIVOTING, 0},
    [QBLK_RUN_UNKNOWN] = {"unknown", QBLK_STAGE_PIVOTING, 0},
};

static const char *const events[QBLK_RUN_EVENTS] = {
    [QBLK_RUN_NEXT_STEP] = "next-step",
    [QBLK_RUN_NEXT_START] = "next-start",
    [QBLK_RUN_NEXT_FINAL] = "next-final",
    [QBLK_RUN_NEXT_JOINT] = "next-joint",
    [QBLK_RUN_NO_STEP] = "no-step",
    [QBLK_RUN_RECORDED] = "recorded",
    [QBLK_RUN_NOT_RECORDED] = "not-recorded",
    [QBLK_RUN_ANSWERED] = "answered",
    [QBLK_RUN_HAD_EFFECT] = "had-effect",
    [QBLK_RUN_NO_ANSWER] = "no-answer",
    [QBLK_RUN_NO_ANSWER_ONCE] = "no-answer-once",
    [QBLK_RUN_NO_EFFECT] = "no-effect",
    [QBLK_RUN_REFUSED] = "refused",
    [QBLK_RUN_ALREADY_DONE] = "already-done",
    [QBLK_RUN_NOT_DONE] = "not-done",
    [QBLK_RUN_RECEIVED] = "received",
    [QBLK_RUN_NOT_RECEIVED] = "not-received",
    [QBLK_RUN_REACHED] = "reached",
    [QBLK_RUN_ENDED_WELL] = "ended-well",
    [QBLK_RUN_JOB_FAILED] = "job-failed",
    [QBLK_RUN_PASSED] = "passed",
    [QBLK_RUN_CHAIN_AFTER] = "chain-after",
    [QBLK_RUN_CHAIN_BEFORE] = "chain-before",
    [QBLK_RUN_UNDONE] = "undone",
    [QBLK_RUN_NOT_UNDONE] = "not-undone",
    [QBLK_RUN_FAILED] = "failed",
    [QBLK_RUN_STOPPED] = "stopped",
    [QBLK_RUN_LEFT] = "left",
    [QBLK_RUN_LOST] = "lost",
    [QBLK_RUN_ALL_WAIT] = "all-wait",
    [QBLK_RUN_DETACH] = "detach",
    [QBLK_RUN_OTHER_FAILED] = "other-failed",
    [QBLK_RUN_OTHER_LEFT] = "other-left",
    [QBLK_RUN_NOT_STARTED] = "not-started",
    [QBLK_RUN_JOB_FOUND] = "job-found",
    [QBLK_RUN_PENDING_FOUND] = "pending-found",
    [QBLK_RUN_NOT_KNOWN] = "not-known",
};

static const char *const actions[QBLK_RUN_ACTIONS] = {
    [QBLK_RUN_NEXT] = "next",
    [QBLK_RUN_RECORD] = "record",
    [QBLK_RUN_SEND] = "send",
    [QBLK_RUN_RESEND] = "resend",
    [QBLK_RUN_LOOK] = "look",
    [QBLK_RUN_AWAIT] = "await",
    [QBLK_RUN_WAIT] = "wait",
    [QBLK_RUN_COMPARE] = "compare",
    [QBLK_RUN_HOLD] = "hold",
    [QBLK_RUN_UNDO] = "undo",
    [QBLK_RUN_END] = "end",
};

/* ---- the table ---- */

#define ON(event) (G_GUINT64_CONSTANT(1) << QBLK_RUN_##event)
#define ROW(state, events, next, action)                                                           \
    {QBLK_RUN_##state, (events), QBLK_RUN_##next, QBLK_RUN_##action}

/* A row for all events of which nothing but the end of the plan can follow has them in the order:
 * what QEMU answered, what the job did, what the user wants, the connection, the other disks. */
static const QblkRunRow rows[] = {
    ROW(PLANNED, ON(NEXT_STEP), PLANNED, SEND),
    ROW(PLANNED, ON(NEXT_START), STARTING, RECORD),
    ROW(PLANNED, ON(NEXT_FINAL), RECORDING, RECORD),
    ROW(PLANNED, ON(NEXT_JOINT), WAITING, HOLD),
    ROW(PLANNED, ON(NO_STEP), COMPLETED, END),
    ROW(PLANNED, ON(ANSWERED) | ON(HAD_EFFECT), PREPARING, WAIT),
    ROW(PLANNED, ON(NO_ANSWER), PLANNED, RESEND),
    ROW(PLANNED, ON(REFUSED) | ON(NO_EFFECT) | ON(FAILED) | ON(STOPPED), ROLLING_BACK, UNDO),
    ROW(PLANNED, ON(LEFT), DETACHED, END),
    ROW(PLANNED, ON(LOST), UNKNOWN, END),
    ROW(PLANNED, ON(OTHER_FAILED) | ON(OTHER_LEFT), ROLLED_BACK, END),

    ROW(PREPARING, ON(REACHED), PREPARING, NEXT),
    ROW(PREPARING, ON(NEXT_STEP), PREPARING, SEND),
    ROW(PREPARING, ON(NEXT_START), STARTING, RECORD),
    ROW(PREPARING, ON(NEXT_FINAL), RECORDING, RECORD),
    ROW(PREPARING, ON(NEXT_JOINT), WAITING, HOLD),
    ROW(PREPARING, ON(NO_STEP), COMPLETED, END),
    ROW(PREPARING, ON(ANSWERED) | ON(HAD_EFFECT), PREPARING, WAIT),
    ROW(PREPARING, ON(NO_ANSWER), PREPARING, RESEND),
    ROW(PREPARING, ON(ENDED_WELL), CONCLUDED, NEXT),
    ROW(PREPARING, ON(REFUSED) | ON(NO_EFFECT) | ON(FAILED) | ON(JOB_FAILED) | ON(PASSED) |
                       ON(STOPPED), ROLLING_BACK, UNDO),
    ROW(PREPARING, ON(LEFT), DETACHED, END),
    ROW(PREPARING, ON(LOST), UNKNOWN, END),

    ROW(STARTING, ON(RECORDED), STARTING, SEND),
    ROW(STARTING, ON(ANSWERED) | ON(HAD_EFFECT), RUNNING, WAIT),
    ROW(STARTING, ON(NO_ANSWER), STARTING, RESEND),
    ROW(STARTING, ON(NOT_RECORDED) | ON(REFUSED) | ON(NO_EFFECT) | ON(FAILED), ROLLING_BACK, UNDO),
    ROW(STARTING, ON(LEFT), DETACHED, END),
    ROW(STARTING, ON(LOST), UNKNOWN, END),

    ROW(RUNNING, ON(REACHED), WAITING, HOLD),
    ROW(RUNNING, ON(DETACH), DETACHED, END),
    ROW(RUNNING, ON(FAILED) | ON(JOB_FAILED) | ON(PASSED) | ON(STOPPED) | ON(OTHER_FAILED),
        ROLLING_BACK, UNDO),
    ROW(RUNNING, ON(LEFT) | ON(OTHER_LEFT), DETACHED, END),
    ROW(RUNNING, ON(LOST), UNKNOWN, END),

    ROW(WAITING, ON(ALL_WAIT) | ON(REACHED), WAITING, NEXT),
    ROW(WAITING, ON(NEXT_STEP), WAITING, SEND),
    ROW(WAITING, ON(NEXT_FINAL), RECORDING, RECORD),
    ROW(WAITING, ON(NEXT_JOINT), JOINED, RECORD),
    ROW(WAITING, ON(NO_STEP), COMPLETED, END),
    ROW(WAITING, ON(ANSWERED) | ON(HAD_EFFECT), WAITING, WAIT),
    ROW(WAITING, ON(NO_ANSWER), WAITING, RESEND),
    ROW(WAITING, ON(ENDED_WELL), CONCLUDED, NEXT),
    ROW(WAITING, ON(REFUSED) | ON(NO_EFFECT) | ON(FAILED) | ON(JOB_FAILED) | ON(PASSED) |
                     ON(STOPPED) | ON(OTHER_FAILED), ROLLING_BACK, UNDO),
    ROW(WAITING, ON(LEFT) | ON(OTHER_LEFT), DETACHED, END),
    ROW(WAITING, ON(LOST), UNKNOWN, END),

    ROW(RECORDING, ON(RECORDED), COMMITTING, SEND),
    ROW(RECORDING, ON(NOT_RECORDED), ROLLING_BACK, UNDO),
    ROW(RECORDING, ON(LEFT), DETACHED, END),
    ROW(RECORDING, ON(LOST), UNKNOWN, END),

    ROW(JOINED, ON(RECORDED), JOINED, HOLD),
    ROW(JOINED, ON(ALL_WAIT), COMMITTING, SEND),
    ROW(JOINED, ON(NOT_RECORDED) | ON(FAILED) | ON(STOPPED) | ON(OTHER_FAILED),
        ROLLING_BACK, UNDO),
    ROW(JOINED, ON(LEFT) | ON(OTHER_LEFT), DETACHED, END),
    ROW(JOINED, ON(LOST), UNKNOWN, END),

    ROW(COMMITTING, ON(ANSWERED), COMMITTING, WAIT),
    ROW(COMMITTING, ON(HAD_EFFECT), UNANSWERED, WAIT),
    ROW(COMMITTING, ON(NO_ANSWER), UNANSWERED, RESEND),
    ROW(COMMITTING, ON(NO_ANSWER_ONCE), UNANSWERED, AWAIT),
    ROW(COMMITTING, ON(REFUSED), COMMITTING, LOOK),
    ROW(COMMITTING, ON(ALREADY_DONE), COMMITTING, WAIT),
    ROW(COMMITTING, ON(REACHED), FINALIZING, NEXT),
    ROW(COMMITTING, ON(ENDED_WELL), CLEANING, RECORD),
    ROW(COMMITTING, ON(NOT_DONE) | ON(JOB_FAILED), ROLLING_BACK, UNDO),
    ROW(COMMITTING, ON(FAILED) | ON(PASSED) | ON(LEFT) | ON(LOST), UNKNOWN, END),

    ROW(UNANSWERED, ON(ANSWERED) | ON(HAD_EFFECT) | ON(RECEIVED) | ON(ALREADY_DONE),
        UNANSWERED, WAIT),
    ROW(UNANSWERED, ON(REFUSED), UNANSWERED, LOOK),
    ROW(UNANSWERED, ON(REACHED), FINALIZING, NEXT),
    ROW(UNANSWERED, ON(ENDED_WELL), UNANSWERED, COMPARE),
    ROW(UNANSWERED, ON(CHAIN_AFTER), CLEANING, RECORD),
    ROW(UNANSWERED, ON(JOB_FAILED), ROLLING_BACK, UNDO),
    ROW(UNANSWERED, ON(NOT_DONE) | ON(NOT_RECEIVED) | ON(CHAIN_BEFORE),
        ROLLING_BACK_UNANSWERED, UNDO),
    ROW(UNANSWERED, ON(NO_EFFECT) | ON(NOT_KNOWN) | ON(FAILED) | ON(PASSED) | ON(LEFT) | ON(LOST),
        UNKNOWN, END),

    ROW(FINALIZING, ON(NEXT_STEP), FINALIZING, SEND),
    ROW(FINALIZING, ON(ANSWERED) | ON(HAD_EFFECT), FINALIZING, WAIT),
    ROW(FINALIZING, ON(NO_ANSWER), FINALIZING, RESEND),
    ROW(FINALIZING, ON(REACHED), FINALIZING, NEXT),
    ROW(FINALIZING, ON(ENDED_WELL), CLEANING, RECORD),
    ROW(FINALIZING, ON(JOB_FAILED), ROLLING_BACK, UNDO),
    ROW(FINALIZING, ON(REFUSED) | ON(NO_EFFECT) | ON(FAILED) | ON(PASSED) | ON(LEFT) | ON(LOST),
        UNKNOWN, END),

    ROW(CLEANING, ON(RECORDED) | ON(NOT_RECORDED) | ON(REACHED), CLEANING, NEXT),
    ROW(CLEANING, ON(NEXT_STEP), CLEANING, SEND),
    ROW(CLEANING, ON(NO_STEP), COMPLETED, END),
    ROW(CLEANING, ON(ANSWERED) | ON(HAD_EFFECT), CLEANING, WAIT),
    ROW(CLEANING, ON(NO_ANSWER), CLEANING, RESEND),
    ROW(CLEANING, ON(REFUSED) | ON(NO_EFFECT) | ON(FAILED) | ON(PASSED) | ON(LEFT) | ON(LOST),
        CHANGED, END),

    ROW(CONCLUDED, ON(REACHED), CONCLUDED, NEXT),
    ROW(CONCLUDED, ON(NEXT_STEP), CONCLUDED, SEND),
    ROW(CONCLUDED, ON(NO_STEP), COMPLETED, END),
    ROW(CONCLUDED, ON(ANSWERED) | ON(HAD_EFFECT), CONCLUDED, WAIT),
    ROW(CONCLUDED, ON(NO_ANSWER), CONCLUDED, RESEND),
    ROW(CONCLUDED, ON(REFUSED) | ON(NO_EFFECT) | ON(FAILED) | ON(PASSED) | ON(STOPPED) | ON(LEFT),
        DETACHED, END),
    ROW(CONCLUDED, ON(LOST), UNKNOWN, END),

    ROW(ROLLING_BACK, ON(UNDONE), ROLLED_BACK, END),
    ROW(ROLLING_BACK, ON(NOT_UNDONE), NOT_ROLLED_BACK, END),

    ROW(ROLLING_BACK_UNANSWERED, ON(JOB_FAILED), ROLLING_BACK, UNDO),
    ROW(ROLLING_BACK_UNANSWERED, ON(UNDONE), ROLLED_BACK, END),
    ROW(ROLLING_BACK_UNANSWERED, ON(NOT_UNDONE), NOT_ROLLED_BACK, END),

    ROW(INTERRUPTED, ON(NOT_STARTED) | ON(JOB_FAILED) | ON(CHAIN_BEFORE), ROLLING_BACK, UNDO),
    ROW(INTERRUPTED, ON(NOT_RECEIVED), ROLLING_BACK_UNANSWERED, UNDO),
    ROW(INTERRUPTED, ON(JOB_FOUND), RUNNING, WAIT),
    ROW(INTERRUPTED, ON(RECEIVED), UNANSWERED, WAIT),
    ROW(INTERRUPTED, ON(PENDING_FOUND), FINALIZING, NEXT),
    ROW(INTERRUPTED, ON(ENDED_WELL) | ON(CHAIN_AFTER), CLEANING, RECORD),
    ROW(INTERRUPTED, ON(NOT_KNOWN) | ON(FAILED) | ON(LEFT) | ON(LOST), UNKNOWN, END),

    /* all others are ends */
    ROW(COMPLETED, ON(OTHER_FAILED) | ON(OTHER_LEFT), COMPLETED, END),
};
/* clang-format on */

const QblkRunRow *
qblk_run_state_rows(gsize *count)
{
    *count = G_N_ELEMENTS(rows);
    return rows;
}

const QblkRunRow *
qblk_run_state_find(QblkRunState state, QblkRunEvent event)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gboolean is_event = (rows[i].events >> event & 1) != 0;
        if (rows[i].state == state && is_event) {
            return &rows[i];
        }
    }
    return NULL;
}

QblkStage
qblk_run_state_stage(QblkRunState state)
{
    return states[state].stage;
}

static gboolean
has_property(QblkRunState state, Property property)
{
    return (states[state].properties & property) != 0;
}

gboolean
qblk_run_state_may_stop(QblkRunState state)
{
    return has_property(state, MAY_STOP);
}

gboolean
qblk_run_state_is_committed(QblkRunState state)
{
    return has_property(state, COMMITTED);
}

gboolean
qblk_run_state_rolls_back(QblkRunState state)
{
    return has_property(state, ROLLS_BACK);
}

gboolean
qblk_run_state_has_succeeded(QblkRunState state)
{
    return has_property(state, SUCCEEDED);
}

const char *
qblk_run_state_name(QblkRunState state)
{
    return states[state].name;
}

const char *
qblk_run_state_event_name(QblkRunEvent event)
{
    return events[event];
}

const char *
qblk_run_state_action_name(QblkRunAction action)
{
    return actions[action];
}
