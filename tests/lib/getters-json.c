/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/getters-json.h"

#include "lib/check.h"

#include <qblk/qblk.h>

static void
set_known(QblkJson *object, const char *key, gint64 value)
{
    qblk_json_set(object, key,
                  value == QBLK_UNKNOWN ? qblk_json_new_null() : qblk_json_new_integer(value));
}

static QblkJson *
json_of_filter(const QblkFilter *filter)
{
    QblkJson *object = qblk_json_new_object(), *others = qblk_json_new_array();
    guint count = qblk_filter_get_n_others(filter);
    qblk_json_set_string(object, "node", qblk_filter_get_node_name(filter));
    qblk_json_set_string(object, "driver", qblk_filter_get_driver(filter));
    for (guint i = 0; i < count; i++) {
        QblkJson *other = qblk_json_new_object();
        qblk_json_set_string(other, "child", qblk_filter_get_other_child_name(filter, i));
        qblk_json_set_string(other, "node", qblk_filter_get_other_node_name(filter, i));
        qblk_json_append(others, other);
    }
    qblk_json_set(object, "others", others);
    assert_null(qblk_filter_get_other_child_name(filter, count));
    assert_null(qblk_filter_get_other_node_name(filter, count));
    return object;
}

/* A character device has the inode -1, which is that of no file. */
static void
set_identity(QblkJson *object, const char *device_key, gint64 device, const char *inode_key,
             gint64 inode)
{
    set_known(object, device_key, device);
    if (device == QBLK_UNKNOWN) {
        assert_int_equal(inode, QBLK_UNKNOWN);
        set_known(object, inode_key, inode);
    } else {
        qblk_json_set_integer(object, inode_key, inode);
    }
}

static QblkJson *
json_of_open_file(const QblkOpenFile *file)
{
    if (file == NULL || qblk_open_file_get_state(file) == QBLK_FILE_SAME) {
        return qblk_json_new_null();
    }
    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "state", qblk_file_state_name(qblk_open_file_get_state(file)));
    set_identity(object, "device", qblk_open_file_get_device(file), "inode",
                 qblk_open_file_get_inode(file));
    qblk_json_set_integer(object, "offset", qblk_open_file_get_offset(file));
    qblk_json_set_string(object, "path", qblk_open_file_get_path(file));
    qblk_json_set_boolean(object, "deleted", qblk_open_file_is_deleted(file));
    set_identity(object, "name-device", qblk_open_file_get_named_device(file), "name-inode",
                 qblk_open_file_get_named_inode(file));
    qblk_json_set_string(object, "reason", qblk_open_file_get_reason(file));
    return object;
}

static QblkJson *
json_of_source(const QblkSource *source)
{
    if (source == NULL) {
        return qblk_json_new_null();
    }
    g_autofree char *text = qblk_source_to_json(source);
    return qblk_json_parse(text, strlen(text), NULL);
}

static QblkJson *
json_of_internal_snapshots(const QblkLayer *layer)
{
    QblkJson *list = qblk_json_new_array();
    guint count = qblk_layer_get_n_internal_snapshots(layer);
    for (guint i = 0; i < count; i++) {
        const QblkInternalSnapshot *snapshot = qblk_layer_get_internal_snapshot(layer, i);
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_string(object, "name", qblk_internal_snapshot_get_name(snapshot));
        qblk_json_set_integer(object, "date", qblk_internal_snapshot_get_date(snapshot));
        qblk_json_set_integer(object, "vm-state-size",
                              qblk_internal_snapshot_get_vm_state_size(snapshot));
        qblk_json_append(list, object);
    }
    assert_null(qblk_layer_get_internal_snapshot(layer, count));
    return list;
}

static QblkJson *
json_of_bitmaps(const QblkLayer *layer)
{
    QblkJson *list = qblk_json_new_array();
    guint count = qblk_layer_get_n_bitmaps(layer);
    for (guint i = 0; i < count; i++) {
        const QblkBitmap *bitmap = qblk_layer_get_bitmap(layer, i);
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_string(object, "name", qblk_bitmap_get_name(bitmap));
        qblk_json_set_integer(object, "granularity", qblk_bitmap_get_granularity(bitmap));
        qblk_json_set_integer(object, "dirty", qblk_bitmap_get_dirty(bitmap));
        qblk_json_set_boolean(object, "persistent", qblk_bitmap_is_persistent(bitmap));
        qblk_json_set_boolean(object, "recording", qblk_bitmap_is_recording(bitmap));
        qblk_json_set_boolean(object, "busy", qblk_bitmap_is_busy(bitmap));
        qblk_json_set_boolean(object, "inconsistent", qblk_bitmap_is_inconsistent(bitmap));
        qblk_json_append(list, object);
    }
    assert_null(qblk_layer_get_bitmap(layer, count));
    return list;
}

static QblkJson *
json_of_users(const QblkLayer *layer)
{
    QblkJson *list = qblk_json_new_array();
    guint count = qblk_layer_get_n_users(layer);
    for (guint i = 0; i < count; i++) {
        const QblkUser *user = qblk_layer_get_user(layer, i);
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_string(object, "kind", qblk_user_kind_name(qblk_user_get_kind(user)));
        qblk_json_set_string(object, "name", qblk_user_get_name(user));
        qblk_json_set_string(object, "type", qblk_user_get_user_type(user));
        qblk_json_set_string(object, "role", qblk_user_get_role(user));
        qblk_json_set_string(object, "node", qblk_user_get_node_name(user));
        qblk_json_set_boolean(object, "direct", qblk_user_is_direct(user));
        qblk_json_set_string(object, "access", qblk_export_access_name(qblk_user_get_access(user)));
        qblk_json_set_string(object, "state", qblk_user_get_state(user));
        qblk_json_append(list, object);
    }
    assert_null(qblk_layer_get_user(layer, count));
    return list;
}

static QblkJson *
json_of_filters(const QblkLayer *layer, guint count,
                const QblkFilter *(*get)(const QblkLayer *layer, guint position))
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < count; i++) {
        qblk_json_append(list, json_of_filter(get(layer, i)));
    }
    assert_null(get(layer, count));
    return list;
}

QblkJson *
getters_json_of_layer(const QblkLayer *layer)
{
    QblkJson *object = qblk_json_new_object();
    g_autoptr(GError) problem = NULL;
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, &problem);
    qblk_json_set_string(object, "spec", qblk_layer_get_spec(layer));
    qblk_json_set_integer(object, "position", qblk_layer_get_position(layer));
    set_known(object, "index", qblk_layer_get_index(layer));
    qblk_json_set_string(object, "node", qblk_layer_get_node_name(layer));
    qblk_json_set_string(object, "storage-node", qblk_layer_get_storage_node_name(layer));
    qblk_json_set_string(object, "format", qblk_layer_get_format_name(layer));
    qblk_json_set_string(object, "file", qblk_layer_get_filename(layer));
    qblk_json_set(object, "open-file", json_of_open_file(qblk_layer_get_open_file(layer)));
    qblk_json_set(object, "source", json_of_source(source));
    if (source == NULL) {
        qblk_json_set_string(object, "problem", problem->message);
    }
    set_known(object, "virtual-size", qblk_layer_get_virtual_size(layer));
    set_known(object, "actual-size", qblk_layer_get_actual_size(layer));
    set_known(object, "written-end", qblk_layer_get_written_end(layer));
    set_known(object, "write-threshold", qblk_layer_get_write_threshold(layer));
    qblk_json_set_boolean(object, "read-only", qblk_layer_is_read_only(layer));
    qblk_json_set_boolean(object, "active", qblk_layer_is_active(layer));
    qblk_json_set_string(object, "backing-string", qblk_layer_get_backing_string(layer));
    qblk_json_set_string(object, "backing-format", qblk_layer_get_backing_format(layer));
    qblk_json_set_string(object, "encryption", qblk_layer_get_encryption(layer));
    qblk_json_set(object, "internal-snapshots", json_of_internal_snapshots(layer));
    qblk_json_set(object, "bitmaps", json_of_bitmaps(layer));
    qblk_json_set(object, "users", json_of_users(layer));
    qblk_json_set_boolean(object, "more-users", qblk_layer_has_more_users(layer));
    qblk_json_set(object, "filters",
                  json_of_filters(layer, qblk_layer_get_n_filters(layer), qblk_layer_get_filter));
    qblk_json_set(object, "storage-filters",
                  json_of_filters(layer, qblk_layer_get_n_storage_filters(layer),
                                  qblk_layer_get_storage_filter));
    return object;
}

static QblkJson *
json_of_mirror(const QblkMirror *mirror)
{
    if (mirror == NULL) {
        return qblk_json_new_null();
    }
    QblkJson *object = qblk_json_new_object();
    const QblkLayer *layer = qblk_mirror_get_layer(mirror);
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    qblk_json_set_string(object, "job", qblk_mirror_get_job_id(mirror));
    qblk_json_set_string(object, "kind", qblk_job_kind_name(qblk_mirror_get_kind(mirror)));
    qblk_json_set_boolean(object, "ready", qblk_mirror_is_ready(mirror));
    qblk_json_set_string(object, "node", qblk_layer_get_node_name(layer));
    set_known(object, "index", qblk_layer_get_index(layer));
    qblk_json_set_string(object, "format", qblk_layer_get_format_name(layer));
    qblk_json_set_string(object, "file", qblk_layer_get_filename(layer));
    qblk_json_set(object, "open-file", json_of_open_file(qblk_layer_get_open_file(layer)));
    qblk_json_set(object, "source", json_of_source(source));
    return object;
}

QblkJson *
getters_json_of_chain(const QblkChain *chain)
{
    QblkJson *object = qblk_json_new_object(), *layers = qblk_json_new_array();
    qblk_json_set_string(object, "target", qblk_chain_get_target(chain));
    qblk_json_set_string(object, "name-source",
                         qblk_name_source_name(qblk_chain_get_name_source(chain)));
    qblk_json_set_string(object, "bus", qblk_chain_get_bus_name(chain));
    qblk_json_set_string(object, "device",
                         qblk_device_kind_name(qblk_chain_get_device_kind(chain)));
    qblk_json_set_string(object, "alias", qblk_chain_get_alias(chain));
    qblk_json_set_string(object, "qdev", qblk_chain_get_qdev(chain));
    qblk_json_set_string(object, "backend", qblk_chain_get_backend(chain));
    qblk_json_set_string(object, "serial", qblk_chain_get_serial(chain));
    qblk_json_set_boolean(object, "removable", qblk_chain_is_removable(chain));
    qblk_json_set_boolean(object, "tray-open", qblk_chain_is_tray_open(chain));
    qblk_json_set_boolean(object, "read-only", qblk_chain_is_read_only(chain));
    qblk_json_set_string(object, "io-status", qblk_chain_get_io_status(chain));
    qblk_json_set_string(object, "fingerprint", qblk_chain_get_fingerprint(chain));
    qblk_json_set_string(object, "index-source",
                         qblk_index_source_name(qblk_chain_get_index_source(chain)));
    qblk_json_set_boolean(object, "complete", qblk_chain_is_complete(chain));
    qblk_json_set(object, "mirror", json_of_mirror(qblk_chain_get_mirror(chain)));
    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        qblk_json_append(layers, getters_json_of_layer(qblk_chain_get_layer(chain, i)));
    }
    qblk_json_set(object, "layers", layers);
    return object;
}
