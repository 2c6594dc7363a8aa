/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A plan: everything that will be sent to QEMU to change a chain, as data.
 *
 * The plan is made from a graph snapshot, printed by --dry-run and carried out by the runner, which
 * knows nothing of commit or copy: only of commands, of the job states that end them, of what takes
 * them back, and of the chain that has to be there afterwards.
 */
#pragma once

#include "base/file-identity.h"
#include "graph/chain.h"
#include "graph/snapshot.h"

#include <qblk/plan.h>

/** One command, what ends it, and what takes it back. */
typedef struct {
    char *purpose;       /* for people: "start the job" */
    char *command;       /* of QMP; NULL: nothing is sent, only waited */
    QblkJson *arguments; /* owned */
    char *job;           /* id of the job it is for; NULL: for none */
    char *until;         /* state it has to reach ("ready", "pending"), NULL: the reply ends it */
    gboolean is_start;   /* it starts the plan's job */
    gboolean is_final;   /* from here on there is no way back */
    gboolean is_silent;  /* QEMU answers with an empty text, and with another one where it fails */
    gboolean may_fail;   /* cleaning up: QEMU may have done it by itself */
    gboolean at_most_once; /* some QEMUs crash if they receive it twice */
    GPtrArray *undo; /* of QblkStep, owned: takes it back; those of the last step come first */
} QblkStep;

/** A layer as it has to be afterwards. */
typedef struct {
    char *node_name; /* NULL: QEMU will choose it */
    char *format;
    char *filename;
    char *backing_name;    /* what the header has to say; NULL: whatever it says */
    gboolean names_next;   /* the header is written anew and has to name the next layer, or none */
    QblkFileIdentity file; /* to be synced before others are deleted, once it was looked at */
} QblkExpectation;

/** An image that is no longer in the chain after the job. */
typedef struct {
    char *filename;
    gboolean is_local;     /* an image in a file of its own, which could be deleted */
    gboolean will_delete;  /* the file is deleted after the job */
    QblkFileIdentity file; /* that is meant, once it was looked at */
} QblkRemovedImage;

struct QblkPlan {
    char *kind;           /* "commit", "active-commit", "pull", "copy" ... */
    char *target;         /* disk */
    char *qdev, *backend; /* the device of the disk, each may be NULL */
    char *job;            /* id */
    char *fingerprint;    /* of the chain the plan was made for */
    char *reads, *writes; /* files, for messages; NULL: several or none */
    GPtrArray *steps;     /* of QblkStep, owned, in order */
    GPtrArray *before;    /* of QblkExpectation, owned: the chain the plan was made for */
    GPtrArray *after;     /* of QblkExpectation, owned: the chain that has to be there at the end */
    GPtrArray *removed;   /* of QblkRemovedImage, owned: the layers that leave the chain */
    char *partial;        /* file that is not whole where the job is taken back, or NULL */
    char *merged;         /* image that is stale after the job (merged-mark.h); NULL: none */
    char *merged_into;    /* the image that has its data then */
    char *copy;           /* file of an image that holds the data of the disk afterwards, or NULL */
    const char *ends_by;  /* options of `qblk job` that do the rest once the job has started */
    gboolean existing_job; /* the job existed before the plan: it is detached, not cancelled */
    gboolean stays_ready;  /* it ends with the job ready, for the user to finish */
};

/** What a plan is made with, whatever it is for. */
typedef struct {
    const QblkSnapshot *snapshot;
    const char *target;
    const char *job;         /* id to use, NULL: "qblk-KIND-TARGET" */
    gint64 speed;            /* bytes a second, 0: no limit */
    gboolean force_managed;  /* libvirt started the guest and will not hear of the change */
    gboolean masks_protocol; /* this QEMU knows backing-mask-protocol (9.0) */
    gboolean lacks_hmp;      /* it has no human-monitor-command: a storage daemon */
} QblkPlanContext;

/** A plan and a step in which nothing is said yet. */
QblkPlan *qblk_plan_new_empty(void);
QblkStep *qblk_plan_step_new(void);

/** A plan without steps for the job @kind on @chain. */
QblkPlan *qblk_plan_new(const char *kind, const QblkPlanContext *context, const QblkChain *chain);

/** @name with everything replaced that an id or node-name of QEMU must not have. */
char *qblk_plan_id_part(const char *name) G_GNUC_WARN_UNUSED_RESULT;

/** Add a step that QEMU's reply ends; takes @arguments, copies the texts.  Returns it, to set what
 * is special. */
QblkStep *qblk_plan_add(QblkPlan *plan, const char *purpose, const char *command,
                        QblkJson *arguments);

/** Add a step that starts the job @id, which is cancelled and forgotten to take it back. */
QblkStep *qblk_plan_add_job(QblkPlan *plan, const char *purpose, const char *command,
                            QblkJson *arguments, const char *id, const char *until);

/** Have the job of @step forgotten to take it back, and with @cancels cancelled before. */
void qblk_plan_undo_job(QblkStep *step, gboolean cancels);

/** Add a step whose only argument is the id of a job, NULL for the plan's. */
QblkStep *qblk_plan_add_for_job(QblkPlan *plan, const char *purpose, const char *command,
                                const char *id, const char *until);

/** Add a step that opens @node with the options @arguments; closing it takes it back. */
void qblk_plan_add_open(QblkPlan *plan, const char *purpose, const char *node, QblkJson *arguments);

/** Add a step that closes @node, unless QEMU has closed it by itself. */
void qblk_plan_add_close(QblkPlan *plan, const char *node);

/** Add a step that forgets the job, unless somebody else has. */
void qblk_plan_add_dismiss(QblkPlan *plan);

/**
 * Add a step that has what was written to @node on disk before the chain relies on it.
 *
 * QEMU does not flush what a commit inside a chain or a pull has written: a QEMU that was killed
 * right after the job had lost it, with the layers gone from the chain that had it before (of a
 * commit seen on 5.2, 7.2, 10.0 and 11.1, of a pull on 5.2 and 7.2).  No command of QMP flushes a
 * node; qemu-io of the human monitor does.  It says where there is no such node, and nothing of a
 * flush that fails.
 */
void qblk_plan_add_flush(QblkPlan *plan, const QblkPlanContext *context, const char *node);

/** Add the end of a job that is `pending`: it changes the chain, and is forgotten. */
void qblk_plan_add_finalize(QblkPlan *plan);

/** Add the end of a job that is `ready`: it changes the chain, and is forgotten. */
QblkStep *qblk_plan_add_complete(QblkPlan *plan, const char *purpose);

/**
 * Add the other end of a job that is `ready`: it leaves the chain as it is and what it has written
 * a whole copy, and is forgotten.  That is a cancel without force; job-cancel always forces, which
 * would not wait for the copy to be in step.
 */
void qblk_plan_add_leave(QblkPlan *plan, const char *purpose);

/**
 * Add steps that close the nodes of @layer, which has left the chain, and note that its file is not
 * used any more.  Does neither where another disk uses it.
 */
void qblk_plan_add_close_layer(QblkPlan *plan, const QblkPlanContext *context,
                               const QblkLayer *layer);

/**
 * Arguments that every job has; a new reference.
 *
 * The result of a job stays until it was read: no auto-dismiss.  A job that never is ready waits
 * for us at `pending` before it changes anything: no auto-finalize.  One that gets ready waits
 * there, and must not wait again at `pending`: it holds the disk drained there, so that the guest's
 * requests stand still, and would for good if nobody were left to finalize it (measured on 7.2;
 * mirror_run).
 */
QblkJson *qblk_plan_job_arguments(const QblkPlan *plan, const QblkPlanContext *context,
                                  gboolean gets_ready);

/** Expect an image to be next in the chain afterwards; @node_name of NULL: as any node. */
QblkExpectation *qblk_plan_expect_image(QblkPlan *plan, const char *node_name, const char *format,
                                        const char *filename);

/** Expect @layer to be next in the chain afterwards.  Returns it, to set what is special. */
QblkExpectation *qblk_plan_expect(QblkPlan *plan, const QblkLayer *layer);

/** Likewise, with a header that the job writes: @backing_name, or where NULL what QEMU chooses. */
void qblk_plan_expect_header(QblkPlan *plan, const QblkLayer *layer, const char *backing_name);

/** Whether one of @expectations (of QblkExpectation) is of the node of @layer. */
gboolean qblk_plan_has_layer(const GPtrArray *expectations, const QblkLayer *layer);

/** Whether the guest has another active image once all is done. */
gboolean qblk_plan_moves_top(const QblkPlan *plan);

/** @layer, whose data went into @base, is old once the chain was changed. */
void qblk_plan_set_merged(QblkPlan *plan, const QblkLayer *layer, const QblkLayer *base);

/** Have the files deleted that are not used any more and are local. */
void qblk_plan_delete_removed(QblkPlan *plan);
