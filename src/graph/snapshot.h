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

#include <qblk/capture.h>
#include <qblk/snapshot-fetch.h>

struct QblkSnapshot {
    gatomicrefcount references;
    QblkQemuVersion version;
    char *vm_name;              /* given to -name, or NULL */
    const QblkManager *manager; /* that has started the guest, constant; NULL: none is known */
    char *run_state;          /* "running", "inmigrate" ...; NULL: not known, or a storage daemon */
    gboolean may_be_inactive; /* of qblk_guest_state_may_be_inactive() */
    char *no_nodes_reason;    /* why the nodes were not queried, or NULL */
    gboolean has_statistics;  /* those of nodes were asked for, and reported */
    GPtrArray *nodes;         /* of QblkNode, owned, in the order they were made */
    GHashTable *by_name;      /* node-name -> QblkNode, borrowed */
    GPtrArray *devices;       /* of QblkDevice, owned: disks first in the order of a listing */
    guint disks;              /* how many of the devices are disks */
    GHashTable *by_target;    /* target -> QblkDevice, borrowed: all disks */
    GPtrArray *targets;       /* of const char *, borrowed, with a NULL at the end */
    GHashTable *ambiguous;    /* name that several devices could have -> GPtrArray of these */
    GPtrArray *jobs;          /* of QblkJob, owned */
    GPtrArray *exports;       /* of QblkExport, owned */
    QblkNodeUserIndex *users; /* of all nodes, except the nodes above them */
    QblkEdges *edges;         /* NULL if there are no nodes */
    QblkOpenedFiles *opened;  /* a reference: what QEMU has open; NULL: not asked for */
    GHashTable *files;        /* of qblk_layer_files_load(); NULL: not asked for */
    char *unknown_files;      /* why no file is known, or NULL */
    GPtrArray *image_layers;  /* a reference: of QblkImageLayer, of image:PATH; NULL: of a VM */
};

/** An empty snapshot, to be filled by qblk_snapshot_load. */
QblkSnapshot *qblk_snapshot_new(void) G_GNUC_WARN_UNUSED_RESULT;
/**
 * Load the jobs only, which is a pure function.
 *
 * @known: (nullable): an earlier snapshot with these jobs, which knows their disks and kinds
 */
QblkSnapshot *qblk_snapshot_load_jobs(const QblkReplies *replies, const QblkSnapshot *known,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Make @snapshot the root of all that it has: a reference to a child is one to the root. */
void qblk_snapshot_adopt(QblkSnapshot *snapshot);
