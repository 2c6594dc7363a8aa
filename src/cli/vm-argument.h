/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM argument: which of the arguments it is, and the address that it means.
 */
#pragma once

#include "cli/invocation.h"

/** Returns: TRUE if an argument of @command is a VM */
gboolean qblk_vm_argument_is_taken(const QblkCommand *command);

/**
 * Put the default VM of the environment in front of the arguments, if they have no VM: if there are
 * fewer than the command needs, or if the first one is neither an address, nor a VM, nor a file.
 */
gboolean qblk_vm_argument_add_default(QblkInvocation *invocation,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Set the address that the first argument means, if it is a VM. */
gboolean qblk_vm_argument_resolve(QblkInvocation *invocation,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
