/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a snapshot.
 */
#pragma once

#include <qblk/snapshot.h>

/** The reply that the edges between nodes are read from. */
typedef enum {
    QBLK_EDGES_BEST,     /* the first of the following that this QEMU has */
    QBLK_EDGES_CHILDREN, /* `children` of each node, QEMU 10.1 */
    QBLK_EDGES_DEBUG,    /* x-debug-query-block-graph, QEMU 4.0, not a stable interface */
    QBLK_EDGES_STATS,    /* query-blockstats, stable, does not have all edges */
} QblkEdgeSource;

/** One "--target NAME=DEVICE". */
typedef struct {
    char *target;
    char *device;
} QblkTargetAssignment;

/** One disk of a libvirt domain; all but the target may be NULL. */
typedef struct {
    char *target;
    char *alias;
    char *serial;
    char *file;
} QblkTargetHint;

struct QblkSnapshotOptions {
    gatomicrefcount references;
    GPtrArray *assignments; /* of QblkTargetAssignment, owned */
    GPtrArray *hints;       /* of QblkTargetHint, owned */
    QblkEdgeSource edges;
    gboolean everything; /* send the queries of all commands, for a capture */
    QblkWarning warning; /* or NULL */
    gpointer warning_data;
};
