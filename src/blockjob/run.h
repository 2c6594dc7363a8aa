/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The runner: runs any plan on a live QEMU and verifies the outcome.
 */
#pragma once

#include "blockjob/run-options.h"
#include "blockjob/run-state.h"
#include "qmp/client.h"

/**
 * Carry out @plans (of QblkPlan), for one disk each.  @client is connected again once, if its
 * connection is lost and the options have its address.
 *
 * Several jobs wait for each other: all are ready, or pending, before the first one changes its
 * chain.  If one fails before that, all are rolled back.
 *
 * Returns: TRUE if each job has ended without an error and was dismissed, and the chain that was
 * fetched again, and the headers on disk, are as planned; or, for a plan that stays ready, if the
 * job is ready.
 *
 * Errors: QBLK_BLOCKJOB_ERROR_FAILED with QEMU's reason, _CANCELLED, _DETACHED if a job was left,
 * _RESULT if the chain is not as planned; QBLK_QMP_ERROR if the connection is lost, or QEMU does
 * not respond.  Before an error is returned everything is rolled back, or the message names what is
 * left.
 */
gboolean qblk_run_plans(QblkClient *client, const GPtrArray *plans, const QblkRunOptions *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_run_plans() for one plan. */
gboolean qblk_run_one(QblkClient *client, const QblkPlan *plan, const QblkRunOptions *options,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What qblk_run_resume() would do, and what shows that. */
typedef struct {
    QblkRunState end;   /* QBLK_RUN_COMPLETED or QBLK_RUN_ROLLED_BACK */
    QblkRunEvent event; /* that was found */
    char *job_state;    /* owned: of the job; NULL: it does not exist */
} QblkRunPreview;

void qblk_run_preview_clear(QblkRunPreview *preview);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkRunPreview, qblk_run_preview_clear)

/**
 * Find out what qblk_run_resume() would do with the same arguments, by queries only.
 *
 * Returns: TRUE with @preview set; FALSE with the error of qblk_run_resume() if it could do nothing
 */
gboolean qblk_run_resume_preview(QblkClient *client, const QblkPlan *plan, QblkStage stage,
                                 const QblkRunOptions *options, QblkRunPreview *preview,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Resume @plan, which was interrupted at @stage: complete it if its job exists or has succeeded,
 * and roll it back otherwise.  @end becomes QBLK_RUN_COMPLETED or QBLK_RUN_ROLLED_BACK.
 *
 * Errors as for qblk_run_plans(); QBLK_BLOCKJOB_ERROR_RESULT if the job is gone and the chain is
 * neither the one before nor the one after, or was not known when the plan was made.
 */
gboolean qblk_run_resume(QblkClient *client, const QblkPlan *plan, QblkStage stage,
                         const QblkRunOptions *options, QblkRunState *end,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
