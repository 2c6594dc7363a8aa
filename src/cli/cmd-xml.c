/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk xml`: disks as libvirt's XML. */
#include "cli/commands.h"
#include "cli/vm.h"

#include <qblk/disk.h>

/* One <disk> if one disk is named, otherwise <devices> with all of them. */
static char *
write_xml(const QblkInvocation *invocation, const GPtrArray *chains, GError **error)
{
    if (invocation->count == 2) {
        return qblk_disk_to_xml(chains->pdata[0], error);
    }
    return qblk_disk_all_to_xml((const QblkChain *const *)chains->pdata, chains->len, error);
}

static gboolean
begin_several(const QblkInvocation *invocation, QblkHeadingForm *form, GError **error)
{
    if (!invocation->output.json) {
        *form = QBLK_HEADING_XML;
    }
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    g_autoptr(GPtrArray) chains = qblk_vm_find_chains(vm, error);
    g_autofree char *xml = chains == NULL ? NULL : write_xml(invocation, chains, error);
    if (xml == NULL) {
        qblk_vm_add_hint(vm, *error);
        return FALSE;
    }

    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set_string(result, "xml", xml);
        qblk_output_json(&invocation->output, result);
    } else {
        invocation->output.is_data = TRUE;
        g_string_append(invocation->output.text, xml);
    }
    return TRUE;
}

const QblkCommand qblk_cmd_xml = {
    .name = "xml",
    .virsh_name = "dumpxml",
    .arguments = "VM... [DISK...]",
    .summary = "Print disks as libvirt XML",
    .description = "A disk has its whole chain of <backingStore>, as 'virsh dumpxml' has it for "
                   "guests of libvirt.",
    .example = "qblk xml /run/vm1.qmp vda",
    .group = QBLK_COMMAND_LOOKS,
    .prints_plain = TRUE,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_SOME_VMS,
    .one_disk = TRUE,
    .begin_several = begin_several,
    .only_reads = TRUE,
    .run = run,
};
