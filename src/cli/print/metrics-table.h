/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The table of all metrics.
 */
#pragma once

#include "cli/print/metrics-item.h"

typedef enum {
    QBLK_METRICS_GAUGE,
    QBLK_METRICS_COUNTER, /* its sample has the suffix _total */
    QBLK_METRICS_INFO,    /* its sample has the suffix _info, labels of its own and the value 1 */
} QblkMetricsType;

/** The unit of what a row returns; a unit of time is nanoseconds there. */
typedef enum {
    QBLK_METRICS_NO_UNIT,
    QBLK_METRICS_BYTES,
    QBLK_METRICS_SECONDS,
    QBLK_METRICS_BYTES_PER_SECOND,
} QblkMetricsUnit;

typedef struct {
    const char *name; /* without the suffix of its type, and with its unit */
    QblkMetricsLevel level;
    QblkMetricsType type;
    QblkMetricsUnit unit;
    const char *help;   /* one sentence, for its HELP line and the manual */
    const char *source; /* what QEMU reports it with, for the manual */
    /* One of these three.  Returns: the value, or QBLK_UNKNOWN: the item has no sample */
    gint64 (*get)(const QblkMetricsItem *item);
    /* Of the statistics of the disk and @operation, or that of the item. */
    gint64 (*counter)(const QblkIoStatistics *statistics, QblkIoOperation operation);
    /* Append the labels of an info metric, whose value is 1, each after a comma. */
    void (*add_labels)(const QblkMetricsItem *item, GString *labels);
    QblkIoOperation operation;
} QblkMetricsRow;

/** Returns: the rows, in the order of the output */
const QblkMetricsRow *qblk_metrics_table(guint *count);

/** Returns: the value of @item, or QBLK_UNKNOWN: it has no sample */
gint64 qblk_metrics_row_value(const QblkMetricsRow *row, const QblkMetricsItem *item);

/** Append `,NAME="VALUE"`, escaped, unless @value is NULL. */
void qblk_metrics_add_label(GString *labels, const char *name, const char *value);
