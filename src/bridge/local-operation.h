/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The operations of a bridge: those that run, and the last ones that have ended.
 */
#pragma once

#include "bridge/local-call.h"

#include <qblk/operation.h>

typedef struct {
    char *operation;
} QblkLocalCancel;

extern const QblkLocalMember *const qblk_local_members_cancel[];

QblkJson *qblk_local_query_operations(QblkLocalCall *call,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_local_cancel(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct QblkLocalOperation QblkLocalOperation;

/** One operation.  It belongs to the bridge, and is kept for a while after its end. */
struct QblkLocalOperation {
    QblkLocal *local;         /* borrowed */
    char *id;                 /* owned: "op-1" */
    const char *command;      /* borrowed: "qblk-commit" */
    GPtrArray *disks;         /* of Disk, owned */
    GPtrArray *warnings;      /* of char, owned */
    gboolean is_detached;     /* its jobs are left alone once they have started */
    const char *state;        /* borrowed: "running", "cancelling", "completed", ... */
    QblkOperation *operation; /* owned; NULL after the end */
    QblkWorker *worker;       /* borrowed; NULL after the end */
    QblkJson *result;         /* owned; NULL before the end */
    char *left;               /* owned (nullable): how to recover it, as QEMU or the bridge ends */
};

/** Returns: the number of those that have not ended */
guint qblk_local_operation_count(const QblkLocal *local);

/**
 * Check that another operation can be begun.
 *
 * @plans: (nullable): its plans: no other operation works on their disks
 *
 * Returns: FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_local_operation_check(const QblkLocal *local, const QblkPlans *plans,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Note that @operation is about to run, and send events on it from now on.
 *
 * @plans: (nullable): its plans; NULL: a recovery
 * @operation: (transfer full): not yet processed
 *
 * Returns: (transfer none): valid until its end, at least
 */
QblkLocalOperation *qblk_local_operation_add(const QblkLocalCall *call, const QblkPlans *plans,
                                             QblkOperation *operation);

/** Add a warning to the result of @entry. */
void qblk_local_operation_warn(QblkLocalOperation *entry, const char *message);

/** Run the operation of @entry until its end, and send the last event. */
void qblk_local_operation_run(QblkLocalOperation *entry);

void qblk_local_operation_free(gpointer operation);
