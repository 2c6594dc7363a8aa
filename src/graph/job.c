/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/job.h"

#include "base/limits.h"
#include "base/redact.h"
#include "graph/node.h"
#include "graph/replies.h"

#include <qblk/chain.h>

typedef struct {
    const char *id;
    const char *type;
    const char *status;
    const char *error;
    gint64 progress;
    gint64 total;
} JobReply;

static const QblkJsonField job_fields[] = {
    {"id", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(JobReply, id)},
    {"type", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(JobReply, type)},
    {"status", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(JobReply, status)},
    {"error", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(JobReply, error)},
    {"current-progress", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(JobReply, progress)},
    {"total-progress", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(JobReply, total)},
    {NULL},
};

typedef struct {
    const char *id; /* called "device" for the sake of jobs that had no other name */
    gint64 speed;
    gboolean ready;
    gboolean paused;
    gboolean auto_finalize;
    gboolean auto_dismiss;
    const char *io_status;
} BlockJobReply;

static const QblkJsonField block_job_fields[] = {
    {"device", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(BlockJobReply, id)},
    {"speed", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(BlockJobReply, speed)},
    {"ready", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BlockJobReply, ready)},
    {"paused", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BlockJobReply, paused)},
    {"auto-finalize", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BlockJobReply, auto_finalize)},
    {"auto-dismiss", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BlockJobReply, auto_dismiss)},
    {"io-status", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(BlockJobReply, io_status)},
    {NULL},
};

void
qblk_job_free(QblkJob *job)
{
    if (job == NULL) {
        return;
    }
    g_free(job->id);
    g_free(job->type);
    g_free(job->status);
    g_free(job->error);
    g_free(job->io_status);
    g_free(job->target);
    g_ptr_array_unref(job->nodes);
    g_free(job);
}

static QblkJob *
load(const QblkJson *entry, GError **error)
{
    JobReply reply = {0};
    if (!qblk_json_read(entry, job_fields, &reply, "query-jobs", error)) {
        return NULL;
    }
    QblkJob *job = g_new0(QblkJob, 1);
    job->id = g_strdup(reply.id);
    job->type = g_strdup(reply.type);
    job->status = g_strdup(reply.status);
    job->error = reply.error == NULL ? NULL : qblk_redact_text(reply.error);
    job->progress = reply.progress;
    job->total = reply.total;
    job->speed = QBLK_UNKNOWN;
    job->auto_finalize = TRUE;
    job->auto_dismiss = TRUE;
    job->nodes = qblk_node_children_new();
    return job;
}

static QblkJob *
find(GPtrArray *jobs, const char *id)
{
    for (guint i = 0; i < jobs->len; i++) {
        QblkJob *job = jobs->pdata[i];
        if (g_str_equal(job->id, id)) {
            return job;
        }
    }
    return NULL;
}

static gboolean
fail_too_many(const char *jobs, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                "there are more %s than the limit of %d", jobs, QBLK_LIMIT_JOBS);
    return FALSE;
}

/* Add @job, which is taken. */
static gboolean
add(GPtrArray *jobs, QblkJob *job, GError **error)
{
    g_autoptr(QblkJob) owned = job;
    if (find(jobs, job->id) != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                    "there are two jobs with the id '%s'", job->id);
        return FALSE;
    }
    if (jobs->len == QBLK_LIMIT_JOBS) {
        return fail_too_many("jobs", error);
    }
    g_ptr_array_add(jobs, g_steal_pointer(&owned));
    return TRUE;
}

/* A block job that ended between the two queries is in one reply only; what is known stays. */
static gboolean
add_block_job(GPtrArray *jobs, const QblkJson *entry, GError **error)
{
    BlockJobReply reply = {0};
    if (!qblk_json_read(entry, block_job_fields, &reply, "query-block-jobs", error)) {
        return FALSE;
    }
    QblkJob *job = find(jobs, reply.id);
    if (job != NULL) {
        job->speed = reply.speed;
        job->ready = reply.ready;
        job->paused = reply.paused;
        job->auto_finalize = reply.auto_finalize;
        job->auto_dismiss = reply.auto_dismiss;
        g_free(job->io_status);
        job->io_status = g_strdup(reply.io_status);
    }
    return TRUE;
}

/* What QEMU lists, NULL where it refused or was not asked. */
static gboolean
find_list(const QblkReplies *replies, const char *command, const QblkJson **list, GError **error)
{
    *list = qblk_replies_value(replies, command);
    if (*list == NULL || qblk_json_is(*list, QBLK_JSON_ARRAY)) {
        return TRUE;
    }
    g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "%s is not a list", command);
    return FALSE;
}

GPtrArray *
qblk_job_load_all(const QblkReplies *replies, GError **error)
{
    g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_job_free);
    const QblkJson *entries, *block_jobs;
    if (!find_list(replies, "query-jobs", &entries, error) ||
        !find_list(replies, "query-block-jobs", &block_jobs, error)) {
        return NULL;
    }
    for (gsize i = 0; i < qblk_json_length(entries); i++) {
        QblkJob *job = load(qblk_json_at(entries, i), error);
        if (job == NULL || !add(jobs, job, error)) {
            return NULL;
        }
    }
    if (qblk_json_length(block_jobs) > QBLK_LIMIT_JOBS) {
        (void)fail_too_many("block jobs", error);
        return NULL;
    }
    for (gsize i = 0; i < qblk_json_length(block_jobs); i++) {
        if (!add_block_job(jobs, qblk_json_at(block_jobs, i), error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&jobs);
}

static gboolean
has_the_bug(const QblkQemuVersion *version)
{
    static const QblkQemuVersion first = {6, 0, 0}, last = {10, 1, G_MAXINT}, mended = {10, 0, 13},
                                 next = {10, 1, 0};
    return qblk_qemu_version_compare(version, &first) >= 0 &&
           qblk_qemu_version_compare(version, &last) <= 0 &&
           (qblk_qemu_version_compare(version, &mended) < 0 ||
            qblk_qemu_version_compare(version, &next) >= 0);
}

static gboolean
was_refused(const QblkReplies *replies, const char *command)
{
    const QblkReply *reply = qblk_replies_find(replies, command, NULL);
    return reply != NULL && reply->value == NULL;
}

/* Whether the job changed the graph and is not dismissed yet, or may get there at any moment
 * because it finalizes by itself and somebody else has to dismiss it. */
static gboolean
is_dangerous(const QblkReplies *replies, const QblkJob *job)
{
    if (!g_str_equal(job->type, "stream")) {
        return FALSE;
    }
    gboolean dismisses_itself = job->auto_dismiss && !was_refused(replies, "query-block-jobs");
    return g_str_equal(job->status, "concluded") || g_str_equal(job->status, "aborting") ||
           (job->auto_finalize && !dismisses_itself);
}

char *
qblk_job_forbids_nodes(const QblkReplies *replies, const GPtrArray *jobs)
{
    QblkQemuVersion version = {0};
    gboolean has_version = qblk_replies_version(replies, &version);
    if (has_version && !has_the_bug(&version)) {
        return NULL;
    }
    g_autofree char *qemu =
        has_version ? g_strdup_printf("QEMU %d.%d.%d", version.major, version.minor, version.micro)
                    : g_strdup("a QEMU of unknown version");
    if (was_refused(replies, "query-jobs")) {
        return g_strdup_printf("which jobs run is not known: asking %s for its block nodes could "
                               "crash the guest if a stream job is among them",
                               qemu);
    }
    for (guint i = 0; i < jobs->len; i++) {
        const QblkJob *job = jobs->pdata[i];
        if (is_dangerous(replies, job)) {
            return g_strdup_printf("stream job '%s' is %s and whoever started it has to dismiss "
                                   "it: asking %s for its block nodes before that could crash the "
                                   "guest; have the job dismissed, then try again",
                                   job->id, job->status, qemu);
        }
    }
    return NULL;
}
