/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/bus-address.h"

#include "graph/qom.h"

#include <string.h>

/* QEMU cannot build a machine with buses that nest deeper. */
#define MAX_DEPTH 32

/* The properties that have the place of a device on its bus.  Types not listed are PCI devices and
 * have `addr`. */
static const struct {
    const char *type;
    const char *properties[3];
} placements[] = {
    {"virtio-blk-device", {NULL}},
    {"virtio-scsi-device", {NULL}},
    {"scsi-hd", {"channel", "scsi-id", "lun"}},
    {"scsi-cd", {"channel", "scsi-id", "lun"}},
    {"scsi-block", {"channel", "scsi-id", "lun"}},
    {"scsi-generic", {"channel", "scsi-id", "lun"}},
    {"ide-hd", {"unit"}},
    {"ide-cd", {"unit"}},
    {"ide-cf", {"unit"}},
    {"floppy", {"unit"}},
    {"nvme-ns", {"nsid"}},
    {"usb-storage", {"port"}},
    {"usb-bot", {"port"}},
    {"usb-uas", {"port"}},
};

static const char *const pci_properties[3] = {"addr"};

static const char *const *
placement_of(const char *type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(placements); i++) {
        if (g_strcmp0(type, placements[i].type) == 0) {
            return placements[i].properties;
        }
    }
    return pci_properties;
}

void
qblk_bus_address_free(QblkBusAddress *address)
{
    g_array_unref(address);
}

/* Directories of QEMU's objects.  A host bridge has its bus in one. */
static gboolean
is_container(const char *path)
{
    static const char *const containers[] = {
        "/", "/machine", "/machine/peripheral", "/machine/peripheral-anon", "/machine/unattached",
        NULL};
    return g_strv_contains(containers, path);
}

char *
qblk_bus_address_owner(const QblkReplies *replies, const char *path)
{
    const char *bus = qblk_qom_string(replies, path, "parent_bus");
    if (bus == NULL || bus[0] != '/') {
        return NULL;
    }
    g_autofree char *owner = qblk_qom_parent(bus);
    if (qblk_nvme_subsystem_is(replies, owner)) {
        return qblk_nvme_subsystem_controller(replies, owner);
    }
    return is_container(owner) ? NULL : g_steal_pointer(&owner);
}

static void
prepend_step(QblkBusAddress *address, gboolean is_bridge, gint64 number)
{
    QblkBusStep step = {is_bridge, number};
    g_array_prepend_val(address, step);
}

/* The number at the end of a bus name: IDE buses are "ide.0", "ide.1". */
static gint64
bus_number(const char *bus)
{
    const char *dot = bus == NULL ? NULL : strrchr(bus, '.');
    gint64 number = 0;
    if (dot != NULL) {
        (void)g_ascii_string_to_signed(dot + 1, 10, 0, G_MAXINT32, &number, NULL);
    }
    return number;
}

/* Prepend a USB port, which is a path of numbers: "1.2". */
static void
prepend_port(QblkBusAddress *address, const char *port)
{
    g_auto(GStrv) parts = g_strsplit(port == NULL ? "" : port, ".", 16);
    for (guint i = g_strv_length(parts); i > 0; i--) {
        gint64 number = 0;
        (void)g_ascii_string_to_signed(parts[i - 1], 10, 0, G_MAXINT32, &number, NULL);
        prepend_step(address, FALSE, number);
    }
}

/* Prepend the place of the device at @path on its bus. */
static void
prepend_place(const QblkReplies *replies, const char *path, QblkBusAddress *address)
{
    const char *type = qblk_qom_type(replies, path);
    const char *const *properties = placement_of(type);
    for (guint i = 3; i > 0; i--) {
        const char *property = properties[i - 1];
        if (property == NULL) {
            continue;
        }
        if (g_str_equal(property, "port")) {
            prepend_port(address, qblk_qom_string(replies, path, property));
            continue;
        }
        gint64 number = qblk_qom_integer(replies, path, property, -1);
        if (number >= 0) {
            prepend_step(address, g_str_equal(property, "addr"), number);
        }
    }

    if (type != NULL && g_str_has_prefix(type, "ide-")) {
        prepend_step(address, FALSE, bus_number(qblk_qom_string(replies, path, "parent_bus")));
    }
}

/* Until here `is_bridge` marks each PCI device; the last one is not a bridge but the controller or
 * the disk. */
static void
unmark_controller(QblkBusAddress *address)
{
    for (guint i = address->len; i > 0; i--) {
        QblkBusStep *step = &g_array_index(address, QblkBusStep, i - 1);
        if (step->is_bridge) {
            step->is_bridge = FALSE;
            return;
        }
    }
}

QblkBusAddress *
qblk_bus_address_load(const QblkReplies *replies, const char *path)
{
    QblkBusAddress *address = g_array_new(FALSE, FALSE, sizeof(QblkBusStep));
    g_autofree char *at = g_strdup(path);
    for (guint depth = 0; at != NULL && depth < MAX_DEPTH; depth++) {
        prepend_place(replies, at, address);
        char *owner = qblk_bus_address_owner(replies, at);
        g_free(at);
        at = owner;
    }
    unmark_controller(address);
    return address;
}

int
qblk_bus_address_compare(const QblkBusAddress *a, const QblkBusAddress *b)
{
    guint length = MIN(a->len, b->len);
    for (guint i = 0; i < length; i++) {
        const QblkBusStep *left = &g_array_index(a, QblkBusStep, i);
        const QblkBusStep *right = &g_array_index(b, QblkBusStep, i);
        if (left->is_bridge != right->is_bridge) {
            return left->is_bridge ? 1 : -1;
        }
        if (left->number != right->number) {
            return left->number < right->number ? -1 : 1;
        }
    }
    return (a->len > b->len) - (a->len < b->len);
}

static gboolean
has_reply(const QblkReplies *replies, const char *path, const char *property)
{
    g_autoptr(QblkJson) arguments = qblk_qom_arguments(path, property);
    return qblk_replies_find(replies, "qom-get", arguments) != NULL;
}

void
qblk_bus_address_next(const QblkReplies *replies, const char *path, QblkBusAddressWant want,
                      gpointer user_data)
{
    g_autofree char *at = g_strdup(path);
    for (guint depth = 0; at != NULL && depth < MAX_DEPTH; depth++) {
        const char *type = qblk_qom_type(replies, at);
        if (!qblk_qom_is_virtio_backend(at)) {
            want(at, "type", user_data);
        }
        want(at, "parent_bus", user_data);
        if (type == NULL && !has_reply(replies, at, "type")) {
            return;
        }

        const char *const *properties = placement_of(type);
        for (guint i = 0; i < 3; i++) {
            if (properties[i] != NULL) {
                want(at, properties[i], user_data);
            }
        }
        char *owner = qblk_bus_address_owner(replies, at);
        g_free(at);
        at = owner;
    }
}

#define PCI_CLASS_NVME 0x0108

gboolean
qblk_nvme_subsystem_is(const QblkReplies *replies, const char *path)
{
    return g_strcmp0(qblk_qom_string(replies, path, "type"), "nvme-subsys") == 0;
}

gboolean
qblk_nvme_subsystem_exists(const QblkReplies *replies)
{
    return qblk_replies_path(replies, "type", "nvme-subsys") != NULL;
}

char *
qblk_nvme_subsystem_controller(const QblkReplies *replies, const char *path)
{
    return g_strdup(qblk_replies_path(replies, "subsys", path));
}

/* The nesting of buses is bounded by that of JSON. */
static void
want_subsystems(const QblkJson *devices, QblkBusAddressWant want, gpointer user_data)
{
    for (gsize i = 0; i < qblk_json_length(devices); i++) {
        const QblkJson *device = qblk_json_at(devices, i);
        const char *id = qblk_json_get_string(device, "qdev_id");
        gint64 class = 0;
        (void)qblk_json_integer(qblk_json_get(qblk_json_get(device, "class_info"), "class"),
                                &class);
        if (class == PCI_CLASS_NVME && id != NULL && id[0] != '\0') {
            g_autofree char *path = qblk_qom_path(id);
            want(path, "subsys", user_data);
        }

        const QblkJson *bridge = qblk_json_get(device, "pci_bridge");
        want_subsystems(qblk_json_get(bridge, "devices"), want, user_data);
    }
}

void
qblk_nvme_subsystem_next(const QblkReplies *replies, QblkBusAddressWant want, gpointer user_data)
{
    const QblkJson *buses = qblk_replies_value(replies, "query-pci");
    for (gsize i = 0; i < qblk_json_length(buses); i++) {
        want_subsystems(qblk_json_get(qblk_json_at(buses, i), "devices"), want, user_data);
    }
}
