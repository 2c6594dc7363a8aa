/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/operation-notice.h"

typedef enum { PROGRESS, STATE, WARNING } Kind;

struct QblkOperationNotice {
    Kind kind;
    char *text;      /* owned: the disk, or the message of a warning */
    char *job_state; /* owned, or NULL */
    gint64 done, total;
    QblkPlanState state;
};

static void
call_destroy(GDestroyNotify destroy, gpointer user_data)
{
    if (destroy != NULL) {
        destroy(user_data);
    }
}

void
qblk_operation_functions_clear(QblkOperationFunctions *functions)
{
    const QblkOperationFunctions old = *functions;
    *functions = (QblkOperationFunctions){0};
    call_destroy(old.progress_destroy, old.progress_data);
    call_destroy(old.state_destroy, old.state_data);
    call_destroy(old.warning_destroy, old.warning_data);
}

static void
add(GQueue *notices, const QblkOperationNotice *values)
{
    QblkOperationNotice *notice = g_new(QblkOperationNotice, 1);
    *notice = *values;
    g_queue_push_tail(notices, notice);
}

void
qblk_operation_notice_add_progress(GQueue *notices, const char *target, const char *job_state,
                                   gint64 done, gint64 total)
{
    const QblkOperationNotice values = {
        .kind = PROGRESS,
        .text = g_strdup(target),
        .job_state = g_strdup(job_state),
        .done = done,
        .total = total,
    };
    add(notices, &values);
}

void
qblk_operation_notice_add_state(GQueue *notices, const char *target, QblkPlanState state)
{
    const QblkOperationNotice values = {.kind = STATE, .text = g_strdup(target), .state = state};
    add(notices, &values);
}

void
qblk_operation_notice_add_warning(GQueue *notices, const char *message)
{
    const QblkOperationNotice values = {.kind = WARNING, .text = g_strdup(message)};
    add(notices, &values);
}

void
qblk_operation_notice_deliver(const QblkOperationNotice *notice, QblkOperation *operation,
                              const QblkOperationFunctions *functions)
{
    switch (notice->kind) {
    case PROGRESS:
        if (functions->progress != NULL) {
            functions->progress(operation, notice->text, notice->job_state, notice->done,
                                notice->total, functions->progress_data);
        }
        break;
    case STATE:
        if (functions->state_changed != NULL) {
            functions->state_changed(operation, notice->text, notice->state, functions->state_data);
        }
        break;
    case WARNING:
        if (functions->warning != NULL) {
            functions->warning(operation, notice->text, functions->warning_data);
        }
        break;
    }
}

void
qblk_operation_notice_free(QblkOperationNotice *notice)
{
    g_free(notice->text);
    g_free(notice->job_state);
    g_free(notice);
}
