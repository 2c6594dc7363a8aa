/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complete-vm.h"

#include "cli/commands.h"
#include "cli/vm.h"

#include <string.h>

/* ---- VMs ---- */

static void
add_vm(QblkCandidates *candidates, const QblkVmInfo *vm)
{
    const char *name = qblk_vm_info_get_name(vm);
    const char *manager = qblk_vm_info_get_manager(vm);
    g_autofree char *text =
        g_strdup_printf("%s%spid %" G_GINT64_FORMAT, manager == NULL ? "" : manager,
                        manager == NULL ? "" : ", ", qblk_vm_info_get_pid(vm));
    guint n_monitors = qblk_vm_info_get_n_monitors(vm);

    if (name != NULL && n_monitors > 0) {
        qblk_candidates_add(candidates, name, text);
    }
    for (guint i = 0; i < n_monitors; i++) {
        const QblkVmMonitor *monitor = qblk_vm_info_get_monitor(vm, i);
        const char *address = qblk_vm_monitor_get_address(monitor);
        gboolean is_usable = address != NULL && qblk_vm_monitor_is_qmp(monitor);
        /* A name is shorter. */
        if (is_usable && (name == NULL || candidates->typed[0] == '/')) {
            qblk_candidates_add(candidates, address, name == NULL ? text : name);
        }
    }
}

void
qblk_complete_vms(QblkCandidates *candidates)
{
    static const struct {
        const char *form, *text;
        gboolean is_file;
    } forms[] = {
        {"image:", "an image without a QEMU", TRUE},
        {"capture:", "output of 'qblk capture'", TRUE},
        {"domain:", "a libvirt domain XML", TRUE},
        {"unix:", "a QMP socket", TRUE},
        {"tcp:", "a QMP monitor over TCP", FALSE},
        {"ssh://", "a QMP socket of another machine", FALSE},
        {"fd:", "a connected socket", FALSE},
    };
    g_autoptr(QblkVms) vms = qblk_vms_find(NULL, NULL);
    guint count = vms == NULL ? 0 : qblk_vms_get_n_vms(vms);

    for (guint i = 0; i < count; i++) {
        add_vm(candidates, qblk_vms_get_vm(vms, i));
    }
    gboolean is_typed = candidates->typed[0] != '\0';
    gboolean is_asked = is_typed || candidates->words->len == 0;
    if (is_typed) {
        qblk_candidates_add_files(candidates, "", QBLK_CANDIDATE_SOCKETS);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(forms) && is_asked; i++) {
        if (!g_str_has_prefix(candidates->typed, forms[i].form)) {
            qblk_candidates_add(candidates, forms[i].form, forms[i].text);
        } else if (forms[i].is_file) {
            qblk_candidates_add_files(candidates, forms[i].form, QBLK_CANDIDATE_FILES);
        }
    }
}

/* ---- the VM to ask ---- */

/* Returns: (nullable): the VM one of whose monitors is @address */
static const QblkVmInfo *
find_vm(const QblkVms *vms, const QblkAddress *address)
{
    g_autofree char *absolute = qblk_address_to_absolute(address);
    g_autofree char *real = qblk_address_get_path(address) == NULL
                                ? NULL
                                : g_canonicalize_filename(qblk_address_get_path(address), NULL);

    for (guint i = 0; i < qblk_vms_get_n_vms(vms); i++) {
        const QblkVmInfo *vm = qblk_vms_get_vm(vms, i);
        for (guint j = 0; j < qblk_vm_info_get_n_monitors(vm); j++) {
            const char *known = qblk_vm_monitor_get_address(qblk_vm_info_get_monitor(vm, j));
            if (known != NULL && (g_strcmp0(known, absolute) == 0 || g_strcmp0(known, real) == 0)) {
                return vm;
            }
        }
    }
    return NULL;
}

/* Returns: (nullable): the address of a monitor of @text that has no client, or takes several */
static char *
find_free_monitor(const char *text)
{
    g_autoptr(QblkVms) vms = qblk_vms_find(NULL, NULL);
    gboolean is_address = qblk_address_has_form(text);
    g_autoptr(QblkAddress) address = is_address ? qblk_address_parse(text, NULL) : NULL;
    if (vms == NULL || (is_address && address == NULL)) {
        return NULL;
    }

    const QblkVmInfo *vm = is_address ? find_vm(vms, address) : qblk_vms_lookup(vms, text, NULL);
    const QblkVmMonitor *monitor =
        vm == NULL ? NULL : qblk_vm_info_choose_monitor_to_read(vm, NULL);
    return monitor == NULL ? NULL : g_strdup(qblk_vm_monitor_get_address(monitor));
}

/* Returns: (nullable): what can be asked for @text without keeping out another client */
static char *
choose_vm(const char *text)
{
    static const char *const files[] = {"image:", "capture:", "domain:"};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        if (g_str_has_prefix(text, files[i])) {
            const char *path = text + strlen(files[i]);
            gboolean is_home = g_str_has_prefix(path, "~/");
            g_autofree char *home =
                is_home ? g_build_filename(g_get_home_dir(), path + 2, NULL) : g_strdup(path);
            return g_str_equal(path, "-") ? NULL : g_strconcat(files[i], home, NULL);
        }
    }
    return find_free_monitor(text);
}

/* ---- disks and layers ---- */

static void
add_layers(QblkCandidates *candidates, const QblkChain *chain)
{
    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        const char *file = qblk_layer_get_filename(layer);
        const char *node = qblk_layer_get_node_name(layer);

        qblk_candidates_add(candidates, qblk_layer_get_spec(layer), file);
        if (file != NULL && strchr(candidates->typed, '/') != NULL) {
            qblk_candidates_add(candidates, file, qblk_layer_get_spec(layer));
        }
        if (node != NULL && g_str_has_prefix(candidates->typed, "node:")) {
            g_autofree char *name = g_strconcat("node:", node, NULL);
            qblk_candidates_add(candidates, name, qblk_layer_get_spec(layer));
        }
    }
}

static void
add_disks(QblkCandidates *candidates, const QblkCompleteRequest *request, const QblkVm *vm)
{
    g_auto(GStrv) targets = qblk_vm_get_targets(vm);

    for (char **target = targets; *target != NULL; target++) {
        g_autoptr(QblkChain) chain = qblk_vm_find_chain(vm, *target, NULL);
        const QblkLayer *top = chain == NULL || qblk_chain_get_depth(chain) == 0
                                   ? NULL
                                   : qblk_chain_get_layer(chain, 0);

        if (request->layers && request->disk != NULL && !g_str_equal(*target, request->disk)) {
            continue;
        }
        qblk_candidates_add(candidates, *target, top == NULL ? NULL : qblk_layer_get_filename(top));
        if (request->layers && chain != NULL) {
            add_layers(candidates, chain);
        }
    }
}

void
qblk_complete_disks(QblkCandidates *candidates, const QblkCompleteRequest *request,
                    const QblkGlobalOptions *options)
{
    g_autofree char *text = choose_vm(request->vm);
    g_auto(QblkInvocation) invocation = {.command = &qblk_cmd_resolve};
    if (text == NULL) {
        return;
    }

    qblk_output_init(&invocation.output);
    invocation.snapshot_options = qblk_snapshot_options_new();
    invocation.address = qblk_address_parse(text, NULL);
    invocation.arguments = g_new0(char *, 2);
    invocation.arguments[0] = g_strdup(text);
    invocation.count = 1;
    if (invocation.address == NULL || !qblk_global_options_apply(options, &invocation, NULL)) {
        return;
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(&invocation, NULL);
    if (vm != NULL) {
        add_disks(candidates, request, vm);
    }
}
