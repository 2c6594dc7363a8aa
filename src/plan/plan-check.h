/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What has to be true before anything is sent, whatever the job.
 *
 * Each check fails with QBLK_BLOCKJOB_ERROR_REFUSED and says what is in the way.
 */
#pragma once

#include "plan/plan.h"
#include "qmp/schema.h"

/** FALSE, with QBLK_BLOCKJOB_ERROR_REFUSED and a message as of printf(). */
#define qblk_plan_check_refuse(error, ...)                                                         \
    (g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, __VA_ARGS__), FALSE)

/** Nobody else has to know of a change, or the user has said that they need not. */
gboolean qblk_plan_check_managed(const QblkPlanContext *context, const QblkChain *chain,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same for @job where the chain it works on is not known: the names of nodes and the id of the
 * job tell whose guest it is, and where there are no names it may be libvirt's. */
gboolean qblk_plan_check_managed_job(const QblkPlanContext *context, const QblkJob *job,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The disk has a medium that can be written, no job on it, and nobody else to tell. */
gboolean qblk_plan_check_disk(const QblkPlanContext *context, const QblkChain *chain,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** No other disk uses one of the layers from @first to @last, which are to change. */
gboolean qblk_plan_check_users(const QblkPlanContext *context, const QblkChain *chain,
                               const QblkLayer *first, const QblkLayer *last,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** @upper is above @lower in the chain; @upper_name and @lower_name are what the user calls
 * them. */
gboolean qblk_plan_check_order(const QblkChain *chain, const QblkLayer *upper,
                               const char *upper_name, const QblkLayer *lower,
                               const char *lower_name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The ids of @plan's jobs are free: a job that is over keeps its until somebody dismisses it. */
gboolean qblk_plan_check_id(const QblkPlanContext *context, const QblkPlan *plan,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Note in @context what plans can make use of on this QEMU. */
void qblk_plan_check_features(QblkPlanContext *context, const QblkSchema *schema);

/** This QEMU knows all commands of @plan, and all their arguments. */
gboolean qblk_plan_check_schema(const QblkPlan *plan, const QblkSchema *schema,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
