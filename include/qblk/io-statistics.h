/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What QEMU has counted of the requests of a device.
 *
 * These objects never change, and several threads may use them at once.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkIoOperation:
 * @QBLK_IO_OPERATION_READ: reading
 * @QBLK_IO_OPERATION_WRITE: writing
 * @QBLK_IO_OPERATION_FLUSH: writing what is in caches
 * @QBLK_IO_OPERATION_UNMAP: discarding
 *
 * What a request does.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_IO_OPERATION_READ,
    QBLK_IO_OPERATION_WRITE,
    QBLK_IO_OPERATION_FLUSH,
    QBLK_IO_OPERATION_UNMAP,
} QblkIoOperation;

/**
 * qblk_io_operation_name:
 * @operation: a value
 *
 * Returns: "read", "write", "flush" or "unmap"
 *
 * Since: 0.1.0
 */
const char *qblk_io_operation_name(QblkIoOperation operation);

/**
 * QblkIoStatistics:
 *
 * The requests that the guest has sent to a device since QEMU was started, or since the device was
 * plugged in.
 *
 * QEMU counts them for the device, whatever image it has: those of block jobs and exports are not
 * among them.
 *
 * Since: 0.1.0
 */
typedef struct QblkIoStatistics QblkIoStatistics;

/**
 * qblk_io_statistics_ref:
 * @statistics: the statistics
 *
 * Returns: (transfer full): a further reference to @statistics
 *
 * Since: 0.1.0
 */
QblkIoStatistics *qblk_io_statistics_ref(const QblkIoStatistics *statistics);

/**
 * qblk_io_statistics_unref:
 * @statistics: (nullable) (transfer full): the statistics
 *
 * Release a reference; the last one frees the statistics.
 *
 * Since: 0.1.0
 */
void qblk_io_statistics_unref(QblkIoStatistics *statistics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkIoStatistics, qblk_io_statistics_unref)

/**
 * qblk_io_statistics_get_requests:
 * @statistics: the statistics
 * @operation: which requests
 *
 * Returns: how many requests succeeded, or QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_io_statistics_get_requests(const QblkIoStatistics *statistics,
                                       QblkIoOperation operation);

/**
 * qblk_io_statistics_get_bytes:
 * @statistics: the statistics
 * @operation: which requests
 *
 * Returns: the bytes of the requests that succeeded, or QBLK_UNKNOWN, as always for
 *   QBLK_IO_OPERATION_FLUSH
 *
 * Since: 0.1.0
 */
gint64 qblk_io_statistics_get_bytes(const QblkIoStatistics *statistics, QblkIoOperation operation);

/**
 * qblk_io_statistics_get_time:
 * @statistics: the statistics
 * @operation: which requests
 *
 * Returns: the sum of the times that the requests took, in nanoseconds, or QBLK_UNKNOWN.  It has
 *   those of failed requests as well, unless the device does not account them.
 *
 * Since: 0.1.0
 */
gint64 qblk_io_statistics_get_time(const QblkIoStatistics *statistics, QblkIoOperation operation);

/**
 * qblk_io_statistics_get_failed:
 * @statistics: the statistics
 * @operation: which requests
 *
 * Returns: how many requests failed, or QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_io_statistics_get_failed(const QblkIoStatistics *statistics, QblkIoOperation operation);

/**
 * qblk_io_statistics_get_invalid:
 * @statistics: the statistics
 * @operation: which requests
 *
 * Returns: how many requests were not valid, such as those beyond the end of the disk, or
 *   QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_io_statistics_get_invalid(const QblkIoStatistics *statistics,
                                      QblkIoOperation operation);

/**
 * qblk_io_statistics_get_merged:
 * @statistics: the statistics
 * @operation: which requests
 *
 * Returns: how many requests were merged into another one, or QBLK_UNKNOWN, as always for
 *   QBLK_IO_OPERATION_FLUSH
 *
 * Since: 0.1.0
 */
gint64 qblk_io_statistics_get_merged(const QblkIoStatistics *statistics, QblkIoOperation operation);

G_END_DECLS
