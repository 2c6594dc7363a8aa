/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/vhost-user.h"

#include "base/limits.h"
#include "graph/qom.h"

#include <string.h>

#define VENDOR_VIRTIO    0x1af4
#define VIRTIO_BLK       0x1001 /* transitional */
#define VIRTIO_BLK_1     0x1042
#define FUNCTIONS        8 /* of a PCI slot */
#define ANONYMOUS        "/machine/peripheral-anon/"
#define VHOST_USER_TYPES "vhost-user-blk-pci" /* also "-transitional", "-non-transitional" */

/* A client of a unix socket: "unix:/path", "unix:" on QEMU 5.2 and 7.2, "disconnected:unix:/path".
 * Monitors and guest agents are servers: "unix:/path,server=on", before QEMU 6.0 ",server". */
static gboolean
is_client(const char *filename)
{
    static const char disconnected[] = "disconnected:";
    if (filename == NULL) {
        return FALSE;
    }
    if (g_str_has_prefix(filename, disconnected)) {
        filename += strlen(disconnected);
    }
    return g_str_has_prefix(filename, "unix:") && !g_str_has_suffix(filename, ",server=on") &&
           !g_str_has_suffix(filename, ",server");
}

gboolean
qblk_vhost_user_may_exist(const QblkReplies *replies)
{
    const QblkJson *chardevs = qblk_replies_value(replies, "query-chardev");
    for (gsize i = 0; i < qblk_json_length(chardevs); i++) {
        if (is_client(qblk_json_get_string(qblk_json_at(chardevs, i), "filename"))) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- query-pci ---- */

typedef struct {
    char *id;                /* owned, NULL: the device has none */
    QblkBusAddress *address; /* owned */
} PciDisk;

static void
pci_disk_free(gpointer data)
{
    PciDisk *disk = data;
    g_free(disk->id);
    g_clear_pointer(&disk->address, qblk_bus_address_free);
    g_free(disk);
}

static gint64
get_number(const QblkJson *object, const char *key)
{
    gint64 number = -1;
    (void)qblk_json_integer(qblk_json_get(object, key), &number);
    return number;
}

/* The device number on its bus, as the property `addr` has it. */
static gint64
place_of(const QblkJson *device)
{
    gint64 slot = get_number(device, "slot"), function = get_number(device, "function");
    return CLAMP(slot, 0, G_MAXUINT8) * FUNCTIONS + CLAMP(function, 0, FUNCTIONS - 1);
}

static gboolean
is_virtio_blk(const QblkJson *device)
{
    const QblkJson *id = qblk_json_get(device, "id");
    gint64 number = get_number(id, "device");
    return get_number(id, "vendor") == VENDOR_VIRTIO &&
           (number == VIRTIO_BLK || number == VIRTIO_BLK_1);
}

/* The address as qblk_bus_address_load() reads it: the way through @bridges. */
static QblkBusAddress *
address_of(const GArray *bridges, gint64 number)
{
    QblkBusAddress *address = g_array_new(FALSE, FALSE, sizeof(QblkBusStep));
    const QblkBusStep last = {FALSE, number};
    g_array_append_vals(address, bridges->data, bridges->len);
    g_array_append_val(address, last);
    return address;
}

/* Collect the virtio-blk devices of a bus.  The nesting of buses is bounded by that of JSON. */
static void
collect_bus(const QblkJson *devices, GArray *bridges, GPtrArray *disks)
{
    for (gsize i = 0; i < qblk_json_length(devices) && disks->len < QBLK_LIMIT_DEVICES; i++) {
        const QblkJson *device = qblk_json_at(devices, i);
        const QblkJson *bridge = qblk_json_get(device, "pci_bridge");
        const char *id = qblk_json_get_string(device, "qdev_id");
        gint64 number = place_of(device);

        if (is_virtio_blk(device)) {
            PciDisk *disk = g_new0(PciDisk, 1);
            disk->id = id == NULL || id[0] == '\0' ? NULL : g_strdup(id);
            disk->address = address_of(bridges, number);
            g_ptr_array_add(disks, disk);
        }
        if (bridge != NULL) {
            const QblkBusStep step = {TRUE, number};
            g_array_append_val(bridges, step);
            collect_bus(qblk_json_get(bridge, "devices"), bridges, disks);
            g_array_set_size(bridges, bridges->len - 1);
        }
    }
}

/* The virtio-blk devices of the machine, of PciDisk. */
static GPtrArray *
collect(const QblkReplies *replies)
{
    GPtrArray *disks = g_ptr_array_new_with_free_func(pci_disk_free);
    g_autoptr(GArray) bridges = g_array_new(FALSE, FALSE, sizeof(QblkBusStep));
    const QblkJson *buses = qblk_replies_value(replies, "query-pci");
    for (gsize i = 0; i < qblk_json_length(buses); i++) {
        collect_bus(qblk_json_get(qblk_json_at(buses, i), "devices"), bridges, disks);
    }
    return disks;
}

/* ---- devices of query-block ---- */

/* The ids of @devices. */
static GHashTable *
collect_ids(const GPtrArray *devices)
{
    GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *device = devices->pdata[i];
        if (device->id != NULL) {
            g_hash_table_add(ids, device->id);
        }
    }
    return ids;
}

static gboolean
is_anonymous(const QblkDevice *device)
{
    return device->path != NULL && g_str_has_prefix(device->path, ANONYMOUS) &&
           g_strcmp0(device->type, "virtio-blk-device") == 0;
}

static gboolean
is_at(const GPtrArray *devices, const QblkBusAddress *address)
{
    for (guint i = 0; i < devices->len; i++) {
        const QblkDevice *device = devices->pdata[i];
        if (is_anonymous(device) && qblk_bus_address_compare(device->address, address) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE if the address of each device without an id is known. */
static gboolean
are_places_known(const GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const QblkDevice *device = devices->pdata[i];
        if (is_anonymous(device) && device->address->len == 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Remove from @disks those that have a block node. */
static void
remove_block_devices(GPtrArray *disks, const GPtrArray *devices)
{
    g_autoptr(GHashTable) ids = collect_ids(devices);
    gboolean know_places = are_places_known(devices);
    for (guint i = disks->len; i > 0; i--) {
        const PciDisk *disk = disks->pdata[i - 1];
        gboolean is_block = disk->id != NULL ? g_hash_table_contains(ids, disk->id)
                                             : !know_places || is_at(devices, disk->address);
        if (is_block) {
            g_ptr_array_remove_index(disks, i - 1);
        }
    }
}

static GPtrArray *
find_disks(const QblkReplies *replies, const GPtrArray *devices)
{
    GPtrArray *disks = collect(replies);
    if (!qblk_vhost_user_may_exist(replies)) {
        g_ptr_array_set_size(disks, 0);
    }
    remove_block_devices(disks, devices);
    return disks;
}

void
qblk_vhost_user_next(const QblkReplies *replies, const GPtrArray *devices, QblkVhostUserWant want,
                     gpointer user_data)
{
    g_autoptr(GPtrArray) disks = find_disks(replies, devices);
    for (guint i = 0; i < disks->len; i++) {
        const PciDisk *disk = disks->pdata[i];
        if (disk->id != NULL) {
            g_autofree char *path = qblk_qom_path(disk->id);
            want(path, "type", user_data);
        }
    }
}

/* The type of a device without an id is not known: its path is not in query-pci. */
static gboolean
has_type(const QblkReplies *replies, const PciDisk *disk)
{
    if (disk->id == NULL) {
        return TRUE;
    }
    g_autofree char *path = qblk_qom_path(disk->id);
    const char *type = qblk_qom_string(replies, path, "type");
    return type != NULL && g_str_has_prefix(type, VHOST_USER_TYPES);
}

static QblkDevice *
device_new(PciDisk *disk)
{
    QblkDevice *device = g_new0(QblkDevice, 1);
    device->id = g_steal_pointer(&disk->id);
    device->path = device->id == NULL ? NULL : qblk_qom_path(device->id);
    device->qdev = g_strdup(device->path);
    device->type = g_strdup("vhost-user-blk");
    device->bus = "virtio";
    device->address = g_steal_pointer(&disk->address);
    device->is_vhost_user = TRUE;
    return device;
}

void
qblk_vhost_user_add(const QblkReplies *replies, GPtrArray *devices)
{
    g_autoptr(GPtrArray) disks = find_disks(replies, devices);
    for (guint i = 0; i < disks->len; i++) {
        PciDisk *disk = disks->pdata[i];
        if (has_type(replies, disk)) {
            g_ptr_array_add(devices, device_new(disk));
        }
    }
}
