/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM argument: which of the arguments it is, and the address that it means.
 */
#pragma once

#include "cli/invocation.h"

/** Returns: TRUE if an argument of @command is a VM */
gboolean qblk_vm_argument_is_taken(const QblkCommand *command);

/** Returns: TRUE if @text is written as an address, and is not the path of a device in QOM */
gboolean qblk_vm_argument_is_address(const char *text);

/** Returns: (transfer none): the VMs of this machine, which are looked for once */
const QblkVms *qblk_vm_argument_find_vms(QblkInvocation *invocation,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Put the default VM of the environment in front of the arguments, if they have no VM: if there are
 * fewer than the command needs, or if the first one is neither an address, nor a VM, nor a file.
 */
gboolean qblk_vm_argument_add_default(QblkInvocation *invocation,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Set the address that the first argument means, if it is a VM.
 *
 * @may_wait: if its monitor is in use, look at it again for a while
 */
gboolean qblk_vm_argument_resolve(QblkInvocation *invocation, gboolean may_wait,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Let @error (inout) name the socket to use instead, if a bridge holds the monitor of the VM, or if
 * the VM argument is another socket of a VM; add a hint if the disk is a layer.
 */
void qblk_vm_argument_explain(QblkInvocation *invocation, GError **error);

/**
 * Check that a command that changes a VM, or looks at files of its machine, runs there.
 *
 * Returns: FALSE with a usage error that has the command to use, if ssh leads to another machine
 */
gboolean qblk_vm_argument_check_machine(const QblkInvocation *invocation,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
