/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Flushing what a job has written, before the chain relies on it.
 *
 * QEMU does not flush what a commit inside a chain or a pull has written.  A QEMU that was killed
 * right after the job had lost those data, and the layers that had them before were no longer in
 * the chain (a commit on 5.2, 7.2, 10.0 and 11.1, a pull on 5.2 and 7.2).  QMP has no command that
 * flushes a node.  The human monitor has qemu-io, which reports a node that does not exist, and
 * does not report a flush that fails.  A storage daemon has no human monitor: there the node is
 * reopened with the options that it has, which flushes it before (QEMU 6.1).
 */
#pragma once

#include "chain/chain.h"
#include "plan/plan-context.h"
#include "plan/plan.h"

/**
 * Check that what a job writes to @layer can be flushed.
 *
 * Returns: FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_flush_check(const QblkPlanContext *context, const QblkLayer *layer,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add a step that flushes @node.  Not added if this QEMU cannot flush it. */
void qblk_plan_add_flush(QblkPlan *plan, const QblkPlanContext *context, const char *node);

/** Returns: TRUE if @arguments of blockdev-reopen open no file, and refer to nodes only. */
gboolean qblk_plan_flush_is_reopen(const QblkJson *arguments);

/**
 * Check that each step of @plan that reopens a node, which was read, changes no option of it.
 *
 * Returns: FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_flush_check_read(const QblkPlanContext *context, const QblkPlan *plan,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
