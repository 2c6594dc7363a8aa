/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The state of one job, from events and from replies to query-jobs.
 */
#pragma once

#include "base/json.h"

#include <qblk/error.h>

typedef struct {
    char *id;        /* owned */
    char *state;     /* owned: "running", "ready" ...; "null" once it is gone; NULL: not known */
    char *operation; /* owned: of its last I/O error, "read" or "write"; NULL: none */
    char *error;     /* owned: why it has failed, in QEMU's words; NULL: it has not */
    gboolean is_cancelled;  /* QEMU has reported that it was cancelled */
    gboolean has_completed; /* QEMU has reported that it was not */
    gboolean is_from_event; /* the state is newer than the last reply, and @error may be missing */
    gint64 done, total;     /* its progress when last queried, in its own units; -1: not known */
} QblkJobState;

QblkJobState *qblk_job_state_new(const char *id);
void qblk_job_state_free(QblkJobState *job);

/** Drop all that is known. */
void qblk_job_state_clear(QblkJobState *job);

/** QEMU has the job, and has not reported its state yet. */
void qblk_job_state_begin(QblkJobState *job);

/** Update @job from an event, of whatever kind and job.  An event without the usual members is
 * ignored. */
void qblk_job_state_handle_event(QblkJobState *job, const QblkJson *event);

/** Check that @jobs is a reply to query-jobs: QBLK_QMP_ERROR_PROTOCOL. */
gboolean qblk_job_state_check(const QblkJson *jobs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Update @job from a checked reply to query-jobs. */
void qblk_job_state_update(QblkJobState *job, const QblkJson *jobs);

/** Returns: TRUE if the state is @state (nullable). */
gboolean qblk_job_state_is(const QblkJobState *job, const char *state);

/** Returns: TRUE if QEMU has the job, as far as is known. */
gboolean qblk_job_state_is_there(const QblkJobState *job);

/** Returns: TRUE if the state is @wanted; a job that another client has dismissed was "concluded".
 */
gboolean qblk_job_state_has_reached(const QblkJobState *job, const char *wanted);

/** Returns: TRUE if the job is further than @wanted, where it should have waited.  One that is
 * aborting is not: it will be "concluded". */
gboolean qblk_job_state_has_passed(const QblkJobState *job, const char *wanted);

/** Returns: TRUE if the job is further than @before, a state it was in. */
gboolean qblk_job_state_has_left(const QblkJobState *job, const char *before);
