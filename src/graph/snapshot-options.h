/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a snapshot.
 */
#pragma once

#include <qblk/snapshot-options.h>

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

/** What a callback is called with. */
typedef struct {
    gpointer user_data;
    GDestroyNotify destroy; /* or NULL */
} QblkOptionData;

struct QblkSnapshotOptions {
    gatomicrefcount references;
    GPtrArray *assignments; /* of QblkTargetAssignment, owned */
    GPtrArray *hints;       /* of QblkTargetHint, owned */
    QblkEdgeSource edges;
    gboolean everything; /* send the queries of all functions, for a capture */
    gboolean without_serials;
    gboolean statistics;
    gboolean
        names_only; /* nodes and edges come from the debug graph: see qblk_snapshot_fetch_names() */
    QblkWarning warning; /* or NULL */
    QblkOptionData warning_data;
    QblkClientLogger logger; /* of a private daemon, or NULL */
    QblkOptionData logger_data;
    gsize reply_limit; /* of a private daemon, in bytes; 0: the default */
};
