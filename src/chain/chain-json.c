/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-json.h"

#include "graph/content-json.h"
#include "source/source-json.h"

static void
set_known(QblkJson *object, const char *key, gint64 value)
{
    qblk_json_set(object, key,
                  value == QBLK_UNKNOWN ? qblk_json_new_null() : qblk_json_new_integer(value));
}

static QblkJson *
others_json_new(const GPtrArray *others)
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
filters_json_new(const GPtrArray *filters)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        QblkJson *object = qblk_json_new_object();

        qblk_json_set_string(object, "node", filter->node_name);
        qblk_json_set_string(object, "driver", filter->driver);
        qblk_json_set(object, "others", others_json_new(filter->others));
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
file_json_new(const QblkLayer *layer)
{
    const QblkLayerFile *file = layer->file;
    if (!qblk_layer_file_differs(file)) {
        return qblk_json_new_null();
    }

    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "state", qblk_file_state_name(file->state));
    set_identity(object, "device", "inode", &file->open);
    qblk_json_set_integer(object, "offset", file->offset);
    qblk_json_set_string(object, "path", file->path);
    qblk_json_set_boolean(object, "deleted", file->is_deleted);
    set_identity(object, "name-device", "name-inode", &file->named);
    qblk_json_set_string(object, "reason", qblk_open_file_get_reason(&layer->open_file));
    return object;
}

QblkJson *
qblk_layer_json_new(const QblkLayer *layer)
{
    QblkJson *object = qblk_json_new_object();
    g_autoptr(GError) problem = NULL;
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, &problem);

    qblk_json_set_string(object, "spec", layer->spec);
    qblk_json_set_integer(object, "position", layer->position);
    set_known(object, "index", layer->index);
    qblk_json_set_string(object, "node", layer->node_name);
    qblk_json_set_string(object, "storage-node", layer->storage);
    qblk_json_set_string(object, "format", layer->format);
    qblk_json_set_string(object, "file", layer->filename);
    qblk_json_set(object, "open-file", file_json_new(layer));
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
    qblk_json_set(object, "internal-snapshots",
                  qblk_internal_snapshots_json_new(layer->internal_snapshots));
    qblk_json_set(object, "bitmaps", qblk_bitmaps_json_new(layer->bitmaps));
    qblk_json_set(object, "users", qblk_users_json_new(layer->users));
    qblk_json_set_boolean(object, "more-users", layer->has_more_users);
    qblk_json_set(object, "filters", filters_json_new(layer->filters));
    qblk_json_set(object, "storage-filters", filters_json_new(layer->storage_filters));
    return object;
}

static QblkJson *
mirror_json_new(const QblkChain *chain)
{
    const QblkMirror *mirror = chain->mirror;
    if (mirror == NULL) {
        return qblk_json_new_null();
    }

    QblkJson *object = qblk_json_new_object();
    g_autoptr(QblkSource) source = qblk_layer_decode_source(mirror->layer, NULL);
    qblk_json_set_string(object, "job", mirror->job);
    qblk_json_set_string(object, "kind", qblk_job_kind_name(qblk_mirror_get_kind(mirror)));
    qblk_json_set_boolean(object, "ready", mirror->ready);
    qblk_json_set_string(object, "node", mirror->layer->node_name);
    set_known(object, "index", mirror->layer->index);
    qblk_json_set_string(object, "format", mirror->layer->format);
    qblk_json_set_string(object, "file", mirror->layer->filename);
    qblk_json_set(object, "open-file", file_json_new(mirror->layer));
    qblk_json_set(object, "source", qblk_source_json_new(source));
    return object;
}

QblkJson *
qblk_chain_json_new(const QblkChain *chain)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "target", chain->target);
    qblk_json_set_string(object, "name-source", qblk_name_source_name(chain->name_source));
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
    qblk_json_set_string(object, "index-source",
                         qblk_index_source_name(qblk_chain_get_index_source(chain)));
    qblk_json_set_boolean(object, "complete", chain->is_complete);
    qblk_json_set(object, "mirror", mirror_json_new(chain));

    QblkJson *layers = qblk_json_new_array();
    for (guint i = 0; i < chain->layers->len; i++) {
        qblk_json_append(layers, qblk_layer_json_new(chain->layers->pdata[i]));
    }
    qblk_json_set(object, "layers", layers);

    return object;
}

char *
qblk_layer_to_json(const QblkLayer *layer)
{
    g_autoptr(QblkJson) json = qblk_layer_json_new(layer);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}

char *
qblk_chain_to_json(const QblkChain *chain)
{
    g_autoptr(QblkJson) json = qblk_chain_json_new(chain);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}
