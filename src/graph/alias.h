/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Target names ("vda"), and the target names that libvirt's device aliases mean.
 */
#pragma once

#include <glib.h>

/** TRUE if @name has the form of a target name: "vda", "sdab", "hdc", "fda", "xvda", "nvme0n1". */
gboolean qblk_alias_is_target(const char *name);

/** The @number-th name with @prefix, counted from 0: "vd" and 27 give "vdab". */
char *qblk_alias_target(const char *prefix, guint64 number) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The target name for which libvirt makes the alias @alias, and the bus that it implies.
 *
 * From qemuAssignDeviceDiskAlias and virDomainDiskDefAssignAddress of libvirt: virtio-diskN and
 * usb-diskN count names; scsiC-B-T-U has 15 disks for each controller (unit 7 is the controller
 * itself) and is scsiC-B-U for the model lsilogic, sataC-B-U has 6, ideC-B-U 2 buses of 2, fdcC-B-U
 * has 2.
 *
 * Returns: (transfer full) (nullable): the target name; NULL if libvirt does not make that alias
 */
char *qblk_alias_to_target(const char *alias, const char **bus) G_GNUC_WARN_UNUSED_RESULT;
