/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source.h"

#include "base/const-cast.h"
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

gboolean
qblk_source_is_generic_name(const char *name)
{
    return name[0] != '\0' &&
           name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_+-")] == '\0';
}

QblkSource *
qblk_source_new(QblkSourceType type)
{
    QblkSource *source = g_new0(QblkSource, 1);

    g_atomic_ref_count_init(&source->references);
    source->type = type;
    source->hosts = g_ptr_array_new_with_free_func(host_free);
    source->dropped = g_ptr_array_new_with_free_func(g_free);
    return source;
}

QblkSource *
qblk_source_ref(const QblkSource *source)
{
    QblkSource *counted = qblk_const_cast(source);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_source_unref(QblkSource *source)
{
    if (source == NULL || !g_atomic_ref_count_dec(&source->references)) {
        return;
    }

    for (const QblkSourceMember *member = members; member->name != NULL; member++) {
        g_free(*qblk_source_text(source, member->offset));
    }

    g_ptr_array_unref(source->hosts);
    g_ptr_array_unref(source->dropped);
    qblk_source_unref(source->data_store);
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

/* ---- for programs ---- */

QblkSourceType
qblk_source_get_source_type(const QblkSource *source)
{
    return source->type;
}

const char *
qblk_source_member_name(guint position)
{
    return position < G_N_ELEMENTS(members) ? members[position].name : NULL;
}

const char *
qblk_source_get_member(const QblkSource *source, const char *name)
{
    for (const QblkSourceMember *member = members; member->name != NULL; member++) {
        if (g_str_equal(member->name, name)) {
            return qblk_source_get(source, member->offset);
        }
    }
    return NULL;
}

const char *
qblk_source_get_path(const QblkSource *source)
{
    return source->path;
}

guint
qblk_source_get_n_hosts(const QblkSource *source)
{
    return source->hosts->len;
}

static const QblkSourceHost *
host_at(const QblkSource *source, guint host)
{
    static const QblkSourceHost no_host = {0};
    return host < source->hosts->len ? source->hosts->pdata[host] : &no_host;
}

const char *
qblk_source_get_host_transport(const QblkSource *source, guint host)
{
    return host_at(source, host)->transport;
}

const char *
qblk_source_get_host_name(const QblkSource *source, guint host)
{
    return host_at(source, host)->name;
}

const char *
qblk_source_get_host_port(const QblkSource *source, guint host)
{
    return host_at(source, host)->port;
}

const char *
qblk_source_get_host_socket(const QblkSource *source, guint host)
{
    return host_at(source, host)->socket;
}

const QblkSource *
qblk_source_get_data_store(const QblkSource *source)
{
    return source->data_store;
}

guint
qblk_source_get_n_dropped(const QblkSource *source)
{
    return source->dropped->len;
}

const char *
qblk_source_get_dropped(const QblkSource *source, guint position)
{
    return position < source->dropped->len ? source->dropped->pdata[position] : NULL;
}
