/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/io-statistics.h"

#include "base/const-cast.h"
#include "base/enum.h"

#include <qblk/graph-kinds.h>

/* As QEMU names them; NULL: it does not count that. */
static const char *const names[QBLK_IO_OPERATIONS][QBLK_IO_COUNTERS] = {
    [QBLK_IO_OPERATION_READ] = {"rd_operations", "rd_bytes", "rd_total_time_ns",
                                "failed_rd_operations", "invalid_rd_operations", "rd_merged"},
    [QBLK_IO_OPERATION_WRITE] = {"wr_operations", "wr_bytes", "wr_total_time_ns",
                                 "failed_wr_operations", "invalid_wr_operations", "wr_merged"},
    [QBLK_IO_OPERATION_FLUSH] = {"flush_operations", NULL, "flush_total_time_ns",
                                 "failed_flush_operations", "invalid_flush_operations", NULL},
    [QBLK_IO_OPERATION_UNMAP] = {"unmap_operations", "unmap_bytes", "unmap_total_time_ns",
                                 "failed_unmap_operations", "invalid_unmap_operations",
                                 "unmap_merged"},
};

static const char *const operations[] = {
    [QBLK_IO_OPERATION_READ] = "read",
    [QBLK_IO_OPERATION_WRITE] = "write",
    [QBLK_IO_OPERATION_FLUSH] = "flush",
    [QBLK_IO_OPERATION_UNMAP] = "unmap",
};

const char *
qblk_io_operation_name(QblkIoOperation operation)
{
    return qblk_enum_name(operations, G_N_ELEMENTS(operations), operation);
}

static gint64
load_counter(const QblkJson *stats, const char *name)
{
    gint64 value = QBLK_UNKNOWN;
    if (name == NULL || !qblk_json_integer(qblk_json_get(stats, name), &value) || value < 0) {
        return QBLK_UNKNOWN;
    }
    return value;
}

QblkIoStatistics *
qblk_io_statistics_load(const QblkJson *stats)
{
    QblkIoStatistics *statistics = g_new0(QblkIoStatistics, 1);
    g_atomic_ref_count_init(&statistics->references);

    for (guint operation = 0; operation < QBLK_IO_OPERATIONS; operation++) {
        for (guint counter = 0; counter < QBLK_IO_COUNTERS; counter++) {
            statistics->counters[operation][counter] =
                load_counter(stats, names[operation][counter]);
        }
    }
    return statistics;
}

QblkIoStatistics *
qblk_io_statistics_ref(const QblkIoStatistics *statistics)
{
    QblkIoStatistics *counted = qblk_const_cast(statistics);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_io_statistics_unref(QblkIoStatistics *statistics)
{
    if (statistics != NULL && g_atomic_ref_count_dec(&statistics->references)) {
        g_free(statistics);
    }
}

static gint64
get_counter(const QblkIoStatistics *statistics, QblkIoOperation operation, QblkIoCounter counter)
{
    guint row = operation;
    return row < QBLK_IO_OPERATIONS ? statistics->counters[row][counter] : QBLK_UNKNOWN;
}

gint64
qblk_io_statistics_get_requests(const QblkIoStatistics *statistics, QblkIoOperation operation)
{
    return get_counter(statistics, operation, QBLK_IO_COUNTER_REQUESTS);
}

gint64
qblk_io_statistics_get_bytes(const QblkIoStatistics *statistics, QblkIoOperation operation)
{
    return get_counter(statistics, operation, QBLK_IO_COUNTER_BYTES);
}

gint64
qblk_io_statistics_get_time(const QblkIoStatistics *statistics, QblkIoOperation operation)
{
    return get_counter(statistics, operation, QBLK_IO_COUNTER_TIME);
}

gint64
qblk_io_statistics_get_failed(const QblkIoStatistics *statistics, QblkIoOperation operation)
{
    return get_counter(statistics, operation, QBLK_IO_COUNTER_FAILED);
}

gint64
qblk_io_statistics_get_invalid(const QblkIoStatistics *statistics, QblkIoOperation operation)
{
    return get_counter(statistics, operation, QBLK_IO_COUNTER_INVALID);
}

gint64
qblk_io_statistics_get_merged(const QblkIoStatistics *statistics, QblkIoOperation operation)
{
    return get_counter(statistics, operation, QBLK_IO_COUNTER_MERGED);
}
