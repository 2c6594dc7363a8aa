/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a snapshot.
 */
#pragma once

#include <qblk/snapshot.h>

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
