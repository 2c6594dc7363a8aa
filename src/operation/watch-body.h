/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a watch does: connects, fetches, waits for events, and connects again.
 */
#pragma once

#include "operation/watch-data.h"

/** The function of the coroutine: returns at the end of the watch. */
void qblk_watch_body_run(QblkWatch *watch);

/** Pass on the events that have been received, also in the middle of a fetch. */
void qblk_watch_body_take_events(QblkWatch *watch);

void qblk_watch_notice_free(QblkWatchNotice *notice);
