/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM of this machine, and its monitors, as the files of the machine show them.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkVmInfo:
 *
 * A VM: a process of QEMU on this machine.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkVmInfo QblkVmInfo;

/**
 * QblkVmMonitor:
 *
 * A monitor of a VM.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkVmMonitor QblkVmMonitor;

/**
 * QblkVmMonitorState:
 * @QBLK_VM_MONITOR_STATE_FREE: QEMU listens, and no client is connected
 * @QBLK_VM_MONITOR_STATE_BUSY: a client is connected, or waits; QEMU serves one at a time
 * @QBLK_VM_MONITOR_STATE_UNKNOWN: the user may not inspect the process
 * @QBLK_VM_MONITOR_STATE_CLOSED: no client can connect
 *
 * What a client that connects to a monitor can expect.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_VM_MONITOR_STATE_FREE,
    QBLK_VM_MONITOR_STATE_BUSY,
    QBLK_VM_MONITOR_STATE_UNKNOWN,
    QBLK_VM_MONITOR_STATE_CLOSED,
} QblkVmMonitorState;

/**
 * qblk_vm_monitor_state_name:
 * @state: a value
 *
 * Returns: "free", "busy", "unknown" or "closed"
 *
 * Since: 0.1.0
 */
const char *qblk_vm_monitor_state_name(QblkVmMonitorState state);

/**
 * qblk_vm_info_ref:
 * @vm: the VM
 *
 * Returns: (transfer full): a further reference to @vm
 *
 * Since: 0.1.0
 */
QblkVmInfo *qblk_vm_info_ref(const QblkVmInfo *vm);

/**
 * qblk_vm_info_unref:
 * @vm: (nullable) (transfer full): the VM
 *
 * Release a reference; the last one frees the VM.
 *
 * Since: 0.1.0
 */
void qblk_vm_info_unref(QblkVmInfo *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVmInfo, qblk_vm_info_unref)

/**
 * qblk_vm_info_get_name:
 * @vm: the VM
 *
 * Returns: (nullable): the name of the guest (-name); NULL if it has none
 *
 * Since: 0.1.0
 */
const char *qblk_vm_info_get_name(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_uuid:
 * @vm: the VM
 *
 * Returns: (nullable): the UUID of the guest (-uuid or -smbios), as it was given; NULL if it has
 *   none
 *
 * Since: 0.1.0
 */
const char *qblk_vm_info_get_uuid(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_pid:
 * @vm: the VM
 *
 * Returns: the pid of its process
 *
 * Since: 0.1.0
 */
gint64 qblk_vm_info_get_pid(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_uid:
 * @vm: the VM
 *
 * Returns: the user of its process; -1 if it is not known
 *
 * Since: 0.1.0
 */
gint64 qblk_vm_info_get_uid(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_program:
 * @vm: the VM
 *
 * Returns: the program of its process, as it was started
 *
 * Since: 0.1.0
 */
const char *qblk_vm_info_get_program(const QblkVmInfo *vm);

/**
 * qblk_vm_info_is_storage_daemon:
 * @vm: the VM
 *
 * Returns: TRUE if it has no guest: its program is qemu-storage-daemon
 *
 * Since: 0.1.0
 */
gboolean qblk_vm_info_is_storage_daemon(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_version:
 * @vm: the VM
 *
 * Returns: (nullable): the version of QEMU, "7.2.22"; NULL unless qblk_vms_options_set_probe() was
 *   set and the monitor was free
 *
 * Since: 0.1.0
 */
const char *qblk_vm_info_get_version(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_manager:
 * @vm: the VM
 *
 * Returns: (nullable): the program that has started it: "libvirt", "ovirt", "proxmox-ve", "incus"
 *   or "lxd"; NULL if none is known
 *
 * Since: 0.1.0
 */
const char *qblk_vm_info_get_manager(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_manager_id:
 * @vm: the VM
 *
 * Returns: (nullable): what its manager calls it: the VMID of Proxmox VE, the instance of Incus or
 *   LXD, the domain of libvirt
 *
 * Since: 0.1.0
 */
const char *qblk_vm_info_get_manager_id(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_machine:
 * @vm: the VM
 *
 * Returns: (nullable): its name in systemd-machined, "qemu-1-web1"; NULL if it is not registered
 *
 * Since: 0.1.0
 */
const char *qblk_vm_info_get_machine(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_n_disks:
 * @vm: the VM
 *
 * Returns: the number of disks on its command line, without those that were plugged in since; -1 if
 *   it is not known
 *
 * Since: 0.1.0
 */
int qblk_vm_info_get_n_disks(const QblkVmInfo *vm);

/**
 * qblk_vm_info_is_complete:
 * @vm: the VM
 *
 * Returns: FALSE if the user may not inspect the process, so that the states of monitors may be
 *   unknown
 *
 * Since: 0.1.0
 */
gboolean qblk_vm_info_is_complete(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_n_monitors:
 * @vm: the VM
 *
 * Returns: the number of its monitors
 *
 * Since: 0.1.0
 */
guint qblk_vm_info_get_n_monitors(const QblkVmInfo *vm);

/**
 * qblk_vm_info_get_monitor:
 * @vm: the VM
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): a monitor; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkVmMonitor *qblk_vm_info_get_monitor(const QblkVmInfo *vm, guint index);

/**
 * qblk_vm_info_choose_monitor:
 * @vm: the VM
 *
 * Choose the QMP monitor to connect to: the first one that is free; if none is, the socket of a
 * bridge that holds one; then the first one whose state is not known.
 *
 * Returns: (transfer none) (nullable): the monitor, which has an address; NULL with
 *   QBLK_QMP_ERROR_BUSY if all are in use, or QBLK_QMP_ERROR_CONNECT if the VM has none that can be
 *   used; the message names the remedy
 *
 * Since: 0.1.0
 */
const QblkVmMonitor *qblk_vm_info_choose_monitor(const QblkVmInfo *vm,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vm_info_choose_monitor_to_read:
 * @vm: the VM
 *
 * Choose the QMP monitor to connect to for commands that change nothing: as
 * qblk_vm_info_choose_monitor(), and after the other sockets of bridges one that is read-only.
 *
 * Returns: (transfer none) (nullable): the monitor, which has an address; NULL with an error as
 *   those of qblk_vm_info_choose_monitor()
 *
 * Since: 0.1.0
 */
const QblkVmMonitor *qblk_vm_info_choose_monitor_to_read(const QblkVmInfo *vm,
                                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vm_info_choose_monitor_to_bridge:
 * @vm: the VM
 *
 * Choose the QMP monitor for a bridge: as qblk_vm_info_choose_monitor(), but only one of QEMU
 * itself, and no socket of another bridge.
 *
 * Returns: (transfer none) (nullable): the monitor, which has an address; NULL with an error as
 *   those of qblk_vm_info_choose_monitor()
 *
 * Since: 0.1.0
 */
const QblkVmMonitor *qblk_vm_info_choose_monitor_to_bridge(const QblkVmInfo *vm, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vm_monitor_ref:
 * @monitor: the monitor
 *
 * A reference to it is one to its VM.
 *
 * Returns: (transfer full): a further reference to @monitor
 *
 * Since: 0.1.0
 */
QblkVmMonitor *qblk_vm_monitor_ref(const QblkVmMonitor *monitor);

/**
 * qblk_vm_monitor_unref:
 * @monitor: (nullable) (transfer full): the monitor
 *
 * Release a reference.
 *
 * Since: 0.1.0
 */
void qblk_vm_monitor_unref(QblkVmMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVmMonitor, qblk_vm_monitor_unref)

/**
 * qblk_vm_monitor_get_address:
 * @monitor: the monitor
 *
 * Returns: (nullable): the address for qblk_address_parse(): the absolute path of its socket, or
 *   tcp:HOST:PORT; NULL if it has none that can be used from here
 *
 * Since: 0.1.0
 */
const char *qblk_vm_monitor_get_address(const QblkVmMonitor *monitor);

/**
 * qblk_vm_monitor_get_text:
 * @monitor: the monitor
 *
 * Returns: what it is connected to, for people: its address, or "stdio", "fd 30", "@NAME"
 *
 * Since: 0.1.0
 */
const char *qblk_vm_monitor_get_text(const QblkVmMonitor *monitor);

/**
 * qblk_vm_monitor_is_qmp:
 * @monitor: the monitor
 *
 * Returns: FALSE for a monitor for people (HMP), which programs cannot use
 *
 * Since: 0.1.0
 */
gboolean qblk_vm_monitor_is_qmp(const QblkVmMonitor *monitor);

/**
 * qblk_vm_monitor_get_bridge:
 * @monitor: the monitor
 *
 * A bridge holds a monitor of QEMU and serves many clients at sockets of its own.  These are
 * monitors of the VM, too, and are always free.
 *
 * Returns: the pid of the bridge whose socket it is; 0 if it is one of QEMU
 *
 * Since: 0.1.0
 */
gint64 qblk_vm_monitor_get_bridge(const QblkVmMonitor *monitor);

/**
 * qblk_vm_monitor_is_read_only:
 * @monitor: the monitor
 *
 * Returns: TRUE if it is the socket of a bridge that executes no commands that change something
 *
 * Since: 0.1.0
 */
gboolean qblk_vm_monitor_is_read_only(const QblkVmMonitor *monitor);

/**
 * qblk_vm_monitor_get_state:
 * @monitor: the monitor
 *
 * Returns: what a client can expect; it may have changed since
 *
 * Since: 0.1.0
 */
QblkVmMonitorState qblk_vm_monitor_get_state(const QblkVmMonitor *monitor);

/**
 * qblk_vm_monitor_get_reason:
 * @monitor: the monitor
 *
 * Returns: (nullable): why its state is not known, or why no client can connect
 *
 * Since: 0.1.0
 */
const char *qblk_vm_monitor_get_reason(const QblkVmMonitor *monitor);

G_END_DECLS
