/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/device.h"

#include "base/limits.h"
#include "base/text.h"
#include "graph/graph-kinds.h"
#include "graph/qom.h"

#include <string.h>

/* Bus and kind by QOM type.  A disk of a USB or SATA controller is identified by the device that
 * owns its bus. */
static const struct {
    const char *type;
    const char *bus;
    QblkDeviceKind kind;
} types[] = {
    {"virtio-blk-device", "virtio", QBLK_DEVICE_KIND_DISK},
    {"scsi-hd", "scsi", QBLK_DEVICE_KIND_DISK},
    {"scsi-cd", "scsi", QBLK_DEVICE_KIND_CDROM},
    {"scsi-block", "scsi", QBLK_DEVICE_KIND_LUN},
    {"scsi-generic", "scsi", QBLK_DEVICE_KIND_LUN},
    {"ide-hd", "ide", QBLK_DEVICE_KIND_DISK},
    {"ide-cf", "ide", QBLK_DEVICE_KIND_DISK},
    {"ide-cd", "ide", QBLK_DEVICE_KIND_CDROM},
    {"floppy", "fdc", QBLK_DEVICE_KIND_FLOPPY},
    {"nvme", "nvme", QBLK_DEVICE_KIND_DISK},
    {"nvme-ns", "nvme", QBLK_DEVICE_KIND_DISK},
    {"sd-card", "sd", QBLK_DEVICE_KIND_DISK},
    {"cfi.pflash01", NULL, QBLK_DEVICE_KIND_FIRMWARE},
    {"cfi.pflash02", NULL, QBLK_DEVICE_KIND_FIRMWARE},
};

static const struct {
    const char *bus;
    const char *prefix;
} prefixes[] = {
    {"virtio", "vd"}, {"scsi", "sd"}, {"sata", "sd"},   {"usb", "sd"},
    {"ide", "hd"},    {"fdc", "fd"},  {"nvme", "nvme"}, {"sd", "sd"},
};

typedef struct {
    const char *device;
    const char *qdev;
    gboolean removable;
    gboolean tray_open;
    const char *io_status;
    const QblkJson *inserted;
} BlockReply;

static const QblkJsonField block_fields[] = {
    {"device", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(BlockReply, device)},
    {"qdev", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(BlockReply, qdev)},
    {"removable", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BlockReply, removable)},
    {"tray_open", QBLK_JSON_BOOLEAN, FALSE, G_STRUCT_OFFSET(BlockReply, tray_open)},
    {"io-status", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(BlockReply, io_status)},
    {"inserted", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(BlockReply, inserted)},
    {NULL},
};

typedef struct {
    const char *node_name;
    const char *driver;
    gboolean read_only;
} InsertedReply;

static const QblkJsonField inserted_fields[] = {
    {"node-name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(InsertedReply, node_name)},
    {"drv", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(InsertedReply, driver)},
    {"ro", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(InsertedReply, read_only)},
    {NULL},
};

/* "/machine/peripheral/ID/..." has the id of -device. */
static char *
id_of(const char *path)
{
    static const char directory[] = "/machine/peripheral/";
    if (!g_str_has_prefix(path, directory)) {
        return NULL;
    }
    const char *id = path + strlen(directory);
    return g_strndup(id, strcspn(id, "/"));
}

/* A SATA or USB controller decides the bus, or else the type of the device. */
static void
classify(QblkDevice *device, const QblkReplies *replies)
{
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_strcmp0(device->type, types[i].type) == 0) {
            device->bus = types[i].bus;
            device->kind = types[i].kind;
        }
    }

    if (device->controller == NULL) {
        return;
    }
    const char *controller = qblk_qom_string(replies, device->controller, "type");
    if (controller == NULL) {
        return;
    }
    if (g_str_has_prefix(controller, "usb-")) {
        device->bus = "usb";
    } else if (g_strcmp0(device->bus, "ide") == 0 && strstr(controller, "ahci") != NULL) {
        device->bus = "sata";
    }
}

static void
load_qdev(QblkDevice *device, const char *qdev, const QblkReplies *replies)
{
    device->qdev = g_strdup(qdev);
    device->path = qblk_qom_path(qdev);
    device->id = id_of(device->path);
    device->type = g_strdup(qblk_qom_type(replies, device->path));
    device->serial = g_strdup(qblk_qom_string(replies, device->path, "serial"));
    device->address = qblk_bus_address_load(replies, device->path);
    device->controller = qblk_bus_address_owner(replies, device->path);
    classify(device, replies);
}

static QblkDevice *
load_device(const QblkJson *entry, const char *what, const QblkReplies *replies, GError **error)
{
    BlockReply block = {0};
    InsertedReply inserted = {0};
    if (!qblk_json_read(entry, block_fields, &block, what, error)) {
        return NULL;
    }
    if (block.inserted != NULL &&
        !qblk_json_read(block.inserted, inserted_fields, &inserted, what, error)) {
        return NULL;
    }

    QblkDevice *device = g_new0(QblkDevice, 1);
    device->backend = block.device[0] == '\0' ? NULL : g_strdup(block.device);
    device->removable = block.removable;
    device->tray_open = block.tray_open;
    device->read_only = inserted.read_only;
    device->io_status = g_strdup(block.io_status);
    device->node_name = g_strdup(inserted.node_name);
    device->driver = g_strdup(inserted.driver);
    if (block.qdev != NULL && block.qdev[0] != '\0') {
        load_qdev(device, block.qdev, replies);
    }
    return device;
}

GPtrArray *
qblk_device_load_all(const QblkReplies *replies, GError **error)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_device_free);
    const QblkJson *blocks = qblk_replies_value(replies, "query-block");
    if (!qblk_json_is(blocks, QBLK_JSON_ARRAY)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "no reply to 'query-block'");
        return NULL;
    }

    gsize count = qblk_json_length(blocks);
    if (count > QBLK_LIMIT_DEVICES) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                    "%" G_GSIZE_FORMAT " devices are more than the limit of %d", count,
                    QBLK_LIMIT_DEVICES);
        return NULL;
    }

    for (gsize i = 0; i < count; i++) {
        g_autofree char *what = g_strdup_printf("query-block[%" G_GSIZE_FORMAT "]", i);
        QblkDevice *device = load_device(qblk_json_at(blocks, i), what, replies, error);
        if (device == NULL) {
            return NULL;
        }
        g_ptr_array_add(devices, device);
    }
    return g_steal_pointer(&devices);
}

QblkDevice *
qblk_device_new_for_node(const QblkNode *node)
{
    QblkDevice *device = g_new0(QblkDevice, 1);
    device->node_name = g_strdup(node->name);
    device->node = node;
    device->read_only = node->read_only;
    return device;
}

void
qblk_device_free(QblkDevice *device)
{
    if (device == NULL) {
        return;
    }
    g_free(device->qdev);
    g_free(device->path);
    g_free(device->id);
    g_free(device->backend);
    g_free(device->driver);
    g_free(device->type);
    g_free(device->controller);
    g_free(device->serial);
    g_free(device->io_status);
    g_free(device->node_name);
    g_free(device->target);
    g_clear_pointer(&device->address, qblk_bus_address_free);
    g_clear_pointer(&device->statistics, qblk_io_statistics_unref);
    g_free(device);
}

const char *
qblk_device_get_label(const QblkDevice *device)
{
    const char *const names[] = {device->id, device->backend, device->qdev, device->node_name};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i] != NULL) {
            return names[i];
        }
    }
    return "a drive without a name";
}

const char *
qblk_device_prefix(const QblkDevice *device)
{
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_strcmp0(device->bus, prefixes[i].bus) == 0) {
            return prefixes[i].prefix;
        }
    }
    return NULL;
}

/* Returns: (transfer full) (nullable): the disk of @name, if that has the form DISK[INDEX] */
static char *
find_disk_of_layer(const char *name, const char *const *names, guint count)
{
    const char *bracket = strchr(name, '[');
    if (bracket == NULL || !g_str_has_suffix(name, "]")) {
        return NULL;
    }

    gsize length = (gsize)(bracket - name);
    for (guint i = 0; i < count; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) {
            return g_strdup(names[i]);
        }
    }
    return NULL;
}

static gboolean
is_image_name(const char *name)
{
    static const char *const endings[] = {".qcow2", ".qcow", ".img", ".raw", ".vmdk", ".vdi"};
    gboolean is_name = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        is_name |= g_str_has_suffix(name, endings[i]);
    }
    return is_name;
}

/* A path of QOM names a device. */
static gboolean
can_be_layer(const char *name)
{
    return g_str_has_prefix(name, "node:") || is_image_name(name) ||
           (strchr(name, '/') != NULL && !g_str_has_prefix(name, "/machine/"));
}

void
qblk_device_set_unknown(const char *name, const char *const *names, guint count, GError **error)
{
    g_autofree char *list = qblk_text_list_some(names, count, QBLK_DEVICE_MOST_LISTED);
    g_autofree char *disk = find_disk_of_layer(name, names, count);
    if (disk != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                    "there is no disk '%s': it is a layer: specify its disk '%s'", name, disk);
    } else if (count > 0 && can_be_layer(name)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                    "there is no disk '%s': it has the form of a layer: specify its disk, one of "
                    "%s",
                    name, list);
    } else if (count == 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                    "there is no disk '%s': this VM has no disks", name);
    } else if (count == 1) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                    "there is no disk '%s': the only disk is %s", name, list);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                    "there is no disk '%s': the disks are %s", name, list);
    }
}

/* ---- for programs ---- */

const char *
qblk_device_get_target(const QblkDevice *device)
{
    return device->target;
}

QblkNameSource
qblk_device_get_name_source(const QblkDevice *device)
{
    return device->name_source;
}

QblkBus
qblk_device_get_bus(const QblkDevice *device)
{
    return qblk_bus_find(device->bus);
}

char *
qblk_device_get_bus_address(const QblkDevice *device)
{
    if (device->address == NULL || device->address->len == 0) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < device->address->len; i++) {
        const QblkBusStep *step = &g_array_index(device->address, QblkBusStep, i);
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i == 0 ? "" : ".", step->number);
    }
    return g_string_free(text, FALSE);
}

QblkDeviceKind
qblk_device_get_kind(const QblkDevice *device)
{
    return device->kind;
}

const char *
qblk_device_get_alias(const QblkDevice *device)
{
    return device->id;
}

const char *
qblk_device_get_qdev(const QblkDevice *device)
{
    return device->qdev;
}

const char *
qblk_device_get_qom_type(const QblkDevice *device)
{
    return device->type;
}

const char *
qblk_device_get_backend(const QblkDevice *device)
{
    return device->backend;
}

const char *
qblk_device_get_serial(const QblkDevice *device)
{
    return device->serial;
}

const char *
qblk_device_get_node_name(const QblkDevice *device)
{
    return device->node_name;
}

const QblkNode *
qblk_device_get_node(const QblkDevice *device)
{
    return device->node;
}

gboolean
qblk_device_is_vhost_user(const QblkDevice *device)
{
    return device->is_vhost_user;
}

gboolean
qblk_device_is_removable(const QblkDevice *device)
{
    return device->removable;
}

gboolean
qblk_device_is_tray_open(const QblkDevice *device)
{
    return device->tray_open;
}

gboolean
qblk_device_is_read_only(const QblkDevice *device)
{
    return device->read_only;
}

const char *
qblk_device_get_io_status(const QblkDevice *device)
{
    return device->io_status;
}

const QblkIoStatistics *
qblk_device_get_statistics(const QblkDevice *device)
{
    return device->statistics;
}

char *
qblk_device_to_json(const QblkDevice *device)
{
    g_autoptr(QblkJson) object = qblk_json_new_object();
    const char *name_source = qblk_name_source_name(qblk_device_get_name_source(device));
    const char *kind = qblk_device_kind_name(qblk_device_get_kind(device));

    qblk_json_set_string(object, "target", qblk_device_get_target(device));
    qblk_json_set_string(object, "name-source", name_source);
    qblk_json_set_string(object, "bus", qblk_bus_name(qblk_device_get_bus(device)));
    qblk_json_set_string(object, "device", kind);
    qblk_json_set_string(object, "node", qblk_device_get_node_name(device));
    qblk_json_set_boolean(object, "vhost-user", qblk_device_is_vhost_user(device));
    return qblk_json_print(object, QBLK_JSON_INDENT);
}
