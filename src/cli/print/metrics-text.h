/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The text formats of metrics: https://github.com/prometheus/OpenMetrics, and the older one.
 */
#pragma once

#include "cli/print/metrics-table.h"

typedef enum {
    QBLK_METRICS_OPENMETRICS,
    QBLK_METRICS_PROMETHEUS, /* the older text format, version 0.0.4 */
} QblkMetricsFormat;

/** Append the family of @row with its sample for each of @items (QblkMetricsItem); nothing if it
 * has no samples.  Of samples with the same labels the first one is printed. */
void qblk_metrics_text_family(const QblkMetricsRow *row, const GPtrArray *items,
                              QblkMetricsFormat format, GString *out);

/** Append the line that ends the output, if the format has one. */
void qblk_metrics_text_end(QblkMetricsFormat format, GString *out);

/** Returns: (transfer full): the name of the samples of @row */
char *qblk_metrics_text_sample_name(const QblkMetricsRow *row) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the type of @row, as OpenMetrics names it */
const char *qblk_metrics_text_type(const QblkMetricsRow *row);

/** Returns: the unit of @row; "" if it has no unit */
const char *qblk_metrics_text_unit(const QblkMetricsRow *row);
