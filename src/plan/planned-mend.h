/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is wrong with a disk, and what a plan does about it.
 */
#pragma once

#include "chain/difference.h"

/** The kind of plans that mend. */
#define QBLK_PLAN_MEND "mend"

/** Texts are owned. */
typedef struct {
    char *kind;            /* of QblkDifference */
    char *layer;           /* as in "vda[2]"; NULL if it concerns the disk */
    char *text;            /* what is wrong: a sentence */
    char *image;           /* whose mark is obsolete, and is removed; NULL: it is no mark */
    char *removes;         /* the node or job that a step removes, or NULL */
    char *result;          /* what is there after the plan; NULL: the plan does not mend it */
    char *remains_because; /* why it is not mended; NULL: it is */
} QblkPlannedMend;

/** Returns: (transfer full): one without texts */
QblkPlannedMend *qblk_planned_mend_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a list that owns its QblkPlannedMend */
GPtrArray *qblk_planned_mends_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Add what becomes of @difference to @mends.
 *
 * @result: (nullable): what is there afterwards; NULL: it is not mended
 * @remains_because: (nullable): why it is not mended
 */
void qblk_planned_mends_add(GPtrArray *mends, const QblkDifference *difference, const char *result,
                            const char *remains_because);

/** Returns: TRUE if one of @mends (of QblkPlannedMend) is mended. */
gboolean qblk_planned_mends_any(const GPtrArray *mends);

/** Returns: TRUE if one of @mends is not mended. */
gboolean qblk_planned_mends_remain(const GPtrArray *mends);
