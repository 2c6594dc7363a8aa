/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is written down of a plan under way: the stage in its journal, and the mark of an overlay
 * that is merged.
 */
#pragma once

#include "blockjob/run-task.h"

/** Before @step is sent. */
gboolean qblk_run_journal_step(QblkRunTask *task, const QblkStep *step,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** QEMU has said that the chain was not changed.  Once the job is forgotten nothing else says so.
 */
void qblk_run_journal_not_changed(QblkRunTask *task);

/** All was taken back.  The mark goes where the chain is the one from before: another client may
 * have ended the job. */
gboolean qblk_run_journal_undone(QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After all jobs, the last chance to make the mark final, unless its image was deleted.  Where the
 * mark cannot be written anew the one that is there keeps the overlay from being merged again, but
 * does not tell what to boot from. */
gboolean qblk_run_journal_settle(const QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Nothing is left to take up: the journals of all plans. */
void qblk_run_journal_end(const QblkRun *run);
