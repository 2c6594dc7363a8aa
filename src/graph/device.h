/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A disk of the guest: an entry of query-block, which is a BlockBackend and its device.
 */
#pragma once

#include "graph/bus-address.h"
#include "graph/io-statistics.h"
#include "graph/node.h"
#include "graph/replies.h"

#include <qblk/snapshot.h>

struct QblkDevice {
    const QblkSnapshot *snapshot; /* its root; NULL: it does not belong to one */
    char *qdev;                   /* as QEMU reports it, NULL if it has no device */
    char *path;                   /* its absolute QOM path, or NULL */
    char *id;                     /* given to -device, or NULL */
    char *backend;                /* name of the BlockBackend, NULL with -blockdev */
    char *type;                   /* QOM type, or NULL */
    char *controller;             /* QOM path of the device that owns its bus, or NULL */
    char *serial;                 /* or NULL */
    const char *bus;              /* libvirt's name, or NULL */
    QblkDeviceKind kind;
    gboolean removable;
    gboolean tray_open;
    gboolean read_only;
    gboolean is_vhost_user;  /* its data are in another process: it never has a node */
    char *io_status;         /* "ok", "nospace" or "failed"; NULL: the device does not keep it */
    char *node_name;         /* of the top node as QEMU reports it, NULL for an empty drive */
    char *driver;            /* of that node, or NULL */
    const QblkNode *node;    /* that node, borrowed; set when the graph is loaded */
    QblkBusAddress *address; /* on its bus, or NULL */
    QblkIoStatistics *statistics; /* a reference; NULL: not asked for, or not reported */
    char *target;                 /* such as "vda"; set by qblk_target_assign */
    QblkNameSource name_source;
};

/** Load all entries of query-block, with the properties of their devices in @replies. */
GPtrArray *qblk_device_load_all(const QblkReplies *replies, /* of QblkDevice, owned */
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A disk without a device: a root node of a storage daemon, or a node that the user named. */
QblkDevice *qblk_device_new_for_node(const QblkNode *node);

void qblk_device_free(QblkDevice *device);

/** Returns: (nullable): the prefix of target names on its bus: "vd", "sd", "hd", "fd", "nvme" */
const char *qblk_device_prefix(const QblkDevice *device);

/** Disks that an error lists. */
#define QBLK_DEVICE_MOST_LISTED 20

/** Set QBLK_GRAPH_ERROR_NO_DISK for the disk @name; the message lists the first of the @count known
 * @names. */
void qblk_device_set_unknown(const char *name, const char *const *names, guint count,
                             GError **error);
