/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The graph snapshot: loaded from a reply set in one go, never changed afterwards.
 */
#pragma once

#include "graph/device.h"
#include "graph/edges.h"
#include "graph/job.h"
#include "graph/node.h"
#include "graph/replies.h"

#include <qblk/snapshot.h>

struct QblkSnapshot {
    QblkQemuVersion version;
    char *vm_name;         /* given to -name, or NULL */
    char *withheld;        /* why there are no nodes, or NULL */
    GPtrArray *nodes;      /* of QblkNode, owned, in the order they were made */
    GHashTable *by_name;   /* node-name -> QblkNode, borrowed */
    GPtrArray *devices;    /* of QblkDevice, owned: disks first in the order of a listing */
    guint disks;           /* how many of the devices are disks */
    GPtrArray *targets;    /* of const char *, borrowed, with a NULL at the end */
    GHashTable *ambiguous; /* name that several devices could have -> text naming them */
    GPtrArray *jobs;       /* of QblkJob, owned */
    QblkEdges *edges;      /* NULL where there are no nodes */
};

/** An empty snapshot, to be filled by qblk_snapshot_load. */
QblkSnapshot *qblk_snapshot_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Make a snapshot of what @replies say.  A pure function.
 *
 * Errors: QBLK_GRAPH_ERROR_CHANGED where the replies are not of one moment, _INVALID, _LIMIT,
 * _UNSUPPORTED where the replies lack edges, _NO_DISK or _AMBIGUOUS for a device the user
 * named; QBLK_JSON_ERROR_TYPE for a field of the wrong type.
 */
QblkSnapshot *qblk_snapshot_load(const QblkReplies *replies, const QblkSnapshotOptions *options,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The disk that @name means, by target name or else by qdev id or BlockBackend name.  Borrowed. */
const QblkDevice *qblk_snapshot_find(const QblkSnapshot *snapshot, const char *name,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The node of that name, NULL where there is none.  Borrowed. */
const QblkNode *qblk_snapshot_node(const QblkSnapshot *snapshot, const char *name);

/** The chain from @node downwards, which need not be a disk's; its target is the node's name. */
QblkChain *qblk_snapshot_chain_of_node(const QblkSnapshot *snapshot, const QblkNode *node,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
