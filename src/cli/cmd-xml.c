/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/print/output.h"
#include "cli/vm.h"

#include <qblk/disk.h>

static char *
write_xml(const QblkInvocation *invocation, const GPtrArray *chains, GError **error)
{
    if (invocation->count == 2) {
        return qblk_disk_to_xml(chains->pdata[0], error);
    }
    return qblk_disk_all_to_xml((const QblkChain *const *)chains->pdata, chains->len, error);
}

gboolean
qblk_cmd_xml(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    g_autoptr(GPtrArray) chains = vm == NULL ? NULL : qblk_vm_chains(vm, invocation, error);
    g_autofree char *xml = chains == NULL ? NULL : write_xml(invocation, chains, error);
    if (xml == NULL) {
        return vm != NULL && qblk_vm_fail_for_one(vm, invocation, error);
    }
    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set_string(result, "xml", xml);
        qblk_output_json(&invocation->output, result);
    } else {
        g_string_append(invocation->output.text, xml);
    }
    return TRUE;
}
