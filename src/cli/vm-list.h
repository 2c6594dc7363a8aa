/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Several VMs for one command: from its arguments, --vm, --vms and --all.
 */
#pragma once

#include "cli/invocation.h"

/** The options that name VMs. */
typedef struct {
    char **names;   /* owned: of --vm, or NULL */
    char *file;     /* owned: of --vms, or NULL */
    gboolean every; /* --all */
} QblkVmListOptions;

void qblk_vm_list_options_clear(QblkVmListOptions *options);

/** Returns: TRUE if one of @options was given */
gboolean qblk_vm_list_is_given(const QblkVmListOptions *options);

/**
 * Set the VMs of @invocation if several are given, or options that may give several: of its
 * arguments those of disks remain, after one that takes the place of the VM.
 *
 * Returns: FALSE with QBLK_CLI_ERROR_USAGE if the command takes one VM, or with the reason why
 * the list cannot be read
 */
gboolean qblk_vm_list_set(QblkInvocation *invocation, const QblkVmListOptions *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
