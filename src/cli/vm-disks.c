/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm.h"

#include "cli/command.h"
#include "cli/exit-code.h"

#include <qblk/address.h>

const QblkSnapshot *
qblk_vm_get_snapshot(const QblkVm *vm, GError **error)
{
    if (vm->snapshot == NULL) {
        (void)qblk_usage_error(
            error, "'qblk %s' needs a QEMU or a capture, not '%s': domain XML has no nodes or jobs",
            vm->invocation->command->name, qblk_address_get_text(vm->invocation->address));
    }
    return vm->snapshot;
}

const char *
qblk_vm_get_manager(const QblkVm *vm)
{
    return vm->snapshot == NULL ? NULL : qblk_snapshot_get_manager(vm->snapshot);
}

gboolean
qblk_vm_check_readable(const QblkVm *vm, GError **error)
{
    const char *reason =
        vm->snapshot == NULL ? NULL : qblk_snapshot_get_no_nodes_reason(vm->snapshot);

    if (reason != NULL) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, reason);
    }
    return reason == NULL;
}

char **
qblk_vm_get_targets(const QblkVm *vm)
{
    const char *const *all = vm->snapshot == NULL ? NULL : qblk_snapshot_get_targets(vm->snapshot);
    g_autoptr(GPtrArray) targets = g_ptr_array_new();

    for (; all != NULL && *all != NULL; all++) {
        g_ptr_array_add(targets, g_strdup(*all));
    }
    for (guint i = 0; vm->domain != NULL && i < qblk_domain_get_n_disks(vm->domain); i++) {
        const QblkChain *chain = qblk_domain_get_disk(vm->domain, i);
        g_ptr_array_add(targets, g_strdup(qblk_chain_get_target(chain)));
    }
    g_ptr_array_add(targets, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&targets), FALSE);
}

char *
qblk_vm_find_target(const QblkVm *vm, const char *name, GError **error)
{
    if (vm->snapshot == NULL) {
        const QblkChain *chain = qblk_domain_find_disk(vm->domain, name, error);
        return chain == NULL ? NULL : g_strdup(qblk_chain_get_target(chain));
    }

    const QblkDevice *device = qblk_snapshot_find_device(vm->snapshot, name, error);
    return device == NULL ? NULL : g_strdup(qblk_device_get_target(device));
}

gboolean
qblk_vm_has_disk(const QblkVm *vm, const char *name)
{
    g_autoptr(GError) cause = NULL;

    if (vm->snapshot == NULL) {
        return qblk_domain_find_disk(vm->domain, name, NULL) != NULL;
    }

    const QblkDevice *device = qblk_snapshot_find_device(vm->snapshot, name, &cause);
    return device != NULL || g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS);
}

gboolean
qblk_vm_is_vhost_user(const QblkVm *vm, const char *name)
{
    const QblkDevice *device =
        vm->snapshot == NULL ? NULL : qblk_snapshot_find_device(vm->snapshot, name, NULL);
    return device != NULL && qblk_device_is_vhost_user(device);
}

QblkChain *
qblk_vm_find_chain(const QblkVm *vm, const char *name, GError **error)
{
    if (vm->snapshot != NULL) {
        return qblk_snapshot_chain(vm->snapshot, name, error);
    }

    const QblkChain *chain = qblk_domain_find_disk(vm->domain, name, error);
    return chain == NULL ? NULL : qblk_chain_ref(chain);
}

QblkChain *
qblk_vm_find_expected_chain(const QblkVm *vm, const char *name, GError **error)
{
    const char *expect = vm->invocation->expect;
    g_autoptr(QblkChain) chain = qblk_vm_find_chain(vm, name, error);

    if (chain == NULL) {
        return NULL;
    }
    if (expect != NULL && !qblk_chain_expect(chain, expect, error)) {
        return NULL;
    }
    return g_steal_pointer(&chain);
}

GPtrArray *
qblk_vm_find_chains(const QblkVm *vm, GError **error)
{
    const QblkInvocation *invocation = vm->invocation;
    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    g_auto(GStrv) all = qblk_vm_get_targets(vm);
    const char *const *named = (const char *const *)invocation->arguments + 1;
    const char *const *names = invocation->count > 1 ? named : (const char *const *)all;

    for (guint i = 0; names[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        QblkChain *chain = qblk_vm_find_expected_chain(vm, names[i], &cause);
        if (names != named && g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE)) {
            qblk_output_warn(&vm->invocation->output, cause->message);
            continue;
        }
        if (chain == NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }

        g_ptr_array_add(chains, chain);
    }

    return g_steal_pointer(&chains);
}

void
qblk_vm_print_run_state(const QblkVm *vm, QblkOutput *output)
{
    if (vm->snapshot != NULL && !qblk_snapshot_is_ordinary(vm->snapshot)) {
        g_autofree char *safe = qblk_output_escape(qblk_snapshot_get_run_state(vm->snapshot));
        qblk_output_print(output, "run state: %s\n", safe);
    }
}

void
qblk_vm_set_run_state(const QblkVm *vm, QblkJson *object)
{
    qblk_json_set_string(object, "run-state",
                         vm->snapshot == NULL ? NULL : qblk_snapshot_get_run_state(vm->snapshot));
}

void
qblk_vm_add_hint(QblkVm *vm, const GError *error)
{
    QblkInvocation *invocation = vm->invocation;
    gboolean is_of_disk = g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED) ||
                          error->domain == QBLK_XML_ERROR;
    g_auto(GStrv) targets = qblk_vm_get_targets(vm);
    gboolean has_others = targets[0] != NULL && targets[1] != NULL;

    if (is_of_disk && has_others && invocation->count == 1) {
        qblk_output_add_hint(&invocation->output, "to skip this disk: specify the other disks");
    }
}
