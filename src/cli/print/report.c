/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/report.h"

#include "chain/chain-resolve.h"
#include "cli/print/report-content.h"
#include "graph/snapshot-jobs.h"
#include "source/source-json.h"

static void
set_known(QblkJson *object, const char *key, gint64 value)
{
    qblk_json_set(object, key,
                  value == QBLK_UNKNOWN ? qblk_json_new_null() : qblk_json_new_integer(value));
}

static QblkJson *
report_others(const GPtrArray *others)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < others->len; i++) {
        const QblkFilterChild *child = others->pdata[i];
        QblkJson *object = qblk_json_new_object();

        qblk_json_set_string(object, "child", child->edge);
        qblk_json_set_string(object, "node", child->node_name);
        qblk_json_append(list, object);
    }
    return list;
}

static QblkJson *
report_filters(const GPtrArray *filters)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        QblkJson *object = qblk_json_new_object();

        qblk_json_set_string(object, "node", filter->node_name);
        qblk_json_set_string(object, "driver", filter->driver);
        qblk_json_set(object, "others", report_others(filter->others));
        qblk_json_append(list, object);
    }
    return list;
}

static void
set_identity(QblkJson *object, const char *device, const char *inode, const QblkFileIdentity *file)
{
    if (qblk_file_identity_is_known(file)) {
        qblk_json_set_integer(object, device, file->device);
        qblk_json_set_integer(object, inode, file->inode);
    } else {
        qblk_json_set(object, device, qblk_json_new_null());
        qblk_json_set(object, inode, qblk_json_new_null());
    }
}

static QblkJson *
report_file(const QblkChain *chain, const QblkLayerFile *file)
{
    if (!qblk_layer_file_differs(file)) {
        return qblk_json_new_null();
    }

    QblkJson *object = qblk_json_new_object();
    gboolean is_unknown = file->state == QBLK_FILE_UNKNOWN;
    qblk_json_set_string(object, "state", qblk_layer_file_state_name(file->state));
    set_identity(object, "device", "inode", &file->open);
    qblk_json_set_integer(object, "offset", file->offset);
    qblk_json_set_string(object, "path", file->path);
    qblk_json_set_boolean(object, "deleted", file->is_deleted);
    set_identity(object, "name-device", "name-inode", &file->named);
    qblk_json_set_string(object, "reason",
                         is_unknown ? qblk_layer_file_reason(file, chain->unknown_files) : NULL);
    return object;
}

QblkJson *
qblk_report_layer(const QblkChain *chain, const QblkLayer *layer)
{
    QblkJson *object = qblk_json_new_object();
    g_autoptr(GError) problem = NULL;
    g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
    g_autoptr(QblkSource) source = qblk_layer_source_new(layer, &problem);

    qblk_json_set_string(object, "spec", spec);
    qblk_json_set_integer(object, "position", layer->position);
    set_known(object, "index", layer->index);
    qblk_json_set_string(object, "node", layer->node_name);
    qblk_json_set_string(object, "storage-node", layer->storage);
    qblk_json_set_string(object, "format", layer->format);
    qblk_json_set_string(object, "file", layer->filename);
    qblk_json_set(object, "open-file", report_file(chain, layer->file));
    qblk_json_set(object, "source", qblk_source_json_new(source));

    if (source == NULL) {
        qblk_json_set_string(object, "problem", problem->message);
    }

    set_known(object, "virtual-size", layer->virtual_size);
    set_known(object, "actual-size", layer->actual_size);
    set_known(object, "written-end", layer->written_end);
    set_known(object, "write-threshold",
              layer->write_threshold > 0 ? layer->write_threshold : QBLK_UNKNOWN);
    qblk_json_set_boolean(object, "read-only", layer->read_only);
    qblk_json_set_boolean(object, "active", !layer->is_inactive);
    qblk_json_set_string(object, "backing-string", layer->backing_name);
    qblk_json_set_string(object, "backing-format", layer->backing_format);
    qblk_json_set_string(object, "encryption", layer->encryption);
    qblk_json_set(object, "internal-snapshots", qblk_report_snapshots(layer->internal_snapshots));
    qblk_json_set(object, "bitmaps", qblk_report_bitmaps(layer->bitmaps));
    qblk_json_set(object, "users", qblk_report_users(layer->users));
    qblk_json_set_boolean(object, "more-users", layer->has_more_users);
    qblk_json_set(object, "filters", report_filters(layer->filters));
    qblk_json_set(object, "storage-filters", report_filters(layer->storage_filters));
    return object;
}

static QblkJson *
report_mirror(const QblkChain *chain)
{
    const QblkMirror *mirror = chain->mirror;
    if (mirror == NULL) {
        return qblk_json_new_null();
    }

    QblkJson *object = qblk_json_new_object();
    g_autoptr(QblkSource) source = qblk_layer_source_new(mirror->layer, NULL);
    qblk_json_set_string(object, "job", mirror->job);
    qblk_json_set_string(object, "kind", mirror->is_commit ? "active-commit" : "copy");
    qblk_json_set_boolean(object, "ready", mirror->ready);
    qblk_json_set_string(object, "node", mirror->layer->node_name);
    set_known(object, "index", mirror->layer->index);
    qblk_json_set_string(object, "format", mirror->layer->format);
    qblk_json_set_string(object, "file", mirror->layer->filename);
    qblk_json_set(object, "open-file", report_file(chain, mirror->layer->file));
    qblk_json_set(object, "source", qblk_source_json_new(source));
    return object;
}

static const char *
index_source(const QblkChain *chain)
{
    if (chain->has_own_indexes) {
        return "domain";
    }
    return chain->has_libvirt_indexes ? "libvirt" : "position";
}

QblkJson *
qblk_report_chain(const QblkChain *chain)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "target", chain->target);
    qblk_json_set_string(object, "name-source", qblk_chain_get_name_source(chain));
    qblk_json_set_string(object, "bus", chain->bus);
    qblk_json_set_string(object, "device", qblk_device_kind_name(chain->kind));
    qblk_json_set_string(object, "alias", chain->alias);
    qblk_json_set_string(object, "qdev", chain->qdev);
    qblk_json_set_string(object, "backend", chain->backend);
    qblk_json_set_string(object, "serial", chain->serial);
    qblk_json_set_boolean(object, "removable", chain->removable);
    qblk_json_set_boolean(object, "tray-open", chain->tray_open);
    qblk_json_set_boolean(object, "read-only", chain->read_only);
    qblk_json_set_string(object, "io-status", chain->io_status);
    qblk_json_set_string(object, "fingerprint", chain->fingerprint);
    qblk_json_set_string(object, "index-source", index_source(chain));
    qblk_json_set_boolean(object, "complete", chain->is_complete);
    qblk_json_set(object, "mirror", report_mirror(chain));

    QblkJson *layers = qblk_json_new_array();
    for (guint i = 0; i < chain->layers->len; i++) {
        qblk_json_append(layers, qblk_report_layer(chain, chain->layers->pdata[i]));
    }
    qblk_json_set(object, "layers", layers);

    return object;
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
    qblk_json_set_string(object, "kind", qblk_snapshot_jobs_kind(job));
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
