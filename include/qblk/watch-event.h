/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An event of QEMU, and what it means.
 *
 * All texts that the functions return belong to the event.  They are not escaped: names in them may
 * contain characters that a terminal must not get.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkWatchEvent:
 *
 * An event of QEMU.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkWatchEvent QblkWatchEvent;

/**
 * qblk_watch_event_ref:
 * @event: the event
 *
 * Returns: (transfer full): a further reference to @event
 *
 * Since: 0.1.0
 */
QblkWatchEvent *qblk_watch_event_ref(const QblkWatchEvent *event);

/**
 * qblk_watch_event_unref:
 * @event: (nullable) (transfer full): the event
 *
 * Release a reference; the last one frees the event.
 *
 * Since: 0.1.0
 */
void qblk_watch_event_unref(QblkWatchEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkWatchEvent, qblk_watch_event_unref)

/**
 * qblk_watch_event_get_name:
 * @event: the event
 *
 * Returns: QEMU's name of it: "JOB_STATUS_CHANGE", "BLOCK_IO_ERROR" ..
 *
 * Since: 0.1.0
 */
const char *qblk_watch_event_get_name(const QblkWatchEvent *event);

/**
 * qblk_watch_event_get_time:
 * @event: the event
 *
 * Returns: when QEMU sent it, by the clock of its machine, in microseconds since 1970; if it does
 *   not tell, when it was received
 *
 * Since: 0.1.0
 */
gint64 qblk_watch_event_get_time(const QblkWatchEvent *event);

/**
 * qblk_watch_event_get_target:
 * @event: the event
 *
 * Returns: (nullable): the target name of the disk that it concerns; NULL if it concerns the guest,
 *   several disks, or a disk that is not known
 *
 * Since: 0.1.0
 */
const char *qblk_watch_event_get_target(const QblkWatchEvent *event);

/**
 * qblk_watch_event_get_text:
 * @event: the event
 *
 * Returns: what it means, in a sentence without the disk, without secrets: "job 'job0' is running"
 *
 * Since: 0.1.0
 */
const char *qblk_watch_event_get_text(const QblkWatchEvent *event);

/**
 * qblk_watch_event_get_json:
 * @event: the event
 *
 * Returns: the event as QEMU sent it, as compact JSON text, without secrets
 *
 * Since: 0.1.0
 */
const char *qblk_watch_event_get_json(const QblkWatchEvent *event);

/**
 * qblk_watch_event_to_json:
 * @event: the event
 *
 * Returns: (transfer full): a JSON object with all of this, as `qblk watch --json` has it
 *
 * Since: 0.1.0
 */
char *qblk_watch_event_to_json(const QblkWatchEvent *event) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
