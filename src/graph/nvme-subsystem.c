/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/nvme-subsystem.h"

#include "graph/qom.h"

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
want_of_devices(const QblkJson *devices, QblkBusAddressWant want, gpointer user_data)
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
        want_of_devices(qblk_json_get(bridge, "devices"), want, user_data);
    }
}

void
qblk_nvme_subsystem_next(const QblkReplies *replies, QblkBusAddressWant want, gpointer user_data)
{
    const QblkJson *buses = qblk_replies_value(replies, "query-pci");
    for (gsize i = 0; i < qblk_json_length(buses); i++) {
        want_of_devices(qblk_json_get(qblk_json_at(buses, i), "devices"), want, user_data);
    }
}
