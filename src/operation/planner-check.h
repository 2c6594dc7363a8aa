/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is checked of a plan once it is made: this QEMU, the files of this machine, their marks.
 */
#pragma once

#include "plan/plan-options.h"
#include "plan/plan.h"
#include "qmp/client.h"

/**
 * Check @plan, and add to it whether its files are those of this machine, and the identities of
 * images that are deleted or synced.  Nothing else is changed or written.
 *
 * @client: (nullable): of the QEMU that the plan is for; NULL: it is only shown
 * @snapshot: (nullable): of that QEMU; NULL: its version is not known
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if the plan cannot or must not be run, or
 * with QBLK_QMP_ERROR
 */
gboolean qblk_planner_check(QblkClient *client, const QblkSnapshot *snapshot, QblkPlan *plan,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
