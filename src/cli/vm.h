/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM argument: its disks and chains, from a QEMU, an image, a capture or a domain XML.
 */
#pragma once

#include "cli/invocation.h"

#include <qblk/capture.h>
#include <qblk/domain.h>
#include <qblk/snapshot.h>

/** The disks of a VM: a graph snapshot, or a domain XML. */
typedef struct {
    QblkInvocation *invocation; /* borrowed */
    QblkSnapshot *snapshot;     /* owned, or NULL */
    QblkDomain *domain;         /* owned, or NULL */
} QblkVm;

/** Open the VM argument and read its graph, unless that was read with those of other VMs.  Stale
 * images are reported as warnings. */
QblkVm *qblk_vm_open(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_vm_free(QblkVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVm, qblk_vm_free)

/** Returns: FALSE with QBLK_CLI_ERROR_USAGE if the VM argument has no monitor. */
gboolean qblk_vm_check_monitor(const QblkInvocation *invocation,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Connect to the monitor of the VM argument.  Messages are not logged yet.
 *
 * Returns: (transfer full): the client; NULL with QBLK_CLI_ERROR_USAGE if the VM has no monitor, or
 * with QBLK_QMP_ERROR
 */
QblkClient *qblk_vm_connect(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_vm_connect() for a command that runs on the machine of the VM only, or open the image of a
 * command that changes one.
 *
 * @secrets: (nullable) (array zero-terminated=1): of the command, ID=FILE each
 * @is_dry_run: the image is only read, and may be in use
 */
QblkClient *qblk_vm_connect_for_change(QblkInvocation *invocation, char **secrets,
                                       gboolean is_dry_run,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Log the messages of @client to standard error from now on, if --verbose was given. */
void qblk_vm_log(QblkClient *client, QblkInvocation *invocation);

/** Set what the snapshot options of @invocation have from other global options. */
void qblk_vm_set_up_options(QblkInvocation *invocation);

/** Returns: (transfer full): the replies to all queries that any command sends. */
QblkCapture *qblk_vm_capture(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none): the graph snapshot; NULL with a usage error if the VM has no nodes. */
const QblkSnapshot *qblk_vm_get_snapshot(const QblkVm *vm,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none) (nullable): the id of the manager of the guest, if one is known */
const char *qblk_vm_get_manager(const QblkVm *vm);

/** Returns: FALSE with QBLK_GRAPH_ERROR_UNSAFE if reading the nodes could crash the guest. */
gboolean qblk_vm_check_readable(const QblkVm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (array zero-terminated=1): the target names of all disks */
char **qblk_vm_get_targets(const QblkVm *vm) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the target of the disk @name; NULL with an error if there is no such
 * disk */
char *qblk_vm_find_target(const QblkVm *vm, const char *name,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @name is the name of a disk, or of several. */
gboolean qblk_vm_has_disk(const QblkVm *vm, const char *name);

/** Returns: TRUE if the disk @name exists, and its data are in another process. */
gboolean qblk_vm_is_vhost_user(const QblkVm *vm, const char *name);

/** Returns: (transfer full): the chain of the disk @name. */
QblkChain *qblk_vm_find_chain(const QblkVm *vm, const char *name,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer full): the chain of the disk @name; NULL with QBLK_GRAPH_ERROR_STALE if it
 * does not have the fingerprint of --expect
 */
QblkChain *qblk_vm_find_expected_chain(const QblkVm *vm, const char *name,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read the chains of the disks that the arguments after the VM name, or of all disks if there
 * are no such arguments.
 *
 * Returns: (transfer full): the chains, of QblkChain
 */
GPtrArray *qblk_vm_find_chains(const QblkVm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Print the run state of the guest as text, if it is not an ordinary one. */
void qblk_vm_print_run_state(const QblkVm *vm, QblkOutput *output);

/** Set the member "run-state" of @object; null if the VM has no run state, or it is not known. */
void qblk_vm_set_run_state(const QblkVm *vm, QblkJson *object);

/** If @error is of one disk and all disks were meant, add a hint to specify the others. */
void qblk_vm_add_hint(QblkVm *vm, const GError *error);
