/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The graph snapshot: loaded from a reply set, const afterwards.
 */
#pragma once

#include "graph/device.h"
#include "graph/edges.h"
#include "graph/export.h"
#include "graph/job.h"
#include "graph/layer-file.h"
#include "graph/manager.h"
#include "graph/node-user.h"
#include "graph/node.h"
#include "graph/replies.h"

#include <qblk/snapshot.h>

struct QblkSnapshot {
    gatomicrefcount references;
    QblkQemuVersion version;
    char *vm_name;              /* given to -name, or NULL */
    const QblkManager *manager; /* that has started the guest, constant; NULL: none is known */
    char *run_state;          /* "running", "inmigrate" ...; NULL: not known, or a storage daemon */
    gboolean may_be_inactive; /* of qblk_guest_state_may_be_inactive() */
    char *no_nodes_reason;    /* why the nodes were not queried, or NULL */
    GPtrArray *nodes;         /* of QblkNode, owned, in the order they were made */
    GHashTable *by_name;      /* node-name -> QblkNode, borrowed */
    GPtrArray *devices;       /* of QblkDevice, owned: disks first in the order of a listing */
    guint disks;              /* how many of the devices are disks */
    GPtrArray *targets;       /* of const char *, borrowed, with a NULL at the end */
    GHashTable *ambiguous;    /* name that several devices could have -> text naming them */
    GPtrArray *jobs;          /* of QblkJob, owned */
    GPtrArray *exports;       /* of QblkExport, owned */
    QblkNodeUserIndex *users; /* of all nodes, except the nodes above them */
    QblkEdges *edges;         /* NULL if there are no nodes */
    QblkOpenedFiles *opened;  /* a reference: what QEMU has open; NULL: not asked for */
    GHashTable *files;        /* of qblk_layer_files_load(); NULL: not asked for */
    char *unknown_files;      /* why no file is known, or NULL */
};

/** An empty snapshot, to be filled by qblk_snapshot_load. */
QblkSnapshot *qblk_snapshot_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Load a snapshot from @replies.  A pure function.
 *
 * Returns: (transfer full): the snapshot, or NULL with QBLK_GRAPH_ERROR_CHANGED if the replies are
 * not of one moment, _INVALID, _LIMIT, _UNSUPPORTED if the replies have no edges, _NO_DISK or
 * _AMBIGUOUS for a device that the user named; QBLK_JSON_ERROR_TYPE for a field of the wrong type.
 */
QblkSnapshot *qblk_snapshot_load(const QblkReplies *replies, const QblkSnapshotOptions *options,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Find a disk by its target name, or else by its qdev id or BlockBackend name.
 *
 * Returns: (transfer none): the disk, or NULL with QBLK_GRAPH_ERROR_NO_DISK or _AMBIGUOUS.
 */
const QblkDevice *qblk_snapshot_find_device(const QblkSnapshot *snapshot, const char *name,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none) (nullable): the node with that name */
const QblkNode *qblk_snapshot_find_node(const QblkSnapshot *snapshot, const char *name);
