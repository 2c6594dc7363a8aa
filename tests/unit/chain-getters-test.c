/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON of a chain is written a second time, by the functions that programs have. */
#include "base/json.h"
#include "chain/chain-number.h"
#include "chain/chain.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "lib/xml-check.h"

#include <qblk/qblk.h>

/* ---- JSON by getters ---- */

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

static QblkJson *
json_of_layer(const QblkLayer *layer)
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

static QblkJson *
json_of_chain(const QblkChain *chain)
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
        qblk_json_append(layers, json_of_layer(qblk_chain_get_layer(chain, i)));
    }
    qblk_json_set(object, "layers", layers);
    return object;
}

/* ---- tests ---- */

static void
check_chain(const QblkChain *chain)
{
    g_autofree char *text = qblk_chain_to_json(chain);
    g_autoptr(QblkJson) json = json_of_chain(chain);
    g_autofree char *expected = qblk_json_print(json, QBLK_JSON_INDENT);
    assert_string_equal(text, expected);
    const char *bus = qblk_bus_name(qblk_chain_get_bus(chain));
    if (qblk_chain_get_bus(chain) != QBLK_BUS_OTHER) {
        assert_int_equal(g_strcmp0(bus, qblk_chain_get_bus_name(chain)), 0);
    }

    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        g_autofree char *own = qblk_layer_to_json(layer);
        g_autoptr(QblkJson) layer_json = json_of_layer(layer);
        g_autofree char *other = qblk_json_print(layer_json, QBLK_JSON_INDENT);
        assert_string_equal(own, other);
        assert_ptr_equal(qblk_layer_get_chain(layer), chain);
    }
}

/* Chains that cannot be made, such as a quorum, are left out. */
static void
the_json_of_each_recorded_chain_has_what_the_getters_return(void **state)
{
    g_autoptr(GPtrArray) all = graph_fixture_all();
    guint chains = 0, mirrors = 0;
    for (guint i = 0; i < all->len; i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(all->pdata[i]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const char *const *targets = qblk_snapshot_get_targets(snapshot);
        for (guint j = 0; targets[j] != NULL; j++) {
            g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, targets[j], NULL);
            if (chain != NULL) {
                check_chain(chain);
                chains++;
                mirrors += qblk_chain_get_mirror(chain) != NULL;
            }
        }
    }
    assert_true(chains > all->len / 2);
    assert_true(mirrors > 0);
}

static QblkFilter *
add_filter(GPtrArray *filters, const char *name)
{
    qblk_chain_filter_add(filters, name, "copy-before-write");
    qblk_chain_filter_add_other(filters, "target", "scratch\n");
    return filters->pdata[filters->len - 1];
}

/* A chain whose values are those of a hostile QEMU. */
static QblkChain *
new_odd_chain(void)
{
    QblkChain *chain = xml_check_chain(3);
    QblkLayer *top = chain->layers->pdata[0], *base = chain->layers->pdata[2];
    chain->bus = "xen";
    chain->kind = QBLK_DEVICE_KIND_LUN;
    chain->name_source = QBLK_NAME_SOURCE_BACKEND;
    chain->alias = g_strdup("");
    chain->qdev = g_strdup("\xff\xfe");
    chain->backend = g_strdup("\x1b[31m");
    chain->serial = g_strdup("\"\\");
    chain->io_status = g_strdup("nospace");
    chain->removable = chain->tray_open = chain->read_only = TRUE;
    chain->is_stopped = TRUE;
    chain->is_complete = FALSE;

    top->virtual_size = G_MAXINT64;
    top->actual_size = 0;
    top->written_end = 1;
    top->write_threshold = G_MAXINT64;
    top->read_only = top->is_inactive = top->has_more_users = TRUE;
    top->backing_name = g_strdup("json:{");
    top->backing_format = g_strdup("");
    top->encryption = g_strdup("luks");
    g_free(base->node_name);
    base->node_name = NULL;
    base->write_threshold = 0;
    g_free(base->format);
    base->format = g_strdup("vhdx2");
    g_clear_pointer(&base->source, qblk_source_unref);
    add_filter(top->filters, "f");
    add_filter(base->storage_filters, "");

    xml_check_add_mirror(chain, FALSE, "m", "/m");
    chain->mirror->ready = TRUE;
    return chain;
}

static void
odd_values_are_those_of_the_json(void **state)
{
    g_autoptr(QblkChain) chain = new_odd_chain();
    check_chain(chain);
    assert_true(qblk_chain_has_stopped_guest(chain));
    assert_int_equal(qblk_chain_get_bus(chain), QBLK_BUS_OTHER);
    assert_string_equal(qblk_chain_get_bus_name(chain), "xen");

    const QblkLayer *base = qblk_chain_get_layer(chain, 2);
    assert_int_equal(qblk_layer_get_format(base), QBLK_FORMAT_OTHER);
    assert_string_equal(qblk_layer_get_format_name(base), "vhdx2");
    assert_int_equal(qblk_layer_get_write_threshold(base), QBLK_UNKNOWN);
    assert_null(qblk_chain_get_layer(chain, 3));
    assert_null(qblk_layer_get_filter(base, G_MAXUINT));
    assert_null(qblk_layer_get_bitmap(base, 0));
    assert_null(qblk_layer_get_further_file(base, 0));
}

static void
a_layer_is_named_as_users_name_it(void **state)
{
    g_autoptr(QblkChain) chain = new_odd_chain();
    assert_string_equal(qblk_layer_get_spec(qblk_chain_get_layer(chain, 0)), "vda");
    assert_string_equal(qblk_layer_get_spec(qblk_chain_get_layer(chain, 1)), "vda[1]");
    const QblkLayer *destination = qblk_mirror_get_layer(qblk_chain_get_mirror(chain));
    assert_string_equal(qblk_layer_get_spec(destination), "node:m");

    QblkLayer *middle = chain->layers->pdata[1], *base = chain->layers->pdata[2];
    chain->has_own_indexes = TRUE;
    middle->index = base->index = QBLK_UNKNOWN;
    qblk_chain_number(chain);
    assert_string_equal(qblk_layer_get_spec(middle), "node:node-1");
    assert_string_equal(qblk_layer_get_spec(base), "/images/2");
}

static void
what_belongs_to_a_chain_outlives_the_reference_to_it(void **state)
{
    QblkChain *chain = new_odd_chain();
    g_autoptr(QblkLayer) base = qblk_layer_ref(qblk_chain_get_layer(chain, 2));
    g_autoptr(QblkFilter) filter = qblk_filter_ref(qblk_layer_get_storage_filter(base, 0));
    g_autoptr(QblkMirror) mirror = qblk_mirror_ref(qblk_chain_get_mirror(chain));
    g_autoptr(QblkLayer) destination = qblk_layer_ref(qblk_mirror_get_layer(mirror));
    qblk_chain_unref(chain);

    assert_ptr_equal(qblk_layer_get_chain(base), chain);
    assert_string_equal(qblk_layer_get_filename(base), "/images/2");
    qblk_layer_unref(g_steal_pointer(&base));
    assert_string_equal(qblk_filter_get_driver(filter), "copy-before-write");
    qblk_filter_unref(g_steal_pointer(&filter));
    assert_true(qblk_mirror_is_ready(mirror));
    qblk_mirror_unref(g_steal_pointer(&mirror));
    assert_ptr_equal(qblk_layer_get_chain(destination), chain);
    assert_string_equal(qblk_chain_get_target(qblk_layer_get_chain(destination)), "vda");
    qblk_layer_unref(NULL);
    qblk_filter_unref(NULL);
    qblk_mirror_unref(NULL);
    qblk_open_file_unref(NULL);
}

static void
an_open_file_has_the_identity_of_both_files(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    assert_null(qblk_layer_get_open_file(layer));
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = QBLK_FILE_ANOTHER;
    layer->file->open = (QblkFileIdentity){.device = 1, .inode = 2};
    layer->file->named = (QblkFileIdentity){.device = 3, .inode = QBLK_INODE_CHARACTER_DEVICE};
    layer->file->offset = 512;
    layer->file->path = g_strdup("/true");
    qblk_chain_further_file_add(layer, "/data", layer->file);
    qblk_chain_number(chain);
    check_chain(chain);

    g_autoptr(QblkOpenFile) file = qblk_open_file_ref(qblk_layer_get_open_file(layer));
    assert_string_equal(qblk_open_file_get_name(file), "/images/0");
    assert_true(qblk_open_file_is_known(file));
    assert_null(qblk_open_file_get_reason(file));
    assert_int_equal(qblk_open_file_get_named_inode(file), QBLK_UNKNOWN);
    g_autofree char *text = qblk_open_file_to_text(file);
    assert_non_null(strstr(text, "/images/0"));
    assert_non_null(strstr(text, "/true"));

    assert_int_equal(qblk_layer_get_n_further_files(layer), 1);
    const QblkOpenFile *further = qblk_layer_get_further_file(layer, 0);
    assert_string_equal(qblk_open_file_get_name(further), "/data");
    g_autoptr(QblkOpenFile) more = qblk_open_file_ref(further);
    qblk_chain_unref(g_steal_pointer(&chain));
    assert_string_equal(qblk_open_file_get_path(more), "/true");
}

static void
a_file_that_is_not_known_has_the_reason_of_its_chain(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = QBLK_FILE_UNKNOWN;
    chain->unknown_files = g_strdup("a relay");
    qblk_chain_number(chain);
    check_chain(chain);

    const QblkOpenFile *file = qblk_layer_get_open_file(layer);
    assert_string_equal(qblk_open_file_get_reason(file), "a relay");
    assert_string_equal(qblk_chain_get_unknown_files(chain), "a relay");
    assert_false(qblk_open_file_is_known(file));
    assert_int_equal(qblk_open_file_get_device(file), QBLK_UNKNOWN);
    assert_int_equal(qblk_open_file_get_inode(file), QBLK_UNKNOWN);
    assert_null(qblk_open_file_get_path(file));
}

static void
each_value_has_the_word_of_the_json(void **state)
{
    static const char *const formats[] = {"bochs", "cloop", "dmg", "luks", "parallels",
                                          "qcow",  "qcow2", "qed", "raw",  "vdi",
                                          "vhdx",  "vmdk",  "vpc"};
    static const char *const states[] = {"same", "another-file", "gone", "descriptor", "unknown"};
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_free(layer->format);
        layer->format = g_strdup(formats[i]);
        assert_int_equal(qblk_layer_get_format(layer), QBLK_FORMAT_BOCHS + (int)i);
        assert_string_equal(qblk_format_name(qblk_layer_get_format(layer)), formats[i]);
    }
    g_free(layer->format);
    layer->format = g_strdup("unknown");
    assert_int_equal(qblk_layer_get_format(layer), QBLK_FORMAT_UNKNOWN);
    assert_string_equal(qblk_format_name(QBLK_FORMAT_UNKNOWN), "unknown");
    assert_null(qblk_format_name(QBLK_FORMAT_OTHER));
    g_clear_pointer(&layer->format, g_free);
    assert_int_equal(qblk_layer_get_format(layer), QBLK_FORMAT_UNKNOWN);

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        assert_string_equal(qblk_file_state_name((QblkFileState)i), states[i]);
    }
    assert_string_equal(qblk_index_source_name(QBLK_INDEX_SOURCE_POSITION), "position");
    assert_string_equal(qblk_index_source_name(QBLK_INDEX_SOURCE_LIBVIRT), "libvirt");
    assert_string_equal(qblk_index_source_name(QBLK_INDEX_SOURCE_DOMAIN), "domain");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_json_of_each_recorded_chain_has_what_the_getters_return),
        cmocka_unit_test(odd_values_are_those_of_the_json),
        cmocka_unit_test(a_layer_is_named_as_users_name_it),
        cmocka_unit_test(what_belongs_to_a_chain_outlives_the_reference_to_it),
        cmocka_unit_test(an_open_file_has_the_identity_of_both_files),
        cmocka_unit_test(a_file_that_is_not_known_has_the_reason_of_its_chain),
        cmocka_unit_test(each_value_has_the_word_of_the_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
