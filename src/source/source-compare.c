/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-compare.h"

#include "source/source-protocol.h"

#include <stdlib.h>

static gboolean
is_local(const QblkSource *source)
{
    return source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK ||
           source->type == QBLK_SOURCE_DIR;
}

static gboolean
same_path(const char *a, const char *b)
{
    if (g_strcmp0(a, b) == 0) {
        return TRUE;
    }
    if (a == NULL || b == NULL || !g_path_is_absolute(a) || !g_path_is_absolute(b)) {
        return FALSE;
    }

    char *left = realpath(a, NULL);
    char *right = realpath(b, NULL);
    gboolean is_same = left != NULL && right != NULL && g_str_equal(left, right);
    free(left);
    free(right);
    return is_same;
}

/* The port of @host, or the default of the protocol: a domain that a user wrote may lack it. */
static const char *
port_of(const QblkSource *source, const QblkSourceHost *host)
{
    if (host->port != NULL || host->socket != NULL || source->protocol == NULL) {
        return host->port;
    }
    return qblk_source_protocol_port(source->protocol);
}

static gboolean
same_hosts(const QblkSource *a, const QblkSource *b)
{
    if (a->hosts->len != b->hosts->len) {
        return FALSE;
    }

    for (guint i = 0; i < a->hosts->len; i++) {
        const QblkSourceHost *left = a->hosts->pdata[i], *right = b->hosts->pdata[i];

        if (g_strcmp0(left->name, right->name) != 0 ||
            g_strcmp0(port_of(a, left), port_of(b, right)) != 0 ||
            g_strcmp0(left->socket, right->socket) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
same_members(const QblkSource *a, const QblkSource *b)
{
    static const gsize members[] = {
        G_STRUCT_OFFSET(QblkSource, protocol),       G_STRUCT_OFFSET(QblkSource, name),
        G_STRUCT_OFFSET(QblkSource, query),          G_STRUCT_OFFSET(QblkSource, snapshot),
        G_STRUCT_OFFSET(QblkSource, pci_domain),     G_STRUCT_OFFSET(QblkSource, pci_bus),
        G_STRUCT_OFFSET(QblkSource, pci_slot),       G_STRUCT_OFFSET(QblkSource, pci_function),
        G_STRUCT_OFFSET(QblkSource, nvme_namespace), G_STRUCT_OFFSET(QblkSource, slice_offset),
        G_STRUCT_OFFSET(QblkSource, slice_size),     G_STRUCT_OFFSET(QblkSource, config),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        if (g_strcmp0(qblk_source_get(a, members[i]), qblk_source_get(b, members[i])) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_source_is_same_place(const QblkSource *a, const QblkSource *b)
{
    /* A domain may have a block device with type='file', and the other way round. */
    gboolean same_type = a->type == b->type || (is_local(a) && is_local(b));

    return same_type && same_path(a->path, b->path) && same_members(a, b) && same_hosts(a, b);
}
