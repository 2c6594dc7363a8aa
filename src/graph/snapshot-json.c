/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-json.h"

#include "graph/content-json.h"
#include "graph/snapshot-jobs.h"

/* ---- jobs ---- */

QblkJson *
qblk_job_json_new(const QblkJob *job)
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
    qblk_json_set(object, "speed",
                  job->speed == QBLK_UNKNOWN ? qblk_json_new_null()
                                             : qblk_json_new_integer(job->speed));
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

char *
qblk_job_to_json(const QblkJob *job)
{
    g_autoptr(QblkJson) json = qblk_job_json_new(job);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}

/* ---- the graph ---- */

static QblkJson *
node_json(const QblkNode *node)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "node", node->name);
    qblk_json_set_string(object, "driver", node->driver);
    qblk_json_set_string(object, "kind", qblk_node_kind_name(qblk_node_get_kind(node)));
    qblk_json_set_string(object, "file", node->filename);
    qblk_json_set_boolean(object, "read-only", node->read_only);
    qblk_json_set_boolean(object, "active", !node->is_inactive);
    qblk_json_set_string(object, "encryption", node->encryption);
    qblk_json_set(object, "internal-snapshots",
                  qblk_internal_snapshots_json_new(node->internal_snapshots));
    qblk_json_set(object, "bitmaps", qblk_bitmaps_json_new(node->bitmaps));

    QblkJson *children = qblk_json_new_array();
    for (guint i = 0; i < node->children->len; i++) {
        const QblkChild *child = node->children->pdata[i];
        QblkJson *edge = qblk_json_new_object();

        qblk_json_set_string(edge, "child", child->name);
        qblk_json_set_string(edge, "node", child->node->name);
        qblk_json_append(children, edge);
    }
    qblk_json_set(object, "children", children);

    return object;
}

static QblkJson *
disk_json(const QblkSnapshot *snapshot, const QblkDevice *device)
{
    const QblkNode *top = qblk_snapshot_jobs_top(snapshot, device);
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "target", device->target);
    qblk_json_set_string(object, "name-source", qblk_name_source_name(device->name_source));
    qblk_json_set_string(object, "bus", device->bus);
    qblk_json_set_string(object, "device", qblk_device_kind_name(device->kind));
    qblk_json_set_string(object, "qdev", device->qdev);
    qblk_json_set_string(object, "backend", device->backend);
    qblk_json_set_string(object, "node", top == NULL ? NULL : top->name);
    qblk_json_set_boolean(object, "vhost-user", device->is_vhost_user);
    return object;
}

static QblkJson *
export_json(const QblkExport *export)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "id", export->id);
    qblk_json_set_string(object, "type", export->type);
    qblk_json_set_string(object, "node", export->node_name);
    qblk_json_set_string(object, "access", qblk_export_access_name(export->access));
    qblk_json_set_boolean(object, "shutting-down", export->is_shutting_down);
    return object;
}

QblkJson *
qblk_snapshot_json_new(const QblkSnapshot *snapshot)
{
    QblkJson *disks = qblk_json_new_array();
    for (guint i = 0; i < snapshot->devices->len; i++) {
        qblk_json_append(disks, disk_json(snapshot, snapshot->devices->pdata[i]));
    }

    QblkJson *nodes = qblk_json_new_array();
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        qblk_json_append(nodes, node_json(snapshot->nodes->pdata[i]));
    }

    QblkJson *exports = qblk_json_new_array();
    for (guint i = 0; i < snapshot->exports->len; i++) {
        qblk_json_append(exports, export_json(snapshot->exports->pdata[i]));
    }

    QblkJson *jobs = qblk_json_new_array();
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        qblk_json_append(jobs, qblk_job_json_new(snapshot->jobs->pdata[i]));
    }

    QblkJson *result = qblk_json_new_object();
    g_autofree char *version = g_strdup_printf("%d.%d.%d", snapshot->version.major,
                                               snapshot->version.minor, snapshot->version.micro);
    qblk_json_set_string(result, "qemu", version);
    qblk_json_set_string(result, "name", snapshot->vm_name);
    qblk_json_set_string(result, "edges",
                         qblk_edge_source_name(qblk_snapshot_get_edge_source(snapshot)));
    qblk_json_set(result, "devices", disks);
    qblk_json_set(result, "nodes", nodes);
    qblk_json_set(result, "exports", exports);
    qblk_json_set(result, "jobs", jobs);
    return result;
}

char *
qblk_snapshot_to_json(const QblkSnapshot *snapshot)
{
    g_autoptr(QblkJson) json = qblk_snapshot_json_new(snapshot);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}
