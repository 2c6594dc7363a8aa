/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How plans are run: time limits, interrupts, progress, journals.
 */
#pragma once

#include "blockjob/journal.h"
#include "blockjob/monitor.h"
#include "blockjob/run-state.h"

/** The progress of a job, for the user. */
typedef struct {
    const char *state;  /* of the job; NULL before it has started */
    gint64 done, total; /* in the job's units, bytes; -1: not known */
} QblkRunProgress;

/** Called when a plan goes to another state. */
typedef void (*QblkRunStateChanged)(const QblkPlan *plan, QblkRunState state, gpointer user_data);

typedef void (*QblkRunReport)(const QblkPlan *plan, const QblkRunProgress *progress,
                              gpointer user_data);

/** Called for the node or job @name, which a step was to remove, and which remains. */
typedef void (*QblkRunRemains)(const QblkPlan *plan, const char *name, const char *reason,
                               gpointer user_data);

/** What the user should know of, although the run continues. */
typedef enum {
    QBLK_RUN_WARNS_OF_SERVER, /* QEMU waits for a server, and does not respond until that does */
    QBLK_RUN_WARNS_OF_WRITER, /* QEMU keeps the image below a new overlay open for writing */
} QblkRunWarning;

/** Called with @message, a sentence for people, as soon as it is known. */
typedef void (*QblkRunWarn)(const QblkPlan *plan, QblkRunWarning warning, const char *message,
                            gpointer user_data);

/** A step that QEMU has refused.  Texts are owned. */
typedef struct {
    char *error_class; /* NULL: no step was refused */
    char *description;
} QblkRunRefusal;

void qblk_run_refusal_clear(QblkRunRefusal *refusal);

typedef struct {
    const QblkSnapshotOptions *snapshot; /* those that the plans' snapshot was made with */
    const char *address;   /* to connect to again if the connection is lost; NULL: do not */
    int timeout_ms;        /* for connecting and for each answer; 0: the default */
    int heartbeat_ms;      /* query the jobs if nothing was sent for so long; 0: timeout_ms */
    gint64 time_limit_ms;  /* for the whole run; then the jobs are cancelled; 0: none */
    gint64 (*clock)(void); /* of the time limit and reports, in microseconds; NULL: monotonic */
    int report_ms;         /* how often to report the progress; 0: never */
    const QblkRunControl *control; /* what the caller wants, which may change; NULL: nothing */
    QblkRunReport report;
    QblkRunStateChanged state_changed; /* NULL: not reported */
    QblkRunRemains remains;            /* NULL: not reported */
    QblkRunWarn warn;                  /* NULL: not reported */
    QblkRunRefusal *refusal;           /* receives the first command that was refused (nullable) */
    gpointer user_data;
    gboolean is_local;      /* the files that QEMU names are those of this machine */
    const char *state_dir;  /* for marks that are not beside their images; NULL: no such marks */
    gboolean is_detached;   /* return once the jobs have started */
    gboolean keeps_events;  /* the caller takes the client's events; else they are dropped */
    QblkJournal **journals; /* one for each plan (nullable); those that end become NULL */
} QblkRunOptions;
