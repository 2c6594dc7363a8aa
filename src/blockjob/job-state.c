/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/job-state.h"

#include "base/redact.h"

QblkJobState *
qblk_job_state_new(const char *id)
{
    QblkJobState *job = g_new0(QblkJobState, 1);
    job->id = g_strdup(id);
    qblk_job_state_clear(job);
    return job;
}

void
qblk_job_state_free(QblkJobState *job)
{
    qblk_job_state_clear(job);
    g_free(job->id);
    g_free(job);
}

void
qblk_job_state_clear(QblkJobState *job)
{
    g_clear_pointer(&job->state, g_free);
    g_clear_pointer(&job->operation, g_free);
    g_clear_pointer(&job->error, g_free);
    job->is_cancelled = FALSE;
    job->has_completed = FALSE;
    job->done = -1;
    job->total = -1;
}

void
qblk_job_state_begin(QblkJobState *job)
{
    if (job->state == NULL) {
        job->state = g_strdup("created");
    }
}

static void
replace_text(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

/* QEMU's error may contain a file name with a password. */
static void
set_error(QblkJobState *job, const char *text)
{
    g_free(job->error);
    job->error = text == NULL ? NULL : qblk_redact_text(text);
}

static gboolean
is_of(const QblkJobState *job, const QblkJson *data, const char *member)
{
    return g_strcmp0(qblk_json_get_string(data, member), job->id) == 0;
}

void
qblk_job_state_handle_event(QblkJobState *job, const QblkJson *event)
{
    const char *name = qblk_json_get_string(event, "event");
    const QblkJson *data = qblk_json_get(event, "data");
    const char *status = qblk_json_get_string(data, "status");
    if (g_strcmp0(name, "JOB_STATUS_CHANGE") == 0 && is_of(job, data, "id") && status != NULL) {
        replace_text(&job->state, status);
        job->is_from_event = TRUE;
    } else if (g_strcmp0(name, "BLOCK_JOB_ERROR") == 0 && is_of(job, data, "device")) {
        replace_text(&job->operation, qblk_json_get_string(data, "operation"));
    } else if (g_strcmp0(name, "BLOCK_JOB_COMPLETED") == 0 && is_of(job, data, "device")) {
        /* If the job dismisses itself, nothing else reports its failure. */
        set_error(job, qblk_json_get_string(data, "error"));
        job->has_completed = job->error == NULL;
    } else if (g_strcmp0(name, "BLOCK_JOB_CANCELLED") == 0 && is_of(job, data, "device")) {
        job->is_cancelled = TRUE;
    }
}

gboolean
qblk_job_state_check(const QblkJson *jobs, GError **error)
{
    gboolean is_list = qblk_json_is(jobs, QBLK_JSON_ARRAY);
    for (gsize i = 0; i < qblk_json_length(jobs); i++) {
        const QblkJson *entry = qblk_json_at(jobs, i);
        is_list = is_list && qblk_json_get_string(entry, "id") != NULL &&
                  qblk_json_get_string(entry, "status") != NULL;
    }

    if (!is_list) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "'query-jobs': the reply is not a list of jobs");
    }

    return is_list;
}

void
qblk_job_state_update(QblkJobState *job, const QblkJson *jobs)
{
    job->is_from_event = FALSE;
    for (gsize i = 0; i < qblk_json_length(jobs); i++) {
        const QblkJson *entry = qblk_json_at(jobs, i);
        if (is_of(job, entry, "id")) {
            replace_text(&job->state, qblk_json_get_string(entry, "status"));
            set_error(job, qblk_json_get_string(entry, "error"));
            (void)qblk_json_integer(qblk_json_get(entry, "current-progress"), &job->done);
            (void)qblk_json_integer(qblk_json_get(entry, "total-progress"), &job->total);
            return;
        }
    }

    replace_text(&job->state, job->state == NULL ? NULL : "null");
}

gboolean
qblk_job_state_is(const QblkJobState *job, const char *state)
{
    return g_strcmp0(job->state, state) == 0;
}

gboolean
qblk_job_state_is_there(const QblkJobState *job)
{
    return job->state != NULL && !qblk_job_state_is(job, "null");
}

/* In the order in which a job goes through them. */
static int
rank(const char *state)
{
    static const struct {
        const char *state;
        int rank;
    } ranks[] = {
        {"ready", 1}, {"standby", 1}, {"waiting", 2}, {"pending", 3}, {"concluded", 4}, {"null", 5},
    };
    for (gsize i = 0; state != NULL && i < G_N_ELEMENTS(ranks); i++) {
        if (g_str_equal(ranks[i].state, state)) {
            return ranks[i].rank;
        }
    }

    return 0;
}

gboolean
qblk_job_state_has_reached(const QblkJobState *job, const char *wanted)
{
    return qblk_job_state_is(job, wanted) ||
           (g_str_equal(wanted, "concluded") && qblk_job_state_is(job, "null"));
}

gboolean
qblk_job_state_has_passed(const QblkJobState *job, const char *wanted)
{
    return !qblk_job_state_has_reached(job, wanted) && rank(job->state) > rank(wanted);
}

gboolean
qblk_job_state_has_left(const QblkJobState *job, const char *before)
{
    return rank(job->state) > rank(before);
}
