/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The outcome of a run: the chains afterwards, and the report of them to the user.
 */
#pragma once

#include "blockjob/run-task.h"

/** Fetch the graph, on another connection if that is lost.  Returns: (transfer full): NULL with
 * @error set if it cannot be fetched */
QblkSnapshot *qblk_run_verify_fetch(QblkRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Fetch the graph again, and compare it with what each plan promised, and the headers on disk. */
gboolean qblk_run_verify_check(QblkRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Fetch the graph, and check that the new overlay of each of @tasks still fits to its disk: see
 * verify-overlay.h.
 *
 * Returns: (nullable): a task of which that is not so, or not known, with its error set
 */
QblkRunTask *qblk_run_verify_check_overlays(const GPtrArray *tasks);

/** Returns: TRUE if the plan of @task knows a chain.  That of a job that existed does not, if the
 * chain could not be read. */
gboolean qblk_run_verify_can_compare(const QblkRunTask *task);

/** See which of the two chains that the plan of @task knows is there now.  If it knows none it is
 * an error, QBLK_BLOCKJOB_ERROR_RESULT, unless the job was recorded to have succeeded. */
gboolean qblk_run_verify_compare(const QblkRunTask *task, gboolean *is_before, gboolean *is_after,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Fetch the graph, and see if it has the node of the planned active layer, in the chain or not.
 * Returns: FALSE as well if that cannot be known. */
gboolean qblk_run_verify_has_new_top(const QblkRunTask *task);

/** Fetch the graph, and see if it has the node @name.  Returns: FALSE as well if that cannot be
 * known. */
gboolean qblk_run_verify_has_node(const QblkRunTask *task, const char *name);

/** Fetch the graph, and find a node that a step of @task has opened.  Returns: (transfer none)
 * (nullable): its name; NULL also if the graph cannot be fetched. */
const char *qblk_run_verify_find_open_node(const QblkRunTask *task);

/** Fetch the graph, and see if the bitmaps are there that the plan of @task carries over.  Returns:
 * FALSE as well if that cannot be known, or if the plan adds none, so that nothing shows it. */
gboolean qblk_run_verify_has_bitmaps(const QblkRunTask *task);

/** Fetch the graph again, and check that the chain is as before, if the plan knows that. */
gboolean qblk_run_verify_check_before(const QblkRunTask *task,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Fetch the graph again if the plan of @task replaces or closes a node, and check that no filter
 * or bitmap makes this QEMU crash then; see crash-guard.h. */
gboolean qblk_run_verify_check_crash(const QblkRunTask *task,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check the same before the job of @task is cancelled. */
gboolean qblk_run_verify_check_crash_at_end(const QblkRunTask *task,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): what to add to an error after a rollback: how the chains are, as far
 * as they could be read. */
char *qblk_run_verify_describe_chains(QblkRun *run);

/** Returns: (transfer full): what to add to an error of one of several plans: the files of those
 * that succeeded which were to be deleted, and are not because no journal is left. */
char *qblk_run_verify_describe_undeleted(const QblkRun *run);

/** Returns: (transfer full): what to put before an error after which nothing was rolled back: what
 * is known of the job of @task. */
char *qblk_run_verify_describe_job(const QblkRunTask *task);
