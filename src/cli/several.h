/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A reading command for several VMs: one invocation for each, whose graphs are fetched at once.
 */
#pragma once

#include "cli/global-options.h"
#include "cli/invocation.h"

/**
 * Make an invocation for each of the VMs in @invocation->vm_names.  A VM that cannot be used is no
 * error here: its invocation has the reason.
 *
 * @options: after those of @invocation were applied
 *
 * Returns: FALSE if the VMs of this machine, which are needed for a name, cannot be found
 */
gboolean qblk_several_set_up(QblkInvocation *invocation, const QblkGlobalOptions *options,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Run the command for each VM, in order.  Each result is printed in its turn, as text at once, and
 * each failure in its place.  The exit status of several is 1 if one of them failed.
 *
 * Returns: FALSE with an error if no VM can be read, or if the output cannot be written
 */
gboolean qblk_several_run(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Free @data, an invocation for one of several VMs. */
void qblk_several_free(gpointer data);
