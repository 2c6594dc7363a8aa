/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Metrics of many VMs, as text for Prometheus.
 */
#pragma once

#include "cli/print/metrics-text.h"

#include <qblk/snapshot.h>

typedef struct QblkMetrics QblkMetrics;

QblkMetrics *qblk_metrics_new(void) G_GNUC_WARN_UNUSED_RESULT;
void qblk_metrics_free(QblkMetrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMetrics, qblk_metrics_free)

/** Set when the VMs had been read, in microseconds since 1970, and how long that took. */
void qblk_metrics_set_time(QblkMetrics *metrics, gint64 time_us, gint64 duration_us);

/**
 * Add a VM.  One whose address was added before is left out.
 *
 * @vm: as it was given
 * @address: (nullable): of its monitor; NULL if it is not known
 * @name: (nullable): of the guest; NULL if it is not known
 * @snapshot: (nullable): with statistics; NULL if the VM could not be read
 */
void qblk_metrics_add_vm(QblkMetrics *metrics, const char *vm, const char *address,
                         const char *name, const QblkSnapshot *snapshot);

/**
 * Append all metrics to @out.
 *
 * The label `domain` is the name of the guest, as of the exporters for libvirt; of VMs that have
 * the same name, or no name, it is the address.  No two samples have the same name and labels.
 */
void qblk_metrics_print(const QblkMetrics *metrics, QblkMetricsFormat format, GString *out);
