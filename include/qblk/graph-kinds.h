/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closed sets of values in a block graph.  The function `_name` of each returns the word that JSON
 * uses.  Later versions may add values.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QBLK_UNKNOWN:
 *
 * The value of a size, time or index that is not known.
 *
 * Since: 0.1.0
 */
#define QBLK_UNKNOWN ((gint64)-1)

/**
 * QblkNameSource:
 * @QBLK_NAME_SOURCE_NONE: it has no target name
 * @QBLK_NAME_SOURCE_USER: qblk_snapshot_options_add_target()
 * @QBLK_NAME_SOURCE_DOMAIN: a libvirt domain
 * @QBLK_NAME_SOURCE_QDEV: the id of the device is the target name
 * @QBLK_NAME_SOURCE_ALIAS: libvirt made the id of the device from the name
 * @QBLK_NAME_SOURCE_BACKEND: the name of the -drive
 * @QBLK_NAME_SOURCE_ENUMERATION: counted for each bus
 * @QBLK_NAME_SOURCE_IMAGE: the disk of an image that no QEMU has open
 *
 * How the target name of a disk is known, from the most to the least reliable.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_NAME_SOURCE_NONE,
    QBLK_NAME_SOURCE_USER,
    QBLK_NAME_SOURCE_DOMAIN,
    QBLK_NAME_SOURCE_QDEV,
    QBLK_NAME_SOURCE_ALIAS,
    QBLK_NAME_SOURCE_BACKEND,
    QBLK_NAME_SOURCE_ENUMERATION,
    QBLK_NAME_SOURCE_IMAGE,
} QblkNameSource;

/**
 * qblk_name_source_name:
 * @source: a value
 *
 * Returns: "none", "user", "domain", "qdev", "alias", "backend", "enumeration" or "image"
 *
 * Since: 0.1.0
 */
const char *qblk_name_source_name(QblkNameSource source);

/**
 * QblkBus:
 * @QBLK_BUS_UNKNOWN: it has no device, or one of an unknown type
 * @QBLK_BUS_VIRTIO: virtio
 * @QBLK_BUS_SCSI: SCSI
 * @QBLK_BUS_SATA: SATA
 * @QBLK_BUS_IDE: IDE
 * @QBLK_BUS_USB: USB
 * @QBLK_BUS_FDC: floppy
 * @QBLK_BUS_NVME: NVMe
 * @QBLK_BUS_SD: SD card
 * @QBLK_BUS_OTHER: another bus, which a libvirt domain names
 *
 * The bus of a disk, as libvirt names it.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_BUS_UNKNOWN,
    QBLK_BUS_VIRTIO,
    QBLK_BUS_SCSI,
    QBLK_BUS_SATA,
    QBLK_BUS_IDE,
    QBLK_BUS_USB,
    QBLK_BUS_FDC,
    QBLK_BUS_NVME,
    QBLK_BUS_SD,
    QBLK_BUS_OTHER,
} QblkBus;

/**
 * qblk_bus_name:
 * @bus: a value
 *
 * Returns: (nullable): "virtio", "scsi", "sata", "ide", "usb", "fdc", "nvme" or "sd"; NULL for
 *   QBLK_BUS_UNKNOWN and QBLK_BUS_OTHER
 *
 * Since: 0.1.0
 */
const char *qblk_bus_name(QblkBus bus);

/**
 * QblkDeviceKind:
 * @QBLK_DEVICE_KIND_DISK: a disk
 * @QBLK_DEVICE_KIND_LUN: SCSI commands are passed to the device of the host
 * @QBLK_DEVICE_KIND_CDROM: a CD-ROM drive
 * @QBLK_DEVICE_KIND_FLOPPY: a floppy drive
 * @QBLK_DEVICE_KIND_FIRMWARE: flash memory: not a disk, never has a target name
 *
 * What a disk is to the guest.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_DEVICE_KIND_DISK,
    QBLK_DEVICE_KIND_LUN,
    QBLK_DEVICE_KIND_CDROM,
    QBLK_DEVICE_KIND_FLOPPY,
    QBLK_DEVICE_KIND_FIRMWARE,
} QblkDeviceKind;

/**
 * qblk_device_kind_name:
 * @kind: a value
 *
 * Returns: "disk", "lun", "cdrom", "floppy" or "firmware"
 *
 * Since: 0.1.0
 */
const char *qblk_device_kind_name(QblkDeviceKind kind);

/**
 * QblkNodeKind:
 * @QBLK_NODE_KIND_UNKNOWN: the driver is not known
 * @QBLK_NODE_KIND_FORMAT: interprets the bytes of its file: a layer of a chain
 * @QBLK_NODE_KIND_PROTOCOL: stores the bytes of a layer
 * @QBLK_NODE_KIND_FILTER: passes requests to one child; never a layer
 * @QBLK_NODE_KIND_MULTI_CHILD: has data in several children: it has no chain
 *
 * What the driver of a node does.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_NODE_KIND_UNKNOWN,
    QBLK_NODE_KIND_FORMAT,
    QBLK_NODE_KIND_PROTOCOL,
    QBLK_NODE_KIND_FILTER,
    QBLK_NODE_KIND_MULTI_CHILD,
} QblkNodeKind;

/**
 * qblk_node_kind_name:
 * @kind: a value
 *
 * Returns: (nullable): "format", "protocol", "filter" or "multi-child"; NULL for
 *   QBLK_NODE_KIND_UNKNOWN
 *
 * Since: 0.1.0
 */
const char *qblk_node_kind_name(QblkNodeKind kind);

/**
 * QblkJobKind:
 * @QBLK_JOB_KIND_OTHER: see qblk_job_get_job_type()
 * @QBLK_JOB_KIND_COMMIT: the active layer is not committed
 * @QBLK_JOB_KIND_ACTIVE_COMMIT: becomes ready, and can be completed
 * @QBLK_JOB_KIND_COPY: QEMU's mirror: becomes ready, and can be completed
 * @QBLK_JOB_KIND_PULL: QEMU's stream
 * @QBLK_JOB_KIND_BACKUP: QEMU's backup
 *
 * What a job does.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_JOB_KIND_OTHER,
    QBLK_JOB_KIND_COMMIT,
    QBLK_JOB_KIND_ACTIVE_COMMIT,
    QBLK_JOB_KIND_COPY,
    QBLK_JOB_KIND_PULL,
    QBLK_JOB_KIND_BACKUP,
} QblkJobKind;

/**
 * qblk_job_kind_name:
 * @kind: a value
 *
 * Returns: (nullable): "commit", "active-commit", "copy", "pull" or "backup"; NULL for
 *   QBLK_JOB_KIND_OTHER
 *
 * Since: 0.1.0
 */
const char *qblk_job_kind_name(QblkJobKind kind);

/**
 * QblkExportAccess:
 * @QBLK_EXPORT_ACCESS_UNKNOWN: QEMU does not report it
 * @QBLK_EXPORT_ACCESS_READ_ONLY: read
 * @QBLK_EXPORT_ACCESS_WRITABLE: read and write
 *
 * What the clients of an export may do.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_EXPORT_ACCESS_UNKNOWN,
    QBLK_EXPORT_ACCESS_READ_ONLY,
    QBLK_EXPORT_ACCESS_WRITABLE,
} QblkExportAccess;

/**
 * qblk_export_access_name:
 * @access: a value
 *
 * Returns: (nullable): "ro" or "rw"; NULL for QBLK_EXPORT_ACCESS_UNKNOWN
 *
 * Since: 0.1.0
 */
const char *qblk_export_access_name(QblkExportAccess access);

/**
 * QblkEdgeSource:
 * @QBLK_EDGE_SOURCE_BEST: the first of the following that this QEMU has
 * @QBLK_EDGE_SOURCE_CHILDREN: `children` of each node, QEMU 10.1
 * @QBLK_EDGE_SOURCE_DEBUG: x-debug-query-block-graph, not a stable interface
 * @QBLK_EDGE_SOURCE_BLOCKSTATS: query-blockstats, does not have all edges
 *
 * The reply of QEMU that the edges between nodes are read from.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_EDGE_SOURCE_BEST,
    QBLK_EDGE_SOURCE_CHILDREN,
    QBLK_EDGE_SOURCE_DEBUG,
    QBLK_EDGE_SOURCE_BLOCKSTATS,
} QblkEdgeSource;

/**
 * qblk_edge_source_name:
 * @source: a value
 *
 * Returns: (nullable): "children", "debug-graph" or "blockstats"; NULL for QBLK_EDGE_SOURCE_BEST
 *
 * Since: 0.1.0
 */
const char *qblk_edge_source_name(QblkEdgeSource source);

/**
 * QblkUserKind:
 * @QBLK_USER_KIND_DEVICE: a device, or a drive without a device
 * @QBLK_USER_KIND_EXPORT: an export
 * @QBLK_USER_KIND_JOB: a job
 * @QBLK_USER_KIND_FILTER: a filter of which it is the filtered node or another child
 * @QBLK_USER_KIND_NODE: an overlay, an image with this data file, a quorum ...
 *
 * What uses a node or a layer.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_USER_KIND_DEVICE,
    QBLK_USER_KIND_EXPORT,
    QBLK_USER_KIND_JOB,
    QBLK_USER_KIND_FILTER,
    QBLK_USER_KIND_NODE,
} QblkUserKind;

/**
 * qblk_user_kind_name:
 * @kind: a value
 *
 * Returns: "device", "export", "job", "filter" or "node"
 *
 * Since: 0.1.0
 */
const char *qblk_user_kind_name(QblkUserKind kind);

/**
 * QblkFileState:
 * @QBLK_FILE_SAME: the file that QEMU has open
 * @QBLK_FILE_ANOTHER: another file, or it is not known to which one
 * @QBLK_FILE_GONE: no file
 * @QBLK_FILE_DESCRIPTOR: QEMU was given a descriptor, and has no name
 * @QBLK_FILE_UNKNOWN: the process of QEMU or its files are not known
 *
 * What the name of a layer leads to now.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_FILE_SAME,
    QBLK_FILE_ANOTHER,
    QBLK_FILE_GONE,
    QBLK_FILE_DESCRIPTOR,
    QBLK_FILE_UNKNOWN,
} QblkFileState;

/**
 * qblk_file_state_name:
 * @state: a value
 *
 * Returns: "same", "another-file", "gone", "descriptor" or "unknown"
 *
 * Since: 0.1.0
 */
const char *qblk_file_state_name(QblkFileState state);

G_END_DECLS
