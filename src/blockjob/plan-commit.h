/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plan a commit: the data of some layers go down into one below, and the layers leave the chain.
 */
#pragma once

#include "blockjob/plan.h"

typedef enum {
    QBLK_COMMIT_INNER,        /* the active layer is not among them */
    QBLK_COMMIT_ACTIVE,       /* stop where the base is in step with the guest */
    QBLK_COMMIT_PIVOT,        /* then go on with the base */
    QBLK_COMMIT_KEEP_OVERLAY, /* then go on with the overlay; the base stays a copy */
} QblkCommitEnd;

typedef struct {
    const char *top;  /* a layer as the user names it; NULL: the active one */
    const char *base; /* likewise; NULL: the bottom, or with shallow the one below top */
    gboolean shallow;
    QblkCommitEnd end;
    gboolean keep_relative;
    gboolean delete_removed; /* files that are not used any more are deleted at the end */
} QblkCommitOptions;

/**
 * The plan for the commit.  Errors: QBLK_GRAPH_ERROR for names, QBLK_BLOCKJOB_ERROR_REFUSED where
 * the request makes no sense on this chain or would harm.
 */
QblkPlan *qblk_plan_commit(const QblkPlanContext *context, const QblkCommitOptions *options,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
