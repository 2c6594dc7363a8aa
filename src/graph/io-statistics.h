/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The statistics of a device: `stats` of an entry of query-blockstats.
 *
 * QEMU 5.2 to 11.1 count the requests of a device in its entry only, whether it was made with
 * -blockdev or -drive: of the entries of nodes all but `wr_highest_offset` is 0.
 */
#pragma once

#include "base/json.h"

#include <qblk/io-statistics.h>

#define QBLK_IO_OPERATIONS (QBLK_IO_OPERATION_UNMAP + 1)

/** What is counted for each operation. */
typedef enum {
    QBLK_IO_COUNTER_REQUESTS,
    QBLK_IO_COUNTER_BYTES,
    QBLK_IO_COUNTER_TIME, /* nanoseconds */
    QBLK_IO_COUNTER_FAILED,
    QBLK_IO_COUNTER_INVALID,
    QBLK_IO_COUNTER_MERGED,
    QBLK_IO_COUNTERS
} QblkIoCounter;

struct QblkIoStatistics {
    gatomicrefcount references;
    gint64 counters[QBLK_IO_OPERATIONS][QBLK_IO_COUNTERS]; /* or QBLK_UNKNOWN */
};

/**
 * Load @stats (nullable).  A counter that is missing, or is not a number that can be counted to, is
 * not known.
 *
 * Returns: (transfer full): the statistics
 */
QblkIoStatistics *qblk_io_statistics_load(const QblkJson *stats) G_GNUC_WARN_UNUSED_RESULT;
