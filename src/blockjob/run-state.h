/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The states of one plan under way, as a table: a state and an event lead to the next state and to
 * the action that comes next.  Each action ends with one event.
 *
 * The table has no clock, no descriptor and no memory: time, answers and interrupts come in
 * as events.  docs/reliability.md shows the same table, and a test compares them.
 */
#pragma once

#include "blockjob/journal.h"

typedef enum {
    QBLK_RUN_PLANNED,      /* no step has taken effect */
    QBLK_RUN_PREPARING,    /* steps before the job, or those of a job that existed */
    QBLK_RUN_STARTING,     /* the command that starts the job is sent */
    QBLK_RUN_RUNNING,      /* the job runs to the state in which it waits */
    QBLK_RUN_WAITING,      /* the job waits: ready or pending */
    QBLK_RUN_RECORDING,    /* it is recorded that the chain may change; nothing is sent */
    QBLK_RUN_JOINED,       /* the same, of a plan whose chain changes together with others */
    QBLK_RUN_COMMITTING,   /* the command that changes the chain is sent */
    QBLK_RUN_UNANSWERED,   /* the same, and its answer was not received */
    QBLK_RUN_FINALIZING,   /* a job that existed accepted it, and has to be finalized */
    QBLK_RUN_CLEANING,     /* the job succeeded: the chain was changed */
    QBLK_RUN_CONCLUDED,    /* a job that existed succeeded by itself */
    QBLK_RUN_ROLLING_BACK, /* the steps are undone; the chain was not changed */
    QBLK_RUN_ROLLING_BACK_UNANSWERED, /* the same, but the chain may have been changed */
    QBLK_RUN_INTERRUPTED,             /* found in a journal */
    QBLK_RUN_COMPLETED,               /* all steps were taken */
    QBLK_RUN_ROLLED_BACK,             /* all steps were undone */
    QBLK_RUN_DETACHED,                /* the job continues, or waits, without this process */
    QBLK_RUN_CHANGED,                 /* the chain was changed, and not all was cleaned up */
    QBLK_RUN_NOT_ROLLED_BACK,         /* steps could not be undone */
    QBLK_RUN_UNKNOWN,                 /* how the job ended, or will end, is not known */
    QBLK_RUN_STATES
} QblkRunState;

typedef enum {
    /* of QBLK_RUN_NEXT */
    QBLK_RUN_NEXT_STEP,  /* the next step is an ordinary one */
    QBLK_RUN_NEXT_START, /* it starts the job */
    QBLK_RUN_NEXT_FINAL, /* it changes the chain */
    QBLK_RUN_NEXT_JOINT, /* it changes the chain, together with those of other plans */
    QBLK_RUN_NO_STEP,    /* all steps were taken */
    /* of QBLK_RUN_RECORD */
    QBLK_RUN_RECORDED,
    QBLK_RUN_NOT_RECORDED,
    /* of QBLK_RUN_SEND and QBLK_RUN_RESEND */
    QBLK_RUN_ANSWERED,       /* QEMU accepted the command */
    QBLK_RUN_HAD_EFFECT,     /* it did not answer, and the job has changed its state */
    QBLK_RUN_NO_ANSWER,      /* it did not answer, and the job is where it was */
    QBLK_RUN_NO_ANSWER_ONCE, /* the same, and the command must not be sent twice */
    QBLK_RUN_NO_EFFECT,      /* it did not answer the second time either */
    QBLK_RUN_REFUSED,        /* QEMU refused the command, which changed nothing */
    /* of QBLK_RUN_LOOK */
    QBLK_RUN_ALREADY_DONE, /* the job had already ended as the command would have it */
    QBLK_RUN_NOT_DONE,
    /* of QBLK_RUN_AWAIT */
    QBLK_RUN_RECEIVED,
    QBLK_RUN_NOT_RECEIVED,
    /* of QBLK_RUN_WAIT */
    QBLK_RUN_REACHED,    /* what ends the step was seen */
    QBLK_RUN_ENDED_WELL, /* the job has concluded without an error */
    QBLK_RUN_JOB_FAILED, /* the job has concluded with an error */
    QBLK_RUN_PASSED,     /* the job did not wait where it should */
    /* of QBLK_RUN_COMPARE */
    QBLK_RUN_CHAIN_AFTER,
    QBLK_RUN_CHAIN_BEFORE,
    /* of QBLK_RUN_UNDO */
    QBLK_RUN_UNDONE,
    QBLK_RUN_NOT_UNDONE,
    /* of all that wait for QEMU or the user */
    QBLK_RUN_FAILED,  /* an answer that cannot be used */
    QBLK_RUN_STOPPED, /* the user interrupted once, or the time limit is over */
    QBLK_RUN_LEFT,    /* the user interrupted twice, or a job that existed is left */
    QBLK_RUN_LOST,    /* the connection, for good */
    /* of the other disks */
    QBLK_RUN_ALL_WAIT,
    QBLK_RUN_DETACH,
    QBLK_RUN_OTHER_FAILED,
    QBLK_RUN_OTHER_LEFT,
    /* of an interrupted operation, besides those above */
    QBLK_RUN_NOT_STARTED,
    QBLK_RUN_JOB_FOUND,     /* the job continues, or waits */
    QBLK_RUN_PENDING_FOUND, /* it waits to be finalized, after the command that changes the chain */
    QBLK_RUN_NOT_KNOWN,     /* neither the job nor the chain shows the outcome */
    QBLK_RUN_EVENTS
} QblkRunEvent;

typedef enum {
    QBLK_RUN_NEXT,    /* look at the next step, and whether the user wants to stop */
    QBLK_RUN_RECORD,  /* write the stage of the state to the journal, and the mark */
    QBLK_RUN_SEND,    /* send the next step */
    QBLK_RUN_RESEND,  /* send it once more */
    QBLK_RUN_LOOK,    /* see whether a step that was refused was done already */
    QBLK_RUN_AWAIT,   /* wait for a sign that a step that was not answered was received */
    QBLK_RUN_WAIT,    /* wait for what ends the step */
    QBLK_RUN_COMPARE, /* fetch the chain, and compare it with the plan */
    QBLK_RUN_HOLD,    /* wait for the other disks */
    QBLK_RUN_UNDO,    /* undo the steps that were taken, the last one first */
    QBLK_RUN_END,
    QBLK_RUN_ACTIONS
} QblkRunAction;

/** One row of the table. */
typedef struct {
    QblkRunState state;
    guint64 events; /* a bit for each: 1 << QblkRunEvent */
    QblkRunState next;
    QblkRunAction action;
} QblkRunRow;

/** Returns: all rows, and their number in @count. */
const QblkRunRow *qblk_run_state_rows(gsize *count);

/** Returns: the row of @event in @state; NULL if it cannot happen there. */
const QblkRunRow *qblk_run_state_find(QblkRunState state, QblkRunEvent event);

/** The stage that the journal has to have in @state. */
QblkStage qblk_run_state_stage(QblkRunState state);

/** Returns: TRUE if the job can be stopped in @state: the chain was not changed. */
gboolean qblk_run_state_may_stop(QblkRunState state);

/** Returns: TRUE if the chain may have been changed in @state. */
gboolean qblk_run_state_is_committed(QblkRunState state);

/** Returns: TRUE if steps are undone in @state. */
gboolean qblk_run_state_rolls_back(QblkRunState state);

/** Returns: TRUE if the job has succeeded. */
gboolean qblk_run_state_has_succeeded(QblkRunState state);

/** Their names as in docs/reliability.md. */
const char *qblk_run_state_name(QblkRunState state);
const char *qblk_run_state_event_name(QblkRunEvent event);
const char *qblk_run_state_action_name(QblkRunAction action);
