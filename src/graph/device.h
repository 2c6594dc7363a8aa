/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A disk of the guest: what query-block says of one BlockBackend, with the device it is plugged
 * into.
 */
#pragma once

#include "graph/bus-address.h"
#include "graph/node.h"
#include "graph/replies.h"

typedef enum {
    QBLK_DEVICE_DISK,
    QBLK_DEVICE_LUN, /* SCSI commands go through to the host's device */
    QBLK_DEVICE_CDROM,
    QBLK_DEVICE_FLOPPY,
    QBLK_DEVICE_FIRMWARE, /* flash memory: not a disk, never named like one */
} QblkDeviceKind;

/** How a target name is known, best first: docs/architecture.md describes each. */
typedef enum {
    QBLK_NAME_NONE,
    QBLK_NAME_USER,
    QBLK_NAME_DOMAIN,
    QBLK_NAME_QDEV,
    QBLK_NAME_ALIAS,
    QBLK_NAME_BACKEND,
    QBLK_NAME_ENUMERATION,
    QBLK_NAME_IMAGE, /* the one disk of an image that was opened by its path */
} QblkNameSource;

typedef struct {
    char *qdev;       /* as QEMU says it, NULL where no device has it */
    char *path;       /* its absolute QOM path, or NULL */
    char *id;         /* given to -device, or NULL */
    char *backend;    /* BlockBackend name, NULL where it has none (-blockdev) */
    char *type;       /* QOM type, or NULL */
    char *controller; /* QOM path of the device that owns its bus, or NULL */
    char *serial;     /* or NULL */
    const char *bus;  /* in libvirt's words, or NULL */
    QblkDeviceKind kind;
    gboolean removable;
    gboolean tray_open;
    gboolean read_only;
    char *node_name;         /* of the top node as QEMU says it, NULL for an empty drive */
    const QblkNode *node;    /* that node, borrowed; set when the graph is there */
    QblkBusAddress *address; /* where it sits */
    char *target;            /* such as "vda"; set by the target ladder */
    QblkNameSource name_source;
} QblkDevice;

/** Read all entries of query-block, with what @replies know of the devices. */
GPtrArray *qblk_device_load_all(const QblkReplies *replies, /* of QblkDevice, owned */
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A disk that no device has: a root node of a storage daemon, or a node that the user named. */
QblkDevice *qblk_device_new_for_node(const QblkNode *node);

void qblk_device_free(QblkDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDevice, qblk_device_free)

/** A name for messages: qdev id, else BlockBackend name, else QOM path, else node-name. */
const char *qblk_device_label(const QblkDevice *device);

/** "disk", "lun", "cdrom", "floppy", "firmware": also libvirt's `<disk device=>`. */
const char *qblk_device_kind_name(QblkDeviceKind kind);

/** "user", "domain", "qdev", "alias", "backend", "enumeration", "image". */
const char *qblk_device_name_source(QblkNameSource source);

/** The prefix of target names on its bus ("vd", "sd", "hd", "fd", "nvme"), NULL where unknown. */
const char *qblk_device_prefix(const QblkDevice *device);

/** Set QBLK_GRAPH_ERROR_NO_DISK for the disk @name; the message lists the @count known @names. */
void qblk_device_set_unknown(const char *name, const char *const *names, guint count,
                             GError **error);
