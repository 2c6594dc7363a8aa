/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source.h"

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

static const QblkSourceMember members[] = {
    {"path", G_STRUCT_OFFSET(QblkSource, path)},
    {"protocol", G_STRUCT_OFFSET(QblkSource, protocol)},
    {"name", G_STRUCT_OFFSET(QblkSource, name)},
    {"query", G_STRUCT_OFFSET(QblkSource, query)},
    {"tls", G_STRUCT_OFFSET(QblkSource, tls)},
    {"tls-hostname", G_STRUCT_OFFSET(QblkSource, tls_hostname)},
    {"snapshot", G_STRUCT_OFFSET(QblkSource, snapshot)},
    {"config", G_STRUCT_OFFSET(QblkSource, config)},
    {"user", G_STRUCT_OFFSET(QblkSource, auth_user)},
    {"secret-type", G_STRUCT_OFFSET(QblkSource, secret_type)},
    {"secret-usage", G_STRUCT_OFFSET(QblkSource, secret_usage)},
    {"initiator", G_STRUCT_OFFSET(QblkSource, initiator)},
    {"identity-user", G_STRUCT_OFFSET(QblkSource, identity_user)},
    {"identity-group", G_STRUCT_OFFSET(QblkSource, identity_group)},
    {"ssl-verify", G_STRUCT_OFFSET(QblkSource, ssl_verify)},
    {"readahead", G_STRUCT_OFFSET(QblkSource, readahead)},
    {"timeout", G_STRUCT_OFFSET(QblkSource, timeout)},
    {"pci-domain", G_STRUCT_OFFSET(QblkSource, pci_domain)},
    {"pci-bus", G_STRUCT_OFFSET(QblkSource, pci_bus)},
    {"pci-slot", G_STRUCT_OFFSET(QblkSource, pci_slot)},
    {"pci-function", G_STRUCT_OFFSET(QblkSource, pci_function)},
    {"namespace", G_STRUCT_OFFSET(QblkSource, nvme_namespace)},
    {"slice-offset", G_STRUCT_OFFSET(QblkSource, slice_offset)},
    {"slice-size", G_STRUCT_OFFSET(QblkSource, slice_size)},
    {"encryption", G_STRUCT_OFFSET(QblkSource, encryption)},
    {"encryption-engine", G_STRUCT_OFFSET(QblkSource, encryption_engine)},
    {"data-store-format", G_STRUCT_OFFSET(QblkSource, data_format)},
    {NULL},
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

const QblkSourceMember *
qblk_source_members(void)
{
    return members;
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

    for (const QblkSourceMember *member = members; member->name != NULL; member++) {
        g_free(*qblk_source_text(source, member->offset));
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

QblkSource *
qblk_source_copy(const QblkSource *source)
{
    if (source == NULL) {
        return NULL;
    }
    QblkSource *copy = qblk_source_new(source->type);
    for (const QblkSourceMember *member = members; member->name != NULL; member++) {
        *qblk_source_text(copy, member->offset) = g_strdup(qblk_source_get(source, member->offset));
    }

    for (guint i = 0; i < source->hosts->len; i++) {
        const QblkSourceHost *host = source->hosts->pdata[i];
        qblk_source_add_host(copy, host->transport, host->name, host->port, host->socket);
    }
    for (guint i = 0; i < source->dropped->len; i++) {
        g_ptr_array_add(copy->dropped, g_strdup(source->dropped->pdata[i]));
    }

    copy->data_store = qblk_source_copy(source->data_store);
    return copy;
}

static char *
network_label(const QblkSource *source)
{
    const QblkSourceHost *host = source->hosts->len == 0 ? NULL : source->hosts->pdata[0];
    const char *name = source->name == NULL ? "" : source->name;

    if (host == NULL) {
        return g_strdup_printf("%s:%s", source->protocol, name);
    }
    if (host->socket != NULL) {
        return g_strdup_printf("%s+unix:///%s?socket=%s", source->protocol, name, host->socket);
    }
    if (host->port != NULL) {
        return g_strdup_printf("%s://%s:%s/%s", source->protocol, host->name, host->port, name);
    }
    return g_strdup_printf("%s://%s/%s", source->protocol, host->name, name);
}

char *
qblk_source_label(const QblkSource *source)
{
    if (source->type == QBLK_SOURCE_NVME) {
        return g_strdup_printf("nvme://%s:%s:%s.%s/%s", source->pci_domain, source->pci_bus,
                               source->pci_slot, source->pci_function, source->nvme_namespace);
    }
    if (source->type == QBLK_SOURCE_NETWORK) {
        return network_label(source);
    }
    return g_strdup(source->path == NULL ? "" : source->path);
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

gboolean
qblk_source_set_invalid(const char *reason, GError **error)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, reason);
    return FALSE;
}

gboolean
qblk_source_set_unsupported(const char *reason, GError **error)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, reason);
    return FALSE;
}
