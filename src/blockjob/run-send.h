/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One command to QEMU, heard once for certain: what becomes of it where the answer does not come.
 */
#pragma once

#include "blockjob/run-task.h"

/** Send the command of @step, if it has one, and once more where it is not known whether QEMU has
 * heard it.  A second one that is no job's may be refused because the first one was heard. */
gboolean qblk_run_send(QblkRunTask *task, const QblkStep *step,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Of a step that QEMU must not hear twice, and may have heard when its job was in the state
 * @before: wait a while whether it was. */
gboolean qblk_run_send_await(QblkRunTask *task, const QblkStep *step, const char *before,
                             gboolean *was_heard, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** QEMU has said no, and so nothing was changed. */
gboolean qblk_run_send_is_refusal(const GError *error);

/** What QEMU interrupts for nobody: the user has to be told how a final step went, and a flush
 * takes as long as it takes. */
gboolean qblk_run_send_keeps_busy(const QblkRunTask *task, const QblkStep *step);
