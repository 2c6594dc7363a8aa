/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What uses a node directly: devices, exports, jobs, and the nodes above it.
 */
#pragma once

#include "graph/device.h"
#include "graph/export.h"
#include "graph/job.h"
#include "graph/node.h"

#include <qblk/graph-kinds.h>

/** Texts are owned. */
typedef struct {
    QblkUserKind kind;
    char *name; /* target or qdev of a device, id of an export or job, node-name */
    char *type; /* "disk", "nbd", "backup"; driver of a filter or node */
    char *edge; /* "backing", "file", "target", "main node"; NULL: export or device */
    /* borrowed from the snapshot; NULL for users of other kinds: */
    const QblkNode *node; /* a filter or node */
    const QblkExport *export;
    const QblkJob *job;
} QblkNodeUser;

void qblk_node_user_free(QblkNodeUser *user);

/** The users that are no nodes, by the node that they use.  It borrows what it was made from. */
typedef struct QblkNodeUserIndex QblkNodeUserIndex;

/** @devices: of QblkDevice; @exports: of QblkExport; @jobs: of QblkJob, with their nodes */
QblkNodeUserIndex *qblk_node_user_index_new(const GPtrArray *devices, const GPtrArray *exports,
                                            const GPtrArray *jobs) G_GNUC_WARN_UNUSED_RESULT;
void qblk_node_user_index_free(QblkNodeUserIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkNodeUserIndex, qblk_node_user_index_free)

/**
 * List the users of @node in this order: exports, nodes, jobs, devices.  A job or node that uses it
 * twice is listed twice.
 *
 * @limit: how many are listed at most
 *
 * Returns: (transfer full): of QblkNodeUser, owned; empty if it has no user
 */
GPtrArray *qblk_node_users(const QblkNodeUserIndex *index, const QblkNode *node,
                           guint limit) G_GNUC_WARN_UNUSED_RESULT;
