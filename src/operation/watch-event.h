/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * An event of QEMU, and what it means: a pure function of the event and the names of disks.
 */
#pragma once

#include "base/json.h"

#include <qblk/snapshot.h>
#include <qblk/watch-event.h>

/**
 * Map the names in events to disks: of devices, of nodes and of jobs.
 *
 * @snapshot: of the VM
 * @before: (nullable): an earlier snapshot; its jobs are known, too
 *
 * Returns: (transfer full): name -> target, both owned
 */
GHashTable *qblk_watch_event_names(const QblkSnapshot *snapshot,
                                   const QblkSnapshot *before) G_GNUC_WARN_UNUSED_RESULT;

/**
 * @json: the event
 * @names: (nullable): of qblk_watch_event_names()
 * @now: microseconds since 1970, for an event without a time
 */
QblkWatchEvent *qblk_watch_event_new(const QblkJson *json, GHashTable *names,
                                     gint64 now) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if chains, jobs or the run state may be others after @event */
gboolean qblk_watch_event_is_change(const QblkWatchEvent *event);

/** Returns: TRUE if QEMU ends after @event */
gboolean qblk_watch_event_is_end(const QblkWatchEvent *event);
