/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk of the guest: a device with its drive, or a drive without a device.
 *
 * A device belongs to its snapshot: a reference to the device is a reference to the snapshot.  All
 * texts and objects that the functions return belong to the snapshot.  It never changes, and
 * several threads may use it at once.
 */
#pragma once

#include <qblk/io-statistics.h>
#include <qblk/node.h>

G_BEGIN_DECLS

/**
 * QblkDevice:
 *
 * A disk of a snapshot.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkDevice QblkDevice;

/**
 * qblk_device_ref:
 * @device: the device
 *
 * Returns: (transfer full): @device, with a further reference to its snapshot
 *
 * Since: 0.1.0
 */
QblkDevice *qblk_device_ref(const QblkDevice *device);

/**
 * qblk_device_unref:
 * @device: (nullable) (transfer full): the device
 *
 * Release a reference to the snapshot of @device.
 *
 * Since: 0.1.0
 */
void qblk_device_unref(QblkDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDevice, qblk_device_unref)

/**
 * qblk_device_get_target:
 * @device: the device
 *
 * Returns: (nullable): the target name, such as "vda"; NULL if it is not a disk, as flash memory
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_target(const QblkDevice *device);

/**
 * qblk_device_get_name_source:
 * @device: the device
 *
 * Returns: how the target name is known
 *
 * Since: 0.1.0
 */
QblkNameSource qblk_device_get_name_source(const QblkDevice *device);

/**
 * qblk_device_get_label:
 * @device: the device
 *
 * Returns: a name for messages: the id of the device, or else the name of the drive, the QOM path
 *   or the node-name
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_label(const QblkDevice *device);

/**
 * qblk_device_get_bus:
 * @device: the device
 *
 * Returns: its bus
 *
 * Since: 0.1.0
 */
QblkBus qblk_device_get_bus(const QblkDevice *device);

/**
 * qblk_device_get_bus_address:
 * @device: the device
 *
 * The place of the device: devices on one bus are scanned by the guest in the order of these
 * numbers.
 *
 * Returns: (transfer full) (nullable): the numbers of the way from the machine to the device,
 *   separated by '.': of a PCI device 8 * slot + function, of a bus, a target, a unit or a port its
 *   number; "16" is the PCI slot 2, "16.0.3.0" a SCSI disk behind it.  NULL if it was not queried,
 *   because the names of other devices do not depend on it
 *
 * Since: 0.1.0
 */
char *qblk_device_get_bus_address(const QblkDevice *device) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_device_get_kind:
 * @device: the device
 *
 * Returns: what it is to the guest
 *
 * Since: 0.1.0
 */
QblkDeviceKind qblk_device_get_kind(const QblkDevice *device);

/**
 * qblk_device_get_alias:
 * @device: the device
 *
 * Returns: (nullable): the id of the device, which libvirt calls its alias
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_alias(const QblkDevice *device);

/**
 * qblk_device_get_qdev:
 * @device: the device
 *
 * Returns: (nullable): the id or QOM path of the device as QEMU reports it
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_qdev(const QblkDevice *device);

/**
 * qblk_device_get_qom_type:
 * @device: the device
 *
 * Returns: (nullable): the QOM type of the device
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_qom_type(const QblkDevice *device);

/**
 * qblk_device_get_backend:
 * @device: the device
 *
 * Returns: (nullable): the name of the drive; NULL with -blockdev
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_backend(const QblkDevice *device);

/**
 * qblk_device_get_serial:
 * @device: the device
 *
 * Returns: (nullable): the serial number, which is "" if none was given; NULL if QEMU does not
 *   report it
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_serial(const QblkDevice *device);

/**
 * qblk_device_get_node_name:
 * @device: the device
 *
 * Returns: (nullable): the name of its node as QEMU reports it; NULL for an empty drive
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_node_name(const QblkDevice *device);

/**
 * qblk_device_get_node:
 * @device: the device
 *
 * Returns: (transfer none) (nullable): that node; NULL for an empty drive, and if the nodes were
 *   not queried
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_device_get_node(const QblkDevice *device);

/**
 * qblk_device_get_top_node:
 * @device: the device
 *
 * Returns: (transfer none) (nullable): the topmost node: a filter that a job has added above that
 *   node, or that node
 *
 * Since: 0.1.0
 */
const QblkNode *qblk_device_get_top_node(const QblkDevice *device);

/**
 * qblk_device_is_vhost_user:
 * @device: the device
 *
 * Returns: TRUE if its data are in another process: it never has a node
 *
 * Since: 0.1.0
 */
gboolean qblk_device_is_vhost_user(const QblkDevice *device);

/**
 * qblk_device_is_removable:
 * @device: the device
 *
 * Returns: TRUE if its medium can be changed
 *
 * Since: 0.1.0
 */
gboolean qblk_device_is_removable(const QblkDevice *device);

/**
 * qblk_device_is_tray_open:
 * @device: the device
 *
 * Returns: TRUE if its tray is open
 *
 * Since: 0.1.0
 */
gboolean qblk_device_is_tray_open(const QblkDevice *device);

/**
 * qblk_device_is_read_only:
 * @device: the device
 *
 * Returns: TRUE if the guest cannot write to it
 *
 * Since: 0.1.0
 */
gboolean qblk_device_is_read_only(const QblkDevice *device);

/**
 * qblk_device_get_io_status:
 * @device: the device
 *
 * Returns: (nullable): "ok", "nospace" or "failed"; NULL if the device does not keep it
 *
 * Since: 0.1.0
 */
const char *qblk_device_get_io_status(const QblkDevice *device);

/**
 * qblk_device_get_statistics:
 * @device: the device
 *
 * Returns: (transfer none) (nullable): how much it has read and written; NULL if that was not
 *   queried (qblk_snapshot_options_set_statistics()), or if QEMU does not report it
 *
 * Since: 0.1.0
 */
const QblkIoStatistics *qblk_device_get_statistics(const QblkDevice *device);

/**
 * qblk_device_to_json:
 * @device: the device
 *
 * Returns: (transfer full): a JSON object: what is known of a disk that has no chain
 *
 * Since: 0.1.0
 */
char *qblk_device_to_json(const QblkDevice *device) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
