/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is known of one job, from events and from replies to query-jobs.
 */
#pragma once

#include "base/json.h"

#include <qblk/error.h>

typedef struct {
    char *id;        /* owned */
    char *state;     /* owned: "running", "ready" ...; "null" once it is gone; NULL: not heard of */
    char *operation; /* owned: of its last I/O error, "read" or "write"; NULL: there was none */
    char *error;     /* owned: why it has failed, as QEMU says; NULL: it has not */
    gint64 done, total; /* its progress when last asked for, in its own units; -1: not known */
} QblkJobState;

QblkJobState *qblk_job_state_new(const char *id);
void qblk_job_state_free(QblkJobState *job);

/** Forget all that was heard. */
void qblk_job_state_clear(QblkJobState *job);

/** QEMU has the job, and has said nothing of it yet. */
void qblk_job_state_begin(QblkJobState *job);

/** Take in an event, of whatever kind and job.  One without what such an event has says nothing. */
void qblk_job_state_handle_event(QblkJobState *job, const QblkJson *event);

/** Whether @jobs is a reply to query-jobs; QBLK_QMP_ERROR_PROTOCOL where it is none. */
gboolean qblk_job_state_check(const QblkJson *jobs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Take in a reply to query-jobs, one that was checked. */
void qblk_job_state_update(QblkJobState *job, const QblkJson *jobs);

/** The state as it is, or NULL. */
gboolean qblk_job_state_is(const QblkJobState *job, const char *state);

/** Whether QEMU has the job, as far as is known. */
gboolean qblk_job_state_is_there(const QblkJobState *job);

/** Whether it is in the state @wanted; one that somebody else has dismissed was "concluded". */
gboolean qblk_job_state_has_reached(const QblkJobState *job, const char *wanted);

/**
 * Whether it is further than @wanted, where it should have waited.  A job that is aborting is not:
 * it comes to "concluded".
 */
gboolean qblk_job_state_has_passed(const QblkJobState *job, const char *wanted);

/** Whether it was in the state @before and has gone on since. */
gboolean qblk_job_state_has_left(const QblkJobState *job, const char *before);
