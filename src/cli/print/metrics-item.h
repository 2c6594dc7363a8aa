/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What metrics are about: one VM, disk, layer, bitmap or job.
 */
#pragma once

#include <qblk/chain.h>
#include <qblk/snapshot.h>

/** Each level has what the one above it has. */
typedef enum {
    QBLK_METRICS_LEVEL_RUN, /* the run of the command */
    QBLK_METRICS_LEVEL_VM,
    QBLK_METRICS_LEVEL_DISK,
    QBLK_METRICS_LEVEL_OPERATION, /* one kind of requests to a disk */
    QBLK_METRICS_LEVEL_LAYER,
    QBLK_METRICS_LEVEL_BITMAP,
    QBLK_METRICS_LEVEL_JOB, /* of a VM */
} QblkMetricsLevel;

#define QBLK_METRICS_LEVELS (QBLK_METRICS_LEVEL_JOB + 1)

/** What does not apply is NULL. */
typedef struct {
    const char *labels; /* as they are printed */
    const char *vm;     /* as it was given */

    guint vms;          /* of the run */
    gint64 time_ns;     /* when it was, since 1970 */
    gint64 duration_ns; /* how long it took */

    const QblkSnapshot *snapshot; /* NULL: the VM could not be read */
    const QblkDevice *device;
    const QblkChain *chain; /* NULL: the chain of the disk cannot be read */
    gboolean is_readable;   /* the disk has a chain, or needs none */
    QblkIoOperation operation;
    const QblkLayer *layer;
    const QblkNode *storage; /* protocol node of the layer */
    const QblkBitmap *bitmap;
    const QblkJob *job;
} QblkMetricsItem;
