/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The preconditions of all kinds of jobs, checked before anything is sent.
 *
 * Each check returns TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED and a message that names what
 * prevents the job.
 */
#pragma once

#include "plan/plan.h"

/** Set QBLK_BLOCKJOB_ERROR_REFUSED with a message as of printf().  Returns: FALSE. */
#define qblk_plan_refuse(error, ...)                                                               \
    (g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, __VA_ARGS__), FALSE)

/** Check that the disk has a medium that can be written and no job, that its images belong to this
 * QEMU, that the guest has no manager, and that the formats of its images are known for certain. */
gboolean qblk_plan_check_disk(const QblkPlanContext *context, const QblkChain *chain,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same, without the formats: a mend puts them right. */
gboolean qblk_plan_check_device(const QblkPlanContext *context, const QblkChain *chain,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that no other disk uses one of the layers from @first to @last, which will change. */
gboolean qblk_plan_check_users(const QblkPlanContext *context, const QblkChain *chain,
                               const QblkLayer *first, const QblkLayer *last,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that @upper is above @lower in the chain.  @upper_name and @lower_name are the names that
 * the user has given. */
gboolean qblk_plan_check_order(const QblkChain *chain, const QblkLayer *upper,
                               const char *upper_name, const QblkLayer *lower,
                               const char *lower_name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that no job has an id that @plan uses.  A concluded job keeps its id until a client
 * dismisses it. */
gboolean qblk_plan_check_id(const QblkPlanContext *context, const QblkPlan *plan,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
