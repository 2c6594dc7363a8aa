/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is recorded of a plan under way: the stage in its journal, and the mark of an image that is
 * merged or incomplete.
 */
#pragma once

#include "blockjob/run-task.h"

/** Record the stage of the task's state, and the mark that goes with it, unless it is there. */
gboolean qblk_run_journal_record(QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The operation is resumed: find out if QEMU still has the old active image open.  If not, a guest
 * may have been started from it, and its state is not the one in which its guest had left it. */
void qblk_run_journal_resume(QblkRunTask *task);

/** All steps were taken: record the old active image once more if QEMU has closed it since. */
void qblk_run_journal_closed(QblkRunTask *task);

/** QEMU has reported that the chain was not changed.  Once the job is dismissed nothing else shows
 * that. */
void qblk_run_journal_not_changed(QblkRunTask *task);

/** All steps were undone.  The mark is removed if the chain is the one from before: another client
 * may have completed the job. */
gboolean qblk_run_journal_undone(const QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * After all jobs, the last chance to make the mark final, unless its image was deleted.  A mark
 * that cannot be written again still keeps the overlay from being merged a second time, but does
 * not tell which image to boot from: QBLK_BLOCKJOB_ERROR_RESULT.
 */
gboolean qblk_run_journal_settle(const QblkRunTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After a rollback: mark each file that is incomplete, because its job has begun to write to it.
 * A file that cannot be marked is still reported. */
void qblk_run_journal_mark_partial(const QblkRun *run);

/** End the journals of all plans: nothing is left to resume.  That of a plan without a job stays if
 * the user has left it: nothing else would roll it back. */
void qblk_run_journal_end(const QblkRun *run);
