/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-fetch.h"

#include "base/const-cast.h"
#include "base/limits.h"
#include "graph/batch.h"
#include "graph/image-replies.h"
#include "graph/snapshot.h"
#include "image/bridge-peer.h"
#include "image/image-chain.h"
#include "image/image-client.h"
#include "image/image.h"
#include "qmp/client.h"

#include <qblk/capture.h>
#include <unistd.h>

/* A graph that a job changes between two queries is read again. */
#define MAX_ATTEMPTS 3

/* Each batch goes one step from a disk towards the machine; buses do not nest this deep. */
#define MAX_BATCHES 100

/* The greeting has what query-version returns. */
static void
add_version(const QblkClient *client, QblkReplies *replies)
{
    const QblkJson *greeting = qblk_json_get(qblk_client_peek_greeting(client), "QMP");
    const QblkJson *version = qblk_json_get(greeting, "version");

    if (version != NULL && qblk_replies_find(replies, "query-version", NULL) == NULL) {
        (void)qblk_replies_add(replies, "query-version", NULL, qblk_json_copy(version), NULL);
    }
}

static gboolean
has_nodes_query(GPtrArray *queries)
{
    for (guint i = 0; i < queries->len; i++) {
        const QblkQuery *query = queries->pdata[i];
        if (g_str_equal(query->command, "query-named-block-nodes")) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A socket that this process has made itself leads to a process that it has started: the private
 * daemon, which has just opened the images by their names. */
static void
inspect_process(QblkClient *client, QblkReplies *replies)
{
    const GPtrArray *layers = qblk_client_get_image_layers(client);
    if (layers != NULL) {
        replies->image_layers = g_ptr_array_ref(qblk_const_cast(layers));
    }

    gint64 pid = qblk_client_get_process(client);
    if (pid != getpid()) {
        replies->opened = qblk_opened_files_new(pid);
        replies->arguments = qblk_process_arguments(pid);
        qblk_opened_files_read_headers(replies->opened);
    }
}

/* Send @queries and add the answers to @replies.  The process is looked at while QEMU collects the
 * nodes, which takes it longer and keeps it from opening files. */
static gboolean
send_queries(QblkClient *client, GPtrArray *queries, QblkReplies *replies, GError **error)
{
    g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_answer_free);
    g_autoptr(GArray) ids = qblk_client_submit_batch(client, queries);
    /* If the connection fails, so does the wait, which has the reason. */
    if (has_nodes_query(queries) && qblk_client_process(client, 0, NULL)) {
        inspect_process(client, replies);
    }
    if (!qblk_client_wait_batch(client, ids, answers, error)) {
        return FALSE;
    }
    for (guint i = 0; i < queries->len; i++) {
        QblkQuery *query = queries->pdata[i];
        QblkAnswer *answer = answers->pdata[i];
        qblk_replies_add_answer(replies, query->command, g_steal_pointer(&query->arguments),
                                answer);
    }
    return TRUE;
}

/* Estimate, before the nodes are queried, for how long that blocks the guest: refuse a long time,
 * warn of a short one. */
static gboolean
check_busy_time(const QblkReplies *replies, const QblkSnapshotOptions *options, GError **error)
{
    guint64 nodes = qblk_batch_estimate_nodes(replies);
    guint64 busy_ms = qblk_batch_busy_ms(nodes);
    if (nodes > QBLK_LIMIT_NODES) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                    "this VM has about %" G_GUINT64_FORMAT
                    " block nodes, more than the limit of %u: querying them would stop its disks "
                    "for about %" G_GUINT64_FORMAT " s",
                    nodes, QBLK_LIMIT_NODES, busy_ms / 1000);
        return FALSE;
    }
    if (busy_ms > QBLK_BUSY_WARNING_MS && options->warning != NULL) {
        g_autofree char *message = g_strdup_printf(
            "this VM has about %" G_GUINT64_FORMAT
            " block nodes: each query of them blocks its monitor and its disks for about "
            "%" G_GUINT64_FORMAT " ms",
            nodes, busy_ms);
        options->warning(message, options->warning_data.user_data);
    }
    return TRUE;
}

static QblkReplies *
fetch_once(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    if (!options->names_only) { /* the process is not looked at for names */
        qblk_bridge_peer_ask(client);
    }
    for (guint i = 0; i < MAX_BATCHES; i++) {
        g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
        if (queries->len == 0) {
            return g_steal_pointer(&replies);
        }
        if (has_nodes_query(queries) && !check_busy_time(replies, options, error)) {
            return NULL;
        }
        if (!send_queries(client, queries, replies, error)) {
            return NULL;
        }
        add_version(client, replies);
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                "the buses of this VM form a cycle");
    return NULL;
}

/* Fetch and load, again if the graph changes meanwhile.  Either result may be NULL if it is not
 * wanted. */
static gboolean
fetch(QblkClient *client, const QblkSnapshotOptions *options, QblkReplies **replies_out,
      QblkSnapshot **snapshot_out, GError **error)
{
    for (guint attempt = 1;; attempt++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(QblkReplies) replies = fetch_once(client, options, error);
        if (replies == NULL) {
            return FALSE;
        }

        g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &cause);
        if (snapshot == NULL && attempt < MAX_ATTEMPTS &&
            g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED)) {
            continue;
        }

        if (snapshot_out != NULL) {
            if (snapshot == NULL) {
                g_propagate_error(error, g_steal_pointer(&cause));
                return FALSE;
            }
            *snapshot_out = g_steal_pointer(&snapshot);
        }
        if (replies_out != NULL) {
            *replies_out = g_steal_pointer(&replies);
        }
        return TRUE;
    }
}

QblkReplies *
qblk_snapshot_fetch_replies(QblkClient *client, const QblkSnapshotOptions *options,
                            gboolean everything, GError **error)
{
    QblkReplies *replies = NULL;
    g_autoptr(QblkSnapshotOptions) defaults = options == NULL ? qblk_snapshot_options_new() : NULL;

    QblkSnapshotOptions borrowed = options == NULL ? *defaults : *options;
    borrowed.everything = everything;
    (void)fetch(client, &borrowed, &replies, NULL, error);
    return replies;
}

QblkSnapshot *
qblk_snapshot_fetch(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkSnapshotOptions) defaults = options == NULL ? qblk_snapshot_options_new() : NULL;
    QblkSnapshot *snapshot = NULL;
    (void)fetch(client, options == NULL ? defaults : options, NULL, &snapshot, error);
    return snapshot;
}

QblkSnapshot *
qblk_snapshot_fetch_names(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkSnapshotOptions) defaults = options == NULL ? qblk_snapshot_options_new() : NULL;
    QblkSnapshot *snapshot = NULL;

    QblkSnapshotOptions borrowed = options == NULL ? *defaults : *options;
    borrowed.names_only = TRUE;
    (void)fetch(client, &borrowed, NULL, &snapshot, error);
    return snapshot;
}

QblkCapture *
qblk_capture_fetch(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    return qblk_snapshot_fetch_replies(client, options, TRUE, error);
}

char *
qblk_capture(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkCapture) capture = qblk_capture_fetch(client, options, error);
    return capture == NULL ? NULL : qblk_capture_to_text(capture);
}

/* ---- images ---- */

static void
set_up_daemon(QblkClient *client, const QblkSnapshotOptions *options)
{
    if (options == NULL) {
        return;
    }
    qblk_client_set_reply_limit(client, options->reply_limit);
    if (options->logger != NULL) {
        qblk_client_set_logger(client, options->logger, options->logger_data.user_data, NULL);
    }
}

/* The headers of an encrypted image, which the daemon opens only with its key, show all but its
 * data.  @cause: (transfer full): why the daemon did not open the image */
static QblkReplies *
read_headers(const char *path, const QblkImageOptions *how, GError *cause, GError **error)
{
    g_autoptr(GPtrArray) layers = qblk_image_chain_for(path, how, NULL);
    if (layers == NULL || how->secrets->len > 0 || !qblk_image_replies_are_needed(layers)) {
        g_propagate_error(error, cause);
        return NULL;
    }

    g_error_free(cause);
    QblkReplies *replies = qblk_image_replies_new(layers, error);
    if (replies != NULL) {
        replies->image_layers = g_ptr_array_ref(layers);
    }
    return replies;
}

/* The storage daemon ends with the image, after its last reply. */
static QblkReplies *
fetch_from_image(const char *path, const QblkImageOptions *how, const QblkSnapshotOptions *options,
                 gboolean everything, GError **error)
{
    GError *cause = NULL;
    g_autoptr(QblkImage) image = qblk_image_open_for(path, how, QBLK_IMAGE_FOR_READING, &cause);
    if (g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED)) {
        return read_headers(path, how, cause, error);
    }
    if (image == NULL) {
        g_propagate_error(error, cause);
        return NULL;
    }

    g_autoptr(QblkClient) client =
        qblk_client_start_fd(qblk_image_take_fd(image), how->timeout_ms, error);
    QblkReplies *replies = NULL;
    if (client != NULL) {
        set_up_daemon(client, options);
        replies = qblk_snapshot_fetch_replies(client, options, everything, error);
    }

    if (replies == NULL) {
        g_prefix_error(error, "image '%s': ", path);
        return NULL;
    }
    replies->image_layers = g_ptr_array_ref(image->layers);
    return replies;
}

QblkCapture *
qblk_capture_fetch_image(const char *path, QblkImageOptions *how,
                         const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkImageOptions) defaults = how == NULL ? qblk_image_options_new() : NULL;

    return fetch_from_image(path, how == NULL ? defaults : how, options, TRUE, error);
}

QblkSnapshot *
qblk_snapshot_open_image(const char *path, QblkImageOptions *how,
                         const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkImageOptions) defaults = how == NULL ? qblk_image_options_new() : NULL;
    g_autoptr(QblkReplies) replies =
        fetch_from_image(path, how == NULL ? defaults : how, options, FALSE, error);

    return replies == NULL ? NULL : qblk_snapshot_load(replies, options, error);
}

/* ---- jobs ---- */

QblkSnapshot *
qblk_snapshot_fetch_jobs(QblkClient *client, const QblkSnapshot *known, GError **error)
{
    static const char *const commands[] = {"query-jobs", "query-block-jobs"};
    g_autoptr(QblkReplies) replies = qblk_replies_new();

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        QblkJson *value = qblk_client_call(client, commands[i], NULL, error);
        if (value == NULL) {
            return NULL;
        }
        (void)qblk_replies_add(replies, commands[i], NULL, value, NULL);
    }
    return qblk_snapshot_load_jobs(replies, known, error);
}

/* ---- changes ---- */

gboolean
qblk_snapshot_fetch_mark(QblkClient *client, char **mark, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkJson) graph = qblk_client_call(client, "x-debug-query-block-graph", NULL, &cause);

    *mark = NULL;
    if (graph != NULL) {
        g_autofree char *text = qblk_json_print(graph, QBLK_JSON_COMPACT);
        *mark = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
        return TRUE;
    }

    /* A reply is a sign of life. */
    gboolean is_reply = g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND) ||
                        g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED);
    if (!is_reply) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return is_reply;
}
