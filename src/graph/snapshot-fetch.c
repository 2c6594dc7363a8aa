/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-fetch.h"

#include "base/limits.h"
#include "graph/batch.h"
#include "graph/snapshot.h"
#include "qmp/client.h"

/* A graph that a job changes between two queries is read again. */
#define ATTEMPTS 3

/* Each batch goes one step further from a disk towards the machine; no bus nests this deep. */
#define MOST_BATCHES 100

/* Send @queries and add what comes back to @replies. */
static gboolean
ask(QblkClient *client, GPtrArray *queries, QblkReplies *replies, GError **error)
{
    g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_answer_free);
    if (!qblk_client_call_batch(client, queries, answers, error)) {
        return FALSE;
    }
    for (guint i = 0; i < queries->len; i++) {
        QblkQuery *query = queries->pdata[i];
        QblkAnswer *answer = answers->pdata[i];
        qblk_replies_add(replies, query->command, g_steal_pointer(&query->arguments),
                         g_steal_pointer(&answer->value), g_steal_pointer(&answer->refusal));
    }
    return TRUE;
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

/* Before the nodes are asked for: a guest is not stopped for long, nor for a moment unannounced. */
static gboolean
check_busy(const QblkReplies *replies, const QblkSnapshotOptions *options, GError **error)
{
    guint64 nodes = qblk_batch_estimate_nodes(replies);
    guint64 busy_ms = qblk_batch_busy_ms(nodes);
    if (nodes > QBLK_LIMIT_NODES) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                    "the disks of this VM stand on about %" G_GUINT64_FORMAT
                    " nodes: asking for them would stop it for some %" G_GUINT64_FORMAT
                    " s, and more than %u are not asked for",
                    nodes, busy_ms / 1000, QBLK_LIMIT_NODES);
        return FALSE;
    }
    if (busy_ms > QBLK_BUSY_WARNING_MS && options->warning != NULL) {
        g_autofree char *message = g_strdup_printf(
            "this VM has about %" G_GUINT64_FORMAT
            " block nodes: each look at them keeps its monitor busy, and its disks waiting, for "
            "about %" G_GUINT64_FORMAT " ms",
            nodes, busy_ms);
        options->warning(message, options->warning_data);
    }
    return TRUE;
}

static QblkReplies *
fetch_once(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    for (guint i = 0; i < MOST_BATCHES; i++) {
        g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
        if (queries->len == 0) {
            return g_steal_pointer(&replies);
        }
        if (has_nodes_query(queries) && !check_busy(replies, options, error)) {
            return NULL;
        }
        if (!ask(client, queries, replies, error)) {
            return NULL;
        }
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                "the buses of this VM nest without end");
    return NULL;
}

/* Fetch and load, again while the graph changes under it.  Either result may be NULL for not
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
        if (snapshot == NULL && attempt < ATTEMPTS &&
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
qblk_snapshot_fetch_replies(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    QblkReplies *replies = NULL;
    return fetch(client, options, &replies, NULL, error) ? replies : NULL;
}

QblkSnapshot *
qblk_snapshot_fetch(QblkClient *client, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkSnapshotOptions) none = options == NULL ? qblk_snapshot_options_new() : NULL;
    QblkSnapshot *snapshot = NULL;
    return fetch(client, options == NULL ? none : options, NULL, &snapshot, error) ? snapshot
                                                                                   : NULL;
}
