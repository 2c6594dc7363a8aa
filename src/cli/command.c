/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/command.h"

void
qblk_invocation_clear(QblkInvocation *invocation)
{
    const QblkCommand *command = invocation->command;

    if (command != NULL && command->clear_options != NULL) {
        command->clear_options(invocation->options);
    }
    g_free(invocation->options);

    g_clear_pointer(&invocation->each, g_ptr_array_unref);
    g_clear_pointer(&invocation->vm_names, g_ptr_array_unref);
    g_clear_pointer(&invocation->fetched, qblk_snapshot_unref);
    g_clear_error(&invocation->failure);
    g_free(invocation->early_warning);
    g_strfreev(invocation->arguments);
    g_free(invocation->given_vm);
    g_clear_pointer(&invocation->address, qblk_address_unref);
    g_clear_pointer(&invocation->vms, qblk_vms_unref);
    g_free(invocation->expect);
    g_free(invocation->image_format);
    g_strfreev(invocation->backing_formats);
    g_strfreev(invocation->secrets);
    g_free(invocation->naming);
    g_clear_pointer(&invocation->domain, qblk_domain_unref);
    g_clear_pointer(&invocation->snapshot_options, qblk_snapshot_options_unref);
    qblk_output_clear(&invocation->output);
}
