/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What has happened in an operation, until its program is informed.
 *
 * The functions of the program are not called by the runner, whose stack is not that of the
 * program, and which could not be released there.
 */
#pragma once

#include <qblk/operation.h>

/** The functions of the program, each with its data; all may be NULL. */
typedef struct {
    QblkOperationProgress progress;
    QblkOperationStateChanged state_changed;
    QblkOperationWarning warning;
    gpointer progress_data, state_data, warning_data;
    GDestroyNotify progress_destroy, state_destroy, warning_destroy;
} QblkOperationFunctions;

/** Call the functions that destroy data. */
void qblk_operation_functions_clear(QblkOperationFunctions *functions);

typedef struct QblkOperationNotice QblkOperationNotice;

/** Add a notice to @notices.  Texts are copied; @job_state may be NULL. */
void qblk_operation_notice_add_progress(GQueue *notices, const char *target, const char *job_state,
                                        gint64 done, gint64 total);
void qblk_operation_notice_add_state(GQueue *notices, const char *target, QblkPlanState state);
void qblk_operation_notice_add_warning(GQueue *notices, const char *message);

/** Inform the program of @notice.  @functions may change in the call. */
void qblk_operation_notice_deliver(const QblkOperationNotice *notice, QblkOperation *operation,
                                   const QblkOperationFunctions *functions);

void qblk_operation_notice_free(QblkOperationNotice *notice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkOperationNotice, qblk_operation_notice_free)
