/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A plan: everything that will be sent to QEMU to change a chain, as data.
 *
 * The plan is made from a graph snapshot, printed by --dry-run and carried out by the runner, which
 * knows nothing of commit or copy: only of commands, of the job states that end them, and of the
 * chain that has to be there afterwards.
 */
#pragma once

#include "graph/chain.h"
#include "graph/snapshot.h"

/** One command and what ends it. */
typedef struct {
    char *purpose;       /* for people: "start the job" */
    char *command;       /* of QMP */
    QblkJson *arguments; /* owned */
    char *until; /* state the job has to reach ("ready", "pending"), NULL: the reply ends it */
    gboolean is_final; /* from here on there is no way back */
    gboolean may_fail; /* cleaning up: QEMU may have done it by itself */
} QblkStep;

/** A layer as it has to be afterwards. */
typedef struct {
    char *node_name;
    char *format;
    char *filename;
    char *backing_name;  /* what the header has to say; NULL: whatever it says */
    gboolean names_next; /* the header is written anew and has to name the next layer, or none */
} QblkExpectation;

typedef struct {
    char *kind;           /* "commit", "active-commit", "pull" ... */
    char *target;         /* disk */
    char *qdev, *backend; /* the device of the disk, each may be NULL */
    char *job;            /* id */
    char *fingerprint;    /* of the chain the plan was made for */
    GPtrArray *steps;     /* of QblkStep, owned, in order */
    GPtrArray *undo;      /* of QblkStep, owned: takes back all before the first final step */
    GPtrArray *before;    /* of QblkExpectation, owned: the chain the plan was made for */
    GPtrArray *after;     /* of QblkExpectation, owned: the chain that has to be there at the end */
    GPtrArray *removed;   /* of char, owned: files of the layers that leave the chain */
    gboolean stays_ready; /* it ends with the job ready, for the user to finish */
} QblkPlan;

/** What a plan is made with, whatever it is for. */
typedef struct {
    const QblkSnapshot *snapshot;
    const char *target;
    const char *job;         /* id to use, NULL: "qblk-KIND-TARGET" */
    gint64 speed;            /* bytes a second, 0: no limit */
    gboolean force_managed;  /* libvirt started the guest and will not hear of the change */
    gboolean masks_protocol; /* this QEMU knows backing-mask-protocol (9.0) */
} QblkPlanContext;

/** A plan without steps for the job @kind on @chain. */
QblkPlan *qblk_plan_new(const char *kind, const QblkPlanContext *context, const QblkChain *chain);
void qblk_plan_free(QblkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlan, qblk_plan_free)

/** Add a step; takes @arguments, copies the texts.  Returns it, to set what is special. */
QblkStep *qblk_plan_add(QblkPlan *plan, const char *purpose, const char *command,
                        QblkJson *arguments, const char *until);

/** Add a step whose only argument is the id of the plan's job. */
QblkStep *qblk_plan_add_for_job(QblkPlan *plan, const char *purpose, const char *command,
                                const char *until);

/** Add the end that all jobs have from `pending` on: finalize and dismiss. */
void qblk_plan_add_end(QblkPlan *plan);

/**
 * Add steps that close the nodes of @layer, which has left the chain, and note that its file is not
 * used any more.  Does neither where another disk uses it.
 */
void qblk_plan_add_close(QblkPlan *plan, const QblkPlanContext *context, const QblkLayer *layer);

/** Arguments that every job has; a new reference. */
QblkJson *qblk_plan_job_arguments(const QblkPlan *plan, const QblkPlanContext *context);

/** Expect @layer to be next in the chain afterwards.  Returns it, to set what is special. */
QblkExpectation *qblk_plan_expect(QblkPlan *plan, const QblkLayer *layer);

/** Likewise, with a header that the job writes: @backing_name, or where NULL what QEMU chooses. */
void qblk_plan_expect_header(QblkPlan *plan, const QblkLayer *layer, const char *backing_name);

/** The plan as JSON; a new reference. */
QblkJson *qblk_plan_to_json(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;
