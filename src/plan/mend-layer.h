/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Mending one layer: its header and its bitmaps.
 */
#pragma once

#include "plan/mend-findings.h"
#include "plan/mend-options.h"
#include "plan/plan.h"

/** A plan that is being made.  Everything is borrowed, unless noted. */
typedef struct {
    const QblkPlanContext *context;
    const QblkMendOptions *options;
    const QblkChain *chain;
    GPtrArray *differences;    /* of QblkDifference, owned */
    QblkMendFindings findings; /* with these differences */
    QblkPlan *plan;            /* owned */
    GPtrArray *strings;        /* of char, owned: the new backing string of each layer, or NULL */
    char *job;                 /* owned: id of the job that writes a header */
} QblkMend;

/**
 * Add the steps that mend @layer to the plan, and what becomes of all that was found of it.
 *
 * @given: (nullable): an absolute path of the image below, which the user knows
 * @string: (out) (transfer full) (nullable): its new backing string; NULL: the header stays
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if @given is another file
 */
gboolean qblk_mend_layer(const QblkMend *mend, const QblkLayer *layer, const char *given,
                         char **string, GError **error) G_GNUC_WARN_UNUSED_RESULT;
