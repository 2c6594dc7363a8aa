/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMs of this machine, and a VM that is given by its name.
 *
 * They are found in /proc and in the places where managers keep their guests.  Nothing is connected
 * to unless qblk_vms_options_set_probe() is set.
 */
#pragma once

#include <qblk/address.h>
#include <qblk/vm-info.h>

G_BEGIN_DECLS

/**
 * QblkVmsOptions:
 *
 * How VMs are looked for.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkVmsOptions QblkVmsOptions;

/**
 * QblkVms:
 *
 * The VMs of a machine, in the order of their pids.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkVms QblkVms;

/**
 * qblk_vms_options_new:
 *
 * Returns: (transfer full): options to look for VMs with: those of this machine, without a probe
 *
 * Since: 0.1.0
 */
QblkVmsOptions *qblk_vms_options_new(void);

/**
 * qblk_vms_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkVmsOptions *qblk_vms_options_ref(QblkVmsOptions *options);

/**
 * qblk_vms_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_vms_options_unref(QblkVmsOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVmsOptions, qblk_vms_options_unref)

/**
 * qblk_vms_options_set_root:
 * @options: the options
 * @root: (nullable): a directory; NULL: "/"
 *
 * Set the directory in which "/proc", "/run" and all other files are looked for.
 *
 * Since: 0.1.0
 */
void qblk_vms_options_set_root(QblkVmsOptions *options, const char *root);

/**
 * qblk_vms_options_add_name:
 * @options: the options
 * @name: as for qblk_vms_lookup()
 *
 * Find only the VMs with this name, and those with other names that were added.
 *
 * Since: 0.1.0
 */
void qblk_vms_options_add_name(QblkVmsOptions *options, const char *name);

/**
 * qblk_vms_options_set_probe:
 * @options: the options
 * @timeout_ms: how long all VMs together may take to answer, in milliseconds; 0: do not connect
 *
 * Connect to one free QMP monitor of each VM to learn the version of its QEMU.
 *
 * Since: 0.1.0
 */
void qblk_vms_options_set_probe(QblkVmsOptions *options, int timeout_ms);

/**
 * qblk_vms_find:
 * @options: (nullable): how to look; NULL: defaults
 *
 * Find the VMs of this machine.  A process that the user may not inspect is listed as far as it is
 * known.
 *
 * Returns: (transfer full): the VMs; NULL with QBLK_QMP_ERROR_CONNECT if the processes of the
 *   machine cannot be listed, or with QBLK_QMP_ERROR_ARGUMENT if no VM has a name that was added
 *
 * Since: 0.1.0
 */
QblkVms *qblk_vms_find(const QblkVmsOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vms_ref:
 * @vms: the VMs
 *
 * Returns: (transfer full): a further reference to @vms
 *
 * Since: 0.1.0
 */
QblkVms *qblk_vms_ref(QblkVms *vms);

/**
 * qblk_vms_unref:
 * @vms: (nullable) (transfer full): the VMs
 *
 * Release a reference; the last one frees the list.
 *
 * Since: 0.1.0
 */
void qblk_vms_unref(QblkVms *vms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVms, qblk_vms_unref)

/**
 * qblk_vms_get_n_vms:
 * @vms: the VMs
 *
 * Returns: the number of VMs
 *
 * Since: 0.1.0
 */
guint qblk_vms_get_n_vms(const QblkVms *vms);

/**
 * qblk_vms_get_vm:
 * @vms: the VMs
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): a VM; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkVmInfo *qblk_vms_get_vm(const QblkVms *vms, guint index);

/**
 * qblk_vms_has:
 * @vms: the VMs
 * @name: as for qblk_vms_lookup()
 *
 * Returns: TRUE if @name is that of one VM, or of several
 *
 * Since: 0.1.0
 */
gboolean qblk_vms_has(const QblkVms *vms, const char *name);

/**
 * qblk_vms_lookup:
 * @vms: the VMs
 * @name: the exact name of a VM, its UUID, its pid, its name in systemd-machined, or the VMID of
 *   Proxmox VE or the instance of Incus or LXD
 *
 * Find the VM that @name means.
 *
 * Returns: (transfer none): the VM; NULL with QBLK_QMP_ERROR_ARGUMENT and a message that lists all
 *   if there are several, or names similar ones if it does not exist
 *
 * Since: 0.1.0
 */
const QblkVmInfo *qblk_vms_lookup(const QblkVms *vms, const char *name,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vms_resolve:
 * @vms: (nullable): the VMs; NULL: they are looked for, if @text is not an address
 * @text: an address as for qblk_address_parse(), a name as for qblk_vms_lookup(), or the name of a
 *   socket in the working directory
 *
 * Find the address of a VM.  A @text with the form of an address (see qblk_address_has_form()) is
 * one, and no VM is looked for.
 *
 * QEMU may notice the end of a client some time after it.  Without @vms, a monitor that is in use
 * is looked at again for a second, in which the function waits.
 *
 * Returns: (transfer full): the address; NULL with QBLK_QMP_ERROR_ARGUMENT if @text means nothing,
 *   or several things, or as for qblk_vm_info_choose_monitor()
 *
 * Since: 0.1.0
 */
QblkAddress *qblk_vms_resolve(const QblkVms *vms, const char *text,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vms_resolve_to_read:
 * @vms: (nullable): the VMs; NULL: they are looked for, if @text is not an address
 * @text: as for qblk_vms_resolve()
 *
 * Find the address of a VM for commands that change nothing.  As qblk_vms_resolve(), but it may be
 * the read-only socket of a bridge: see qblk_vm_info_choose_monitor_to_read().
 *
 * Returns: (transfer full): the address; NULL with an error as those of qblk_vms_resolve()
 *
 * Since: 0.1.0
 */
QblkAddress *qblk_vms_resolve_to_read(const QblkVms *vms, const char *text,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vms_resolve_to_bridge:
 * @vms: (nullable): the VMs; NULL: they are looked for, if @text is not an address
 * @text: as for qblk_vms_resolve()
 *
 * Find the address of the monitor that a bridge is to hold.  As qblk_vms_resolve(), but the name of
 * a VM means a monitor of QEMU itself: see qblk_vm_info_choose_monitor_to_bridge().
 *
 * Returns: (transfer full): the address; NULL with an error as those of qblk_vms_resolve()
 *
 * Since: 0.1.0
 */
QblkAddress *qblk_vms_resolve_to_bridge(const QblkVms *vms, const char *text,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vms_explain_busy:
 * @vms: (nullable): the VMs; NULL: they are looked for
 * @address: the address of a monitor, for which QBLK_QMP_ERROR_BUSY was reported
 * @only_reads: TRUE if only commands that change nothing are to be executed
 *
 * Find out if a bridge of this machine holds a monitor, or a manager such as libvirt.
 *
 * Returns: (transfer full) (nullable): a message that takes the place of that of the error, and
 *   names the socket of the bridge to use instead, or the manager; NULL if neither holds it
 *
 * Since: 0.1.0
 */
char *qblk_vms_explain_busy(const QblkVms *vms, const QblkAddress *address,
                            gboolean only_reads) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vms_explain_peer:
 * @vms: (nullable): the VMs; NULL: they are looked for
 * @address: an address, for which QBLK_QMP_ERROR_BUSY or QBLK_QMP_ERROR_PROTOCOL was reported
 *
 * Find out if an address is that of another socket of a VM of this machine: of a monitor for people
 * (HMP), a serial port, or a VNC server, for example.
 *
 * Returns: (transfer full) (nullable): a message that takes the place of that of the error, and
 *   names the QMP monitor of the VM; NULL if no VM has such a socket
 *
 * Since: 0.1.0
 */
char *qblk_vms_explain_peer(const QblkVms *vms,
                            const QblkAddress *address) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vms_explain_server:
 * @vms: (nullable): the VMs; NULL: they are looked for
 * @address: an address, for which QBLK_QMP_ERROR_BUSY was reported
 *
 * Find out if another program than QEMU listens at a unix socket of this machine.  The function
 * connects to the socket for a moment.
 *
 * Returns: (transfer full) (nullable): a message that takes the place of that of the error, and
 *   names the process; NULL if the address is not a unix socket, or QEMU may listen there
 *
 * Since: 0.1.0
 */
char *qblk_vms_explain_server(const QblkVms *vms,
                              const QblkAddress *address) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
