/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * qblk-subscribe: events on each chain that has changed.
 *
 * A worker reads all chains again a short time after something that may have changed one, and
 * compares fingerprints.  It runs only if a client has subscribed.
 */
#pragma once

#include "bridge/local-call.h"

QblkJson *qblk_local_subscribe(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** QEMU has sent @event. */
void qblk_local_watch_event(QblkLocal *local, const QblkJson *event);

/** A chain may have changed. */
void qblk_local_watch_wake(QblkLocal *local);
