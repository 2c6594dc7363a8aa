/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The space that a job needs for the image that it writes.
 *
 * QEMU does not report what a job will write.  At most it is what the layers have allocated whose
 * data are moved.  At least it is the data in these layers that no layer above hides, without what
 * the image has allocated already, because the data may be there.
 */
#pragma once

#include "plan/plan.h"

/** What is written, and where.  Everything is borrowed. */
typedef struct {
    const QblkChain *chain;
    guint first, end; /* the layers whose data are moved: from @first up to, not including, @end */
    const QblkLayer *into; /* the layer that is written; NULL: a copy */
    const char *path;      /* of the copy */
    const char *format;    /* of the copy */
    gboolean is_new;       /* the copy is created */
    gboolean skips_zeros;  /* zeros are not written as data */
} QblkSpaceRequest;

/** The source for plans for a QEMU on this machine. */
const QblkSpaceSource *qblk_plan_space_of_machine(void);

/**
 * Check that there is room for what the job writes, and add a warning to @plan if there may be too
 * little.  Nothing is checked if the image is not known to be on this machine.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if it certainly does not fit
 */
gboolean qblk_plan_check_space(const QblkPlanContext *context, const QblkSpaceRequest *request,
                               QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Remember that @plan writes to @layer (nullable), to describe its room if the job fails. */
void qblk_plan_space_set_written(QblkPlan *plan, const QblkLayer *layer);

/**
 * Check the same for several plans, which may write to one file system.
 *
 * @plans: of QblkPlan
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_check_space_of_all(const GPtrArray *plans,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
