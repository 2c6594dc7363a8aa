/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A plan: everything that will be sent to QEMU to change a chain, as data.
 *
 * A plan is made from a graph snapshot, printed by --dry-run and run by the runner.  The runner
 * knows nothing of commit or copy: only commands, the job states that end them, the commands that
 * roll them back, and the chain that has to be there afterwards.
 */
#pragma once

#include "base/file-identity.h"
#include "chain/chain.h"
#include "graph/snapshot.h"
#include "plan/plan-context.h"
#include "plan/planned-bitmap.h"
#include "plan/planned-mend.h"

#include <qblk/plan.h>

/** One command, what ends it, and what rolls it back.  Texts are owned. */
typedef struct {
    char *purpose;         /* what it does, in the imperative: "start the job" */
    char *command;         /* QMP command; NULL: nothing is sent, the step only waits */
    QblkJson *arguments;   /* owned */
    char *job;             /* id of the job it is for; NULL: for no job */
    char *until;           /* job state that ends the step ("ready"); NULL: the reply ends it */
    gboolean is_start;     /* it starts the job of the plan */
    gboolean is_final;     /* the operation is committed: it cannot be rolled back afterwards */
    gboolean is_joint;     /* a final transaction: it is sent once, with the actions of all plans of
                              the operation that have one, so that all disks change at once */
    gboolean is_silent;    /* QEMU returns an empty string on success, and a message on failure */
    gboolean may_fail;     /* it cleans up, and QEMU may have done so by itself */
    gboolean at_most_once; /* some QEMUs crash if they receive it twice */
    gboolean may_be_done; /* after a crash it may have been done, and is refused then: what the plan
                              expects of its bitmaps shows it */
    GPtrArray *undo;      /* of QblkStep, owned, in order: rolls it back, after later steps */
} QblkStep;

/** A layer as it has to be afterwards.  Texts are owned. */
typedef struct {
    char *node_name; /* NULL: QEMU chooses it */
    char *format;
    char *filename;         /* as QEMU names it */
    gboolean is_other_name; /* QEMU chooses how it names it: @filename is what the user has given */
    char *path; /* leads to the file on this machine; NULL: it has no name here, or none is known */
    char *backing_name;      /* the backing string of its header; NULL: any */
    char *left_backing_name; /* the one that the job leaves there, and a later step replaces */
    gboolean is_reopened; /* QEMU opens it again by its name when the job ends, also if cancelled */
    gboolean names_next;  /* the job writes the header, which has to name the next layer, if any */
    QblkFileIdentity
        file; /* that QEMU has open; zero if it is not known.  Synced before others are deleted */
} QblkExpectation;

/** An image that is no longer in the chain after the job. */
typedef struct {
    char *filename;        /* owned, as QEMU names it */
    char *path;            /* owned, as in QblkExpectation */
    gboolean is_local;     /* an image in a file of its own, which could be deleted */
    char *kept_because;    /* owned: why it cannot be deleted, or NULL */
    gboolean will_delete;  /* the file is deleted after the job */
    QblkFileIdentity file; /* that QEMU has open; zero if it is not known */
} QblkRemovedImage;

/** A file that the steps of the plan create.  Texts are owned. */
typedef struct {
    char *filename;     /* as QEMU names it */
    char *path;         /* leads to it on this machine; NULL: it is on another one */
    char *format;       /* of the image in it */
    char *backing_name; /* the backing string of its header; NULL: none */
    gint64 size;        /* virtual size, in bytes */
} QblkCreatedFile;

/** Outcomes of plans that end a job before it has changed the chain. */
#define QBLK_OUTCOME_CANCELLED "cancelled" /* by the user: what a copy has written is incomplete */
#define QBLK_OUTCOME_FINISHED  "finished"  /* without a pivot: what it has written is complete */
#define QBLK_OUTCOME_DISMISSED "dismissed" /* it had ended before, and how is not known */

/** The space that a job needs for the image that it writes.  Sizes are bytes. */
typedef struct {
    char *path;    /* owned, leads to the image on this machine; NULL: nothing is known */
    gint64 device; /* number of its file system; 0: it is a block device, or nothing is known */
    gint64 least, most;     /* that it needs */
    gint64 free, available; /* of QblkRoom */
} QblkPlanSpace;

/** Texts are owned, unless noted. */
struct QblkPlan {
    gatomicrefcount references;
    char *kind;           /* "commit", "active-commit", "pull", "copy" ... */
    char *target;         /* disk */
    char *qdev, *backend; /* the device of the disk, each may be NULL */
    char *job;            /* id */
    char *fingerprint;    /* of the chain that the plan was made for */
    char *reads, *writes; /* files, for messages; NULL: several or no file */
    GPtrArray *steps;     /* of QblkStep, owned, in order */
    GPtrArray *before;    /* of QblkExpectation, owned: the chain that the plan was made for */
    GPtrArray *after;     /* of QblkExpectation, owned: the chain that has to be there at the end */
    GPtrArray *warnings;  /* of char, owned: for the user, before the plan is run */
    GPtrArray *removed;   /* of QblkRemovedImage, owned: the layers that leave the chain */
    GPtrArray *mends;   /* of QblkPlannedMend, owned: what is wrong, in a plan of the kind "mend" */
    GPtrArray *bitmaps; /* of QblkPlannedBitmap, owned: those of layers that leave or are copied */
    GPtrArray
        *created;      /* of QblkCreatedFile, owned: without data that exist nowhere else, until the
                           chain is changed; a rollback deletes them */
    char *partial;     /* file that is incomplete if the job is rolled back or cancelled */
    char *outcome;     /* of a success, if the job does not do what it is for; NULL: "done" */
    char *merged;      /* image that is stale after the job (merged-mark.h), or NULL */
    char *merged_into; /* the image that has its data then */
    char *merged_path; /* of both, as in QblkExpectation; for a block device as well */
    char *merged_into_path;
    QblkPlanSpace space;    /* not in the JSON */
    char *copy;             /* file of an image that has the data of the disk afterwards, or NULL */
    char *closed_node;      /* of the layers, closed after the job: the first one, or NULL */
    char *replaced_node;    /* which the job replaces, if that could crash QEMU, or NULL */
    char *state_dir;        /* of programs, for marks of merged images, or NULL; not in the JSON */
    gboolean is_shown_only; /* of a dry run or a capture: it cannot be run; not in the JSON */
    gboolean is_local;      /* the files that it names are those of this machine; not in the JSON */
    gboolean is_read;       /* from JSON: it is checked when it is run; not in the JSON */
    gboolean is_forced;     /* of QblkPlanOptions, if it was read; not in the JSON */
    gboolean existing_job;  /* the job existed before the plan: it is detached, not cancelled */
    gboolean stays_ready;   /* the plan ends while the job is ready, and the user ends the job */
    gboolean keeps_writer;  /* of the outcome: QEMU keeps the active image from before open for
                               writing; not in the JSON */
    gboolean keeps_open;    /* a layer that left the chain stays open, as all below; not in JSON */
};

/** Returns: (transfer full): a plan with empty lists and nothing else. */
QblkPlan *qblk_plan_new_empty(void) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a plan without steps for the job @kind on @chain. */
QblkPlan *qblk_plan_new(const char *kind, const QblkPlanContext *context,
                        const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a step with an empty undo list and nothing else. */
QblkStep *qblk_plan_step_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Free @step, which no plan has. */
void qblk_plan_step_free(QblkStep *step);

/** Returns: (transfer full): the expectation of an image; each text may be NULL, and is copied. */
QblkExpectation *qblk_plan_expectation_new(const char *node_name, const char *format,
                                           const char *filename) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none): the name of @image for the user: its path, unless that is valid only
 * while QEMU runs */
const char *qblk_plan_removed_name(const QblkRemovedImage *image);

/** Returns: TRUE if no path leads to the file of @image, which QEMU has open: its former name may
 * be that of another file now. */
gboolean qblk_plan_removed_has_no_name(const QblkRemovedImage *image);

/** Returns: the file of the active image when @plan was made; zero if it is not known */
QblkFileIdentity qblk_plan_get_top_file(const QblkPlan *plan);

/** Returns: (transfer none) (nullable): the path of the image that has the data of the disk
 * afterwards; NULL if there is no such image, or if its name is relative or not complete */
const char *qblk_plan_get_result_path(const QblkPlan *plan);

/** Remember that the steps of @plan create a file; @backing_name (nullable) is that of its header.
 */
void qblk_plan_add_created(QblkPlan *plan, const char *filename, const char *format, gint64 size,
                           const char *backing_name);

/** Set what is known of the file of @expectation from that of @layer. */
void qblk_plan_expectation_set_file(QblkExpectation *expectation, const QblkLayer *layer);

/**
 * Returns: (transfer none) (nullable): a path that leads to the file of @layer on this machine; if
 * it is not known which file QEMU has open, its name
 */
const char *qblk_plan_layer_path(const QblkLayer *layer);

/** Returns: (transfer full): @name with each character replaced that QEMU does not allow in ids and
 * node-names. */
char *qblk_plan_id_part(const char *name) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if one of @expectations (of QblkExpectation) is of the node of @layer. */
gboolean qblk_plan_has_layer(const GPtrArray *expectations, const QblkLayer *layer);

/** Returns: TRUE if the chain is another one after @plan; FALSE also if it is not known. */
gboolean qblk_plan_changes_chain(const QblkPlan *plan);

/** Set what a success of @plan is called, one of the constants above. */
void qblk_plan_set_outcome(QblkPlan *plan, const char *outcome);

/** Returns: TRUE if @plan cancels its job, and leaves an incomplete file if it has one. */
gboolean qblk_plan_is_cancel(const QblkPlan *plan);

/**
 * Delete the images that leave the chain after the job, except files that were deleted before.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if one of them cannot be deleted
 */
gboolean qblk_plan_delete_removed(QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
