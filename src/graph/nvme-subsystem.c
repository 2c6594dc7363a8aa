/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/nvme-subsystem.h"

#include "graph/qom.h"

#define PCI_CLASS_NVME 0x0108

/* The path asked for in a reply that says that @property is @value; else NULL. */
static const char *
path_saying(const QblkReply *reply, const char *property, const char *value)
{
    gboolean says = g_str_equal(reply->command, "qom-get") &&
                    g_strcmp0(qblk_json_get_string(reply->arguments, "property"), property) == 0 &&
                    g_strcmp0(qblk_json_string(reply->value), value) == 0;
    return says ? qblk_json_get_string(reply->arguments, "path") : NULL;
}

/* The first object whose @property is @value. */
static const char *
find(const QblkReplies *replies, const char *property, const char *value)
{
    const char *path = NULL;
    for (guint i = 0; path == NULL && i < replies->list->len; i++) {
        path = path_saying(replies->list->pdata[i], property, value);
    }
    return path;
}

gboolean
qblk_nvme_subsystem_is(const QblkReplies *replies, const char *path)
{
    return g_strcmp0(qblk_qom_string(replies, path, "type"), "nvme-subsys") == 0;
}

gboolean
qblk_nvme_subsystem_exists(const QblkReplies *replies)
{
    return find(replies, "type", "nvme-subsys") != NULL;
}

char *
qblk_nvme_subsystem_controller(const QblkReplies *replies, const char *path)
{
    return g_strdup(find(replies, "subsys", path));
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
