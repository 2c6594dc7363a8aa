/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * An operation: the runner, or recovery, as a coroutine that yields to the program while it waits.
 */
#pragma once

#include "base/coroutine.h"
#include "blockjob/run.h"
#include "operation/operation-notice.h"
#include "operation/operation-options.h"

/** What the operation waits for while the program runs. */
typedef struct {
    struct pollfd item;
    gint64 deadline; /* microseconds of the monotonic clock; -1: none */
    guint64 arrived; /* at the client when the wait began */
    gboolean is_woken;
    int result; /* of the wait: see qblk_waiter_poll() */
} QblkOperationWait;

struct QblkOperation {
    gatomicrefcount references;
    QblkClient *client; /* owned; NULL: all VMs are recovered */
    QblkPlans *plans;   /* owned; NULL: a recovery */
    QblkPlans *outcome; /* owned: the plans, with what was seen at the end: what remains of what was
                           to be removed, or who still writes; NULL: as planned */
    QblkOperationOptions *options;       /* owned */
    QblkRecoverOptions *recover_options; /* owned, or NULL */
    QblkOperationFunctions functions;

    QblkCoroutine *coroutine; /* owned; NULL at the end */
    gboolean has_begun;
    gboolean is_processing;
    QblkWaiter waiter;
    QblkOperationWait wait;
    QblkRunControl control;
    GQueue notices;     /* of QblkOperationNotice, owned */
    GHashTable *states; /* plan (borrowed) -> the QblkPlanState that was reported last */

    gboolean has_succeeded;
    GError *error; /* owned: of the operation, at its end */
    QblkRunRefusal refusal;
    gboolean has_journal;   /* at its end one is left */
    QblkRecovery *recovery; /* owned: of a recovery, at its end */
};
