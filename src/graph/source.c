/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/source.h"

#include "base/enum.h"

static const char *const type_names[] = {
    [QBLK_SOURCE_FILE] = "file",
    [QBLK_SOURCE_BLOCK] = "block",
    [QBLK_SOURCE_DIR] = "dir",
    [QBLK_SOURCE_NETWORK] = "network",
    [QBLK_SOURCE_NVME] = "nvme",
    [QBLK_SOURCE_VHOST_USER] = "vhostuser",
    [QBLK_SOURCE_VHOST_VDPA] = "vhostvdpa",
};

#define TEXT(member) G_STRUCT_OFFSET(QblkSource, member)

static const gsize texts[] = {
    TEXT(path),          TEXT(protocol),       TEXT(name),         TEXT(query),
    TEXT(tls),           TEXT(tls_hostname),   TEXT(snapshot),     TEXT(config),
    TEXT(auth_user),     TEXT(secret_type),    TEXT(secret_usage), TEXT(initiator),
    TEXT(identity_user), TEXT(identity_group), TEXT(ssl_verify),   TEXT(readahead),
    TEXT(timeout),       TEXT(pci_domain),     TEXT(pci_bus),      TEXT(pci_slot),
    TEXT(pci_function),  TEXT(nvme_namespace), TEXT(slice_offset), TEXT(slice_size),
    TEXT(encryption),    TEXT(data_format),
};

static void
host_free(gpointer data)
{
    QblkSourceHost *host = data;
    g_free(host->transport);
    g_free(host->name);
    g_free(host->port);
    g_free(host->socket);
    g_free(host);
}

char **
qblk_source_text(QblkSource *source, gsize member)
{
    return (char **)((char *)source + member);
}

const char *
qblk_source_get(const QblkSource *source, gsize member)
{
    return *(char *const *)((const char *)source + member);
}

QblkSource *
qblk_source_new(QblkSourceType type)
{
    QblkSource *source = g_new0(QblkSource, 1);
    source->type = type;
    source->hosts = g_ptr_array_new_with_free_func(host_free);
    source->dropped = g_ptr_array_new_with_free_func(g_free);
    return source;
}

void
qblk_source_free(QblkSource *source)
{
    if (source == NULL) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(*qblk_source_text(source, texts[i]));
    }
    g_ptr_array_unref(source->hosts);
    g_ptr_array_unref(source->dropped);
    qblk_source_free(source->data_store);
    g_free(source);
}

void
qblk_source_add_host(QblkSource *source, const char *transport, const char *name, const char *port,
                     const char *socket)
{
    QblkSourceHost *host = g_new0(QblkSourceHost, 1);
    host->transport = g_strdup(transport);
    host->name = g_strdup(name);
    host->port = g_strdup(port);
    host->socket = g_strdup(socket);
    g_ptr_array_add(source->hosts, host);
}

static gboolean
hosts_equal(const QblkSource *a, const QblkSource *b)
{
    for (guint i = 0; i < a->hosts->len && a->hosts->len == b->hosts->len; i++) {
        const QblkSourceHost *left = a->hosts->pdata[i], *right = b->hosts->pdata[i];
        if (g_strcmp0(left->transport, right->transport) != 0 ||
            g_strcmp0(left->name, right->name) != 0 || g_strcmp0(left->port, right->port) != 0 ||
            g_strcmp0(left->socket, right->socket) != 0) {
            return FALSE;
        }
    }
    return a->hosts->len == b->hosts->len;
}

gboolean
qblk_source_equal(const QblkSource *a, const QblkSource *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (g_strcmp0(qblk_source_get(a, texts[i]), qblk_source_get(b, texts[i])) != 0) {
            return FALSE;
        }
    }
    return a->type == b->type && hosts_equal(a, b) &&
           qblk_source_equal(a->data_store, b->data_store);
}

const char *
qblk_source_type_name(QblkSourceType type)
{
    return qblk_enum_name(type_names, G_N_ELEMENTS(type_names), (int)type);
}

gboolean
qblk_source_type_value(const char *name, QblkSourceType *type)
{
    int value;
    if (!qblk_enum_value(type_names, G_N_ELEMENTS(type_names), name, &value)) {
        return FALSE;
    }
    *type = (QblkSourceType)value;
    return TRUE;
}
