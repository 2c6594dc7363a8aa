/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How fast jobs proceed, from their progress at several moments.  Times are in microseconds of any
 * clock, and are passed in.
 */
#pragma once

#include <qblk/snapshot.h>

typedef struct QblkWatchRates QblkWatchRates;

QblkWatchRates *qblk_watch_rates_new(void) G_GNUC_WARN_UNUSED_RESULT;
void qblk_watch_rates_free(QblkWatchRates *rates);

/** Add the progress that the jobs of @snapshot have at @now; jobs that it lacks are dropped. */
void qblk_watch_rates_add(QblkWatchRates *rates, const QblkSnapshot *snapshot, gint64 now);

/** Returns: bytes per second during the last ten seconds; -1 if it is not known */
gint64 qblk_watch_rates_get(const QblkWatchRates *rates, const char *id);

/** Returns: the seconds until the job has done the rest; -1 if it is not known */
gint64 qblk_watch_rates_get_seconds_left(const QblkWatchRates *rates, const char *id);
