/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The texts of the progress of a job, and how fast it is.
 */
#pragma once

#include <glib.h>

/** The speed, measured over the last seconds.  Starts as zeros. */
typedef struct {
    gint64 start_time; /* microseconds; 0: none */
    gint64 start_done; /* bytes that were done then */
    double speed;      /* bytes per second; 0: not known yet */
} QblkProgressMeter;

/** Take into account that @done bytes are done at the time @now, in microseconds. */
void qblk_progress_meter_update(QblkProgressMeter *meter, gint64 done, gint64 now);

/** Returns: 0 to 99: 100 is only known at the end of a job, because what is to copy may grow */
int qblk_progress_percent(gint64 done, gint64 total);

/** Returns: seconds until the end at this @speed; -1: not known */
gint64 qblk_progress_seconds_left(gint64 done, gint64 total, double speed);

/**
 * Format the bar: percent, speed and time left.  In a narrow terminal some of them are left out,
 * the percentage last.
 *
 * @speed: bytes per second; 0: not known
 * @columns: the maximum width
 */
char *qblk_progress_bar(const char *label, gint64 done, gint64 total, double speed,
                        guint columns) G_GNUC_WARN_UNUSED_RESULT;
