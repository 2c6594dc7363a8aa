/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/report.h"

#include "chain/chain-json.h"
#include "graph/snapshot-jobs.h"

static void
set_known(QblkJson *object, const char *key, gint64 value)
{
    qblk_json_set(object, key,
                  value == QBLK_UNKNOWN ? qblk_json_new_null() : qblk_json_new_integer(value));
}

QblkJson *
qblk_report_layer(const QblkLayer *layer)
{
    return qblk_layer_json_new(layer);
}

QblkJson *
qblk_report_chain(const QblkChain *chain)
{
    return qblk_chain_json_new(chain);
}

const char *
qblk_report_file(const QblkNode *node)
{
    return g_str_has_prefix(node->filename, "json:") ? "" : node->filename;
}

QblkJson *
qblk_report_job(const QblkJob *job)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "id", job->id);
    qblk_json_set_string(object, "target", job->target);
    qblk_json_set_string(object, "kind", qblk_job_get_kind_name(job));
    qblk_json_set_string(object, "type", job->type);
    qblk_json_set_string(object, "state", job->status);
    qblk_json_set_boolean(object, "ready", job->ready);
    qblk_json_set_boolean(object, "paused", job->paused);
    qblk_json_set_integer(object, "progress", job->progress);
    qblk_json_set_integer(object, "total", job->total);
    set_known(object, "speed", job->speed);
    qblk_json_set_string(object, "io-status", job->io_status);
    qblk_json_set_string(object, "error", job->error);
    qblk_json_set_boolean(object, "auto-finalize", job->auto_finalize);
    qblk_json_set_boolean(object, "auto-dismiss", job->auto_dismiss);

    QblkJson *nodes = qblk_json_new_array();
    for (guint i = 0; i < job->nodes->len; i++) {
        const QblkChild *child = job->nodes->pdata[i];
        QblkJson *node = qblk_json_new_object();

        qblk_json_set_string(node, "role", child->name);
        qblk_json_set_string(node, "node", child->node->name);
        qblk_json_append(nodes, node);
    }
    qblk_json_set(object, "nodes", nodes);

    return object;
}
