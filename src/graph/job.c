/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/job.h"

#include "base/limits.h"
#include "base/redact.h"
#include "graph/node.h"
#include "graph/replies.h"

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
    const char *id; /* "device" in the reply, as older jobs have no other name */
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
load_job(const QblkJson *entry, GError **error)
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
find_job(GPtrArray *jobs, const char *id)
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
check_job_count(const QblkJson *entries, const char *command, GError **error)
{
    if (qblk_json_length(entries) <= QBLK_LIMIT_JOBS) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                "'%s' lists more jobs than the limit of %d", command, QBLK_LIMIT_JOBS);
    return FALSE;
}

/* Add @job, and take its ownership in any case. */
static gboolean
add_job(GPtrArray *jobs, QblkJob *job, GError **error)
{
    g_autoptr(QblkJob) owned = job;
    if (find_job(jobs, job->id) != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "two jobs have the id '%s'",
                    job->id);
        return FALSE;
    }
    g_ptr_array_add(jobs, g_steal_pointer(&owned));
    return TRUE;
}

/* Complete a job by its entry in query-block-jobs.  A job that ended between the two queries is in
 * one reply only. */
static gboolean
complete_job(GPtrArray *jobs, const QblkJson *entry, GError **error)
{
    BlockJobReply reply = {0};
    if (!qblk_json_read(entry, block_job_fields, &reply, "query-block-jobs", error)) {
        return FALSE;
    }
    QblkJob *job = find_job(jobs, reply.id);
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

/* Get the list that @command returned; NULL if QEMU refused it or it was not sent. */
static gboolean
get_list(const QblkReplies *replies, const char *command, const QblkJson **list, GError **error)
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
    if (!get_list(replies, "query-jobs", &entries, error) ||
        !get_list(replies, "query-block-jobs", &block_jobs, error)) {
        return NULL;
    }
    if (!check_job_count(entries, "query-jobs", error) ||
        !check_job_count(block_jobs, "query-block-jobs", error)) {
        return NULL;
    }

    for (gsize i = 0; i < qblk_json_length(entries); i++) {
        QblkJob *job = load_job(qblk_json_at(entries, i), error);
        if (job == NULL || !add_job(jobs, job, error)) {
            return NULL;
        }
    }

    for (gsize i = 0; i < qblk_json_length(block_jobs); i++) {
        if (!complete_job(jobs, qblk_json_at(block_jobs, i), error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&jobs);
}

static gboolean
is_between(const QblkQemuVersion *version, QblkQemuVersion first, QblkQemuVersion last)
{
    return qblk_qemu_version_compare(version, &first) >= 0 &&
           qblk_qemu_version_compare(version, &last) <= 0;
}

/* 6.0 to 10.1; 10.0.13 and later of 10.0 have the fix. */
gboolean
qblk_job_version_forbids_nodes(const QblkQemuVersion *version)
{
    static const QblkQemuVersion first = {6, 0, 0}, unfixed = {10, 0, 12}, next = {10, 1, 0},
                                 last = {10, 1, G_MAXINT};
    return is_between(version, first, unfixed) || is_between(version, next, last);
}

static gboolean
was_refused(const QblkReplies *replies, const char *command)
{
    const QblkReply *reply = qblk_replies_find(replies, command, NULL);
    return reply != NULL && reply->refusal != NULL;
}

/* TRUE if the job changed the graph and is not dismissed, or may do so at any moment: it finalizes
 * automatically and has to be dismissed by a client. */
static gboolean
is_dangerous(const QblkReplies *replies, const QblkJob *job)
{
    if (!g_str_equal(job->type, "stream")) {
        return FALSE;
    }
    if (g_str_equal(job->status, "concluded") || g_str_equal(job->status, "aborting")) {
        return TRUE;
    }
    gboolean dismisses_itself = job->auto_dismiss && !was_refused(replies, "query-block-jobs");
    return job->auto_finalize && !dismisses_itself;
}

char *
qblk_job_forbids_nodes(const QblkReplies *replies, const GPtrArray *jobs)
{
    QblkQemuVersion version = {0};
    gboolean has_version = qblk_replies_version(replies, &version);
    if (has_version && !qblk_job_version_forbids_nodes(&version)) {
        return NULL;
    }

    g_autofree char *qemu =
        has_version ? g_strdup_printf("QEMU %d.%d.%d", version.major, version.minor, version.micro)
                    : g_strdup("a QEMU of unknown version");
    if (was_refused(replies, "query-jobs")) {
        return g_strdup_printf("the jobs are not known: querying the block nodes of %s could crash "
                               "the guest if a stream job runs",
                               qemu);
    }

    for (guint i = 0; i < jobs->len; i++) {
        const QblkJob *job = jobs->pdata[i];
        if (is_dangerous(replies, job)) {
            return g_strdup_printf("stream job '%s' is %s and not dismissed: querying the block "
                                   "nodes of %s could crash the guest; dismiss the job, then try "
                                   "again",
                                   job->id, job->status, qemu);
        }
    }
    return NULL;
}

/* ---- for programs ---- */

const QblkNode *
qblk_job_find_node(const QblkJob *job, const char *role)
{
    for (guint i = 0; i < job->nodes->len; i++) {
        const QblkChild *child = job->nodes->pdata[i];
        if (g_str_equal(child->name, role)) {
            return child->node;
        }
    }
    return NULL;
}

const QblkNode *
qblk_job_mirror_target(const QblkJob *job)
{
    gboolean mirrors = g_str_equal(job->type, "mirror") || g_str_equal(job->type, "commit");
    return mirrors ? qblk_job_find_node(job, "target") : NULL;
}

const QblkNode *
qblk_job_copy_target(const QblkJob *job)
{
    gboolean copies = g_str_equal(job->type, "mirror") || g_str_equal(job->type, "backup");
    return copies ? qblk_job_find_node(job, "target") : NULL;
}

QblkJobKind
qblk_job_get_kind(const QblkJob *job)
{
    static const struct {
        const char *type;
        QblkJobKind kind;
    } kinds[] = {
        {"mirror", QBLK_JOB_KIND_COPY},
        {"stream", QBLK_JOB_KIND_PULL},
        {"backup", QBLK_JOB_KIND_BACKUP},
    };
    if (job->known_kind != QBLK_JOB_KIND_OTHER) {
        return job->known_kind;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(kinds[i].type, job->type)) {
            return kinds[i].kind;
        }
    }

    if (!g_str_equal(job->type, "commit")) {
        return QBLK_JOB_KIND_OTHER;
    }
    return qblk_job_mirror_target(job) != NULL ? QBLK_JOB_KIND_ACTIVE_COMMIT : QBLK_JOB_KIND_COMMIT;
}

const char *
qblk_job_get_kind_name(const QblkJob *job)
{
    const char *name = qblk_job_kind_name(qblk_job_get_kind(job));
    return name == NULL ? job->type : name;
}

const char *
qblk_job_get_id(const QblkJob *job)
{
    return job->id;
}

const char *
qblk_job_get_target(const QblkJob *job)
{
    return job->target;
}

const char *
qblk_job_get_job_type(const QblkJob *job)
{
    return job->type;
}

const char *
qblk_job_get_state(const QblkJob *job)
{
    return job->status;
}

gboolean
qblk_job_is_ready(const QblkJob *job)
{
    return job->ready;
}

gboolean
qblk_job_is_paused(const QblkJob *job)
{
    return job->paused;
}

gint64
qblk_job_get_progress(const QblkJob *job)
{
    return job->progress;
}

gint64
qblk_job_get_total(const QblkJob *job)
{
    return job->total;
}

gint64
qblk_job_get_speed(const QblkJob *job)
{
    return job->speed;
}

const char *
qblk_job_get_io_status(const QblkJob *job)
{
    return job->io_status;
}

const char *
qblk_job_get_error(const QblkJob *job)
{
    return job->error;
}

gboolean
qblk_job_get_auto_finalize(const QblkJob *job)
{
    return job->auto_finalize;
}

gboolean
qblk_job_get_auto_dismiss(const QblkJob *job)
{
    return job->auto_dismiss;
}

guint
qblk_job_get_n_nodes(const QblkJob *job)
{
    return job->nodes->len;
}

static const QblkChild *
edge_at(const QblkJob *job, guint index)
{
    return index < job->nodes->len ? job->nodes->pdata[index] : NULL;
}

const QblkNode *
qblk_job_get_node(const QblkJob *job, guint index)
{
    const QblkChild *edge = edge_at(job, index);
    return edge == NULL ? NULL : edge->node;
}

const char *
qblk_job_get_node_role(const QblkJob *job, guint index)
{
    const QblkChild *edge = edge_at(job, index);
    return edge == NULL ? NULL : edge->name;
}
