/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/guard-row.h"

#include "graph/snapshot.h"
#include "plan/crash-guard.h"

#include <qblk/error.h>
#include <qblk/snapshot-fetch.h>

/* ---- queries ---- */

static gboolean
add_query(const QblkGuardLook *look, QblkReplies *replies, const char *command, GError **error)
{
    guint64 id = qblk_client_submit_json(look->client, command, NULL, 0);
    g_autoptr(QblkAnswer) answer = qblk_client_wait_answer(look->client, id, error);
    if (answer == NULL) {
        return FALSE;
    }
    qblk_replies_add_answer(replies, command, NULL, answer);
    return TRUE;
}

/* Returns: (transfer full): of QblkJob; @replies (out) is what they were loaded from */
static GPtrArray *
fetch_jobs(const QblkGuardLook *look, QblkReplies **replies, GError **error)
{
    QblkJobTable *table = look->table;
    guint64 events = qblk_job_table_events(table);
    g_autoptr(QblkReplies) received = qblk_replies_new();
    if (look->version != NULL) {
        qblk_replies_add(received, "query-version", NULL, qblk_json_ref(look->version), NULL);
    }
    if (!add_query(look, received, "query-jobs", error) ||
        !add_query(look, received, "query-block-jobs", error)) {
        return NULL;
    }

    const QblkJson *listed = qblk_replies_value(received, "query-jobs");
    if (listed != NULL) {
        qblk_job_table_load(table, listed, events);
    }
    GPtrArray *jobs = qblk_job_load_all(received, error);
    if (jobs != NULL && replies != NULL) {
        *replies = g_steal_pointer(&received);
    }
    return jobs;
}

static const QblkJob *
find_job(const GPtrArray *jobs, const char *id)
{
    for (guint i = 0; id != NULL && i < jobs->len; i++) {
        const QblkJob *job = jobs->pdata[i];
        if (g_str_equal(job->id, id)) {
            return job;
        }
    }
    return NULL;
}

static gboolean
is_mirror(const QblkJob *job)
{
    return g_str_equal(job->type, "mirror");
}

/* ---- nodes ---- */

static gboolean
needs_nodes(const QblkQemuVersion *version)
{
    return qblk_job_version_forbids_nodes(version);
}

static gboolean
check_nodes(const QblkGuardLook *look, GError **error)
{
    if (!qblk_job_table_may_have_jobs(look->table)) {
        return TRUE;
    }

    g_autoptr(QblkReplies) replies = NULL;
    g_autoptr(GPtrArray) jobs = fetch_jobs(look, &replies, error);
    if (jobs == NULL) {
        return FALSE;
    }
    g_autofree char *reason = qblk_job_forbids_nodes(replies, jobs);
    if (reason != NULL) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, reason);
        return FALSE;
    }
    return TRUE;
}

/* ---- jobs ---- */

static gboolean
needs_replace(const QblkQemuVersion *version)
{
    return qblk_crash_guard_concerns(version, QBLK_CRASH_REPLACE);
}

static gboolean
needs_complete(const QblkQemuVersion *version)
{
    return needs_replace(version) || qblk_crash_guard_concerns(version, QBLK_CRASH_TWICE);
}

/* The first node that is no filter, from @node downwards. */
static const QblkNode *
below_filters(const QblkSnapshot *snapshot, const QblkNode *node)
{
    for (guint i = 0; node != NULL && i < snapshot->nodes->len; i++) {
        const QblkNode *child = qblk_node_filtered(node);
        if (child == NULL) {
            return node;
        }
        node = child;
    }
    return node;
}

/* What a crash could come from that ends a job with a change. */
typedef gboolean (*EndCheck)(const QblkSnapshot *snapshot, const char *node_name,
                             const char *target, GError **error);

/* Check each node that @job may replace. */
static gboolean
check_job(const QblkSnapshot *snapshot, const QblkJob *job, EndCheck check, GError **error)
{
    for (guint i = 0; i < job->nodes->len; i++) {
        const QblkChild *child = job->nodes->pdata[i];
        const QblkNode *node = below_filters(snapshot, child->node);
        const char *target = job->target == NULL ? node->name : job->target;
        if (!g_str_equal(child->name, "target") && !g_str_equal(child->name, "base") &&
            !check(snapshot, node->name, target, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
check_end(const QblkGuardLook *look, EndCheck check, GError **error)
{
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(look->client, NULL, error);
    if (snapshot == NULL) {
        return FALSE;
    }
    const QblkJob *job = find_job(snapshot->jobs, look->subject);
    gboolean changes = job != NULL && (is_mirror(job) || g_str_equal(job->type, "commit"));
    return !changes || check_job(snapshot, job, check, error);
}

/* What could crash QEMU at the end of a job.  The filter of the job itself is closed then, and also
 * the node below it, unless it is a mirror without `replaces`. */
static gboolean
check_closed_nodes(const QblkSnapshot *snapshot, const char *node_name, const char *target,
                   GError **error)
{
    return qblk_crash_guard_check_replaced(snapshot, node_name, target, error);
}

static gboolean
check_closed_filter(const QblkSnapshot *snapshot, const char *node_name, const char *target,
                    GError **error)
{
    return qblk_crash_guard_check_cancelled(snapshot, node_name, error);
}

static gboolean
check_pivot(const QblkGuardLook *look, GError **error)
{
    const QblkJobTable *table = look->table;
    if (!needs_replace(&look->number) || look->subject == NULL) {
        return TRUE;
    }
    gboolean may_replace = qblk_job_table_may_replace(table, look->subject);
    return check_end(look, may_replace ? check_closed_nodes : check_closed_filter, error);
}

static gboolean
check_complete(const QblkGuardLook *look, GError **error)
{
    const QblkQemuVersion *version = &look->number;
    const QblkJobTable *table = look->table;
    g_autoptr(GPtrArray) jobs = fetch_jobs(look, NULL, error);
    if (jobs == NULL) {
        return FALSE;
    }

    const QblkJob *job = find_job(jobs, look->subject);
    if (job == NULL) {
        return TRUE; /* QEMU refuses it */
    }
    if (qblk_crash_guard_concerns(version, QBLK_CRASH_TWICE) && is_mirror(job) &&
        qblk_job_table_is_completed(table, job->id) && qblk_job_table_may_replace(table, job->id)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "job '%s' was told to complete before, and a second '%s' could crash this QEMU "
                    "(%d.%d.%d): wait until the job has ended",
                    job->id, look->command, version->major, version->minor, version->micro);
        return FALSE;
    }
    return check_pivot(look, error);
}

static gboolean
check_cancel(const QblkGuardLook *look, GError **error)
{
    return check_end(look, check_closed_filter, error);
}

/* TRUE if @node has an overlay, perhaps below filters. */
static gboolean
has_overlay(const QblkSnapshot *snapshot, const QblkNode *node)
{
    for (guint i = 0; i < node->parents->len; i++) {
        const QblkNode *parent = node->parents->pdata[i];
        gboolean is_filter = qblk_node_filtered(parent) == node;
        const QblkNode *backing = qblk_node_find_child(parent, "backing");
        if ((!is_filter && backing == node) || (is_filter && has_overlay(snapshot, parent))) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The top of an active commit is replaced when the job is completed, that of another one when the
 * job ends by itself. */
static gboolean
check_commit(const QblkGuardLook *look, GError **error)
{
    const char *top_node = qblk_json_get_string(look->arguments, "top-node");
    const char *top = qblk_json_get_string(look->arguments, "top");
    if (top_node == NULL && top == NULL) {
        return TRUE;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(look->client, NULL, error);
    for (guint i = 0; snapshot != NULL && i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        gboolean is_top = top_node == NULL ? g_strcmp0(node->filename, top) == 0
                                           : g_str_equal(node->name, top_node);
        if (is_top && has_overlay(snapshot, node) &&
            !qblk_crash_guard_check_replaced(snapshot, node->name, node->name, error)) {
            return FALSE;
        }
    }
    return snapshot != NULL;
}

/* ---- mirrors ---- */

static gboolean
needs_mirror(const QblkQemuVersion *version)
{
    return needs_complete(version) || qblk_crash_guard_concerns(version, QBLK_CRASH_MIRROR);
}

/* The node that `device` of a mirror means: its name, or a device or its drive. */
static const QblkNode *
find_root(const QblkSnapshot *snapshot, const char *name)
{
    const QblkNode *node = qblk_snapshot_find_node(snapshot, name);
    for (guint i = 0; node == NULL && i < snapshot->devices->len; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (g_strcmp0(device->backend, name) == 0 || g_strcmp0(device->qdev, name) == 0) {
            node = device->node;
        }
    }
    return node;
}

static gboolean
check_mirror(const QblkGuardLook *look, GError **error)
{
    const char *device = qblk_json_get_string(look->arguments, "device");
    if (device == NULL || !qblk_crash_guard_concerns(&look->number, QBLK_CRASH_MIRROR)) {
        return TRUE;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(look->client, NULL, error);
    const QblkNode *root = snapshot == NULL ? NULL : find_root(snapshot, device);
    return snapshot != NULL &&
           (root == NULL || qblk_crash_guard_check_mirrored(snapshot, root, device, error));
}

/* ---- closing ---- */

static gboolean
needs_close(const QblkQemuVersion *version)
{
    return qblk_crash_guard_concerns(version, QBLK_CRASH_CLOSE);
}

/* A bitmap is in use by an export or a job. */
static gboolean
check_close(const QblkGuardLook *look, GError **error)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    if (look->subject == NULL) {
        return TRUE;
    }
    if (!add_query(look, replies, "query-block-exports", error)) {
        return FALSE;
    }
    const QblkJson *exports = qblk_replies_value(replies, "query-block-exports");
    gboolean has_exports = exports == NULL || qblk_json_length(exports) > 0;
    if (!has_exports && !qblk_job_table_may_have_jobs(look->table)) {
        return TRUE;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(look->client, NULL, error);
    return snapshot != NULL && qblk_crash_guard_check_node_closed(snapshot, look->subject, error);
}

/* ---- the table ---- */

static const QblkGuardRow guards[] = {
    {"query-named-block-nodes", NULL, needs_nodes, check_nodes},
    {"job-complete", "id", needs_complete, check_complete},
    {"block-job-complete", "device", needs_complete, check_complete},
    {"job-finalize", "id", needs_replace, check_pivot},
    {"block-job-finalize", "id", needs_replace, check_pivot},
    {"job-cancel", "id", needs_replace, check_cancel},
    {"block-job-cancel", "device", needs_replace, check_cancel},
    {"block-commit", NULL, needs_replace, check_commit},
    {"blockdev-mirror", NULL, needs_mirror, check_mirror},
    {"drive-mirror", NULL, needs_mirror, check_mirror},
    {"blockdev-del", "node-name", needs_close, check_close},
};

const QblkGuardRow *
qblk_guard_row_find(const char *command)
{
    for (gsize i = 0; i < G_N_ELEMENTS(guards); i++) {
        if (g_str_equal(guards[i].command, command)) {
            return &guards[i];
        }
    }
    return NULL;
}
