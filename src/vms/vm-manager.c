/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vm-manager.h"

#include "base/limits.h"
#include "graph/manager.h"
#include "vms/keyval.h"

#include <string.h>

#define MACHINES      "/run/systemd/machines"
#define MACHINE_BYTES 65536
#define MASTER_KEY    "master-key.aes"

/* ---- what the manager calls it ---- */

/* The VMID, of an option that only its QEMU has. */
static char *
name_of_pve(const QblkVmInfo *vm)
{
    return vm->line->id == NULL ? NULL : g_utf8_make_valid(vm->line->id, -1);
}

/* Their configuration is "/run/incus/INSTANCE/qemu.conf". */
static char *
name_of_incus(const QblkVmInfo *vm)
{
    if (vm->line->configs->len == 0) {
        return NULL;
    }
    g_autofree char *directory = g_path_get_dirname(vm->line->configs->pdata[0]);
    g_autofree char *name = g_path_get_basename(directory);
    return g_utf8_make_valid(name, -1);
}

static char *
name_of_libvirt(const QblkVmInfo *vm)
{
    return g_strdup(vm->name);
}

static const struct {
    const char *id;
    char *(*name)(const QblkVmInfo *vm);
    gboolean keeps_monitor;
    gboolean plugs_disks;
} rows[] = {
    {"proxmox-ve", name_of_pve, FALSE, FALSE}, {"incus", name_of_incus, TRUE, TRUE},
    {"lxd", name_of_incus, TRUE, TRUE},        {"ovirt", name_of_libvirt, TRUE, FALSE},
    {"libvirt", name_of_libvirt, TRUE, FALSE},
};

/* The key of the guest is in the directory that has the socket of its monitor, too:
 * "/var/lib/libvirt/qemu/domain-1-web1/master-key.aes". */
static char *
find_libvirt_socket(char *const *arguments)
{
    for (guint i = 0; arguments[i] != NULL; i++) {
        if (strstr(arguments[i], MASTER_KEY) == NULL) {
            continue;
        }

        g_autoptr(GHashTable) keyval = qblk_keyval_parse(arguments[i], "qom-type");
        const char *file = qblk_keyval_get(keyval, "file");
        if (file != NULL && g_str_has_suffix(file, "/" MASTER_KEY)) {
            g_autofree char *directory = g_path_get_dirname(file);
            return g_build_filename(directory, "monitor.sock", NULL);
        }
    }
    return NULL;
}

void
qblk_vm_manager_recognize(QblkVmInfo *vm, char *const *arguments)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    const QblkManagerEvidence evidence = {
        .nodes = none,
        .devices = none,
        .jobs = none,
        .arguments = (const char *const *)arguments,
    };
    const QblkManager *manager = qblk_manager_find(&evidence);

    for (gsize i = 0; manager != NULL && i < G_N_ELEMENTS(rows); i++) {
        if (g_str_equal(manager->id, rows[i].id)) {
            vm->manager = manager->id;
            vm->manager_name = manager->name;
            vm->manager_id = rows[i].name(vm);
            vm->keeps_monitor = rows[i].keeps_monitor;
            vm->plugs_disks = rows[i].plugs_disks;
        }
    }
    vm->manager_socket = find_libvirt_socket(arguments);
}

/* ---- systemd-machined ---- */

static char *
find_leader(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (g_str_has_prefix(lines[i], "LEADER=")) {
            return g_strdup(lines[i] + strlen("LEADER="));
        }
    }
    return NULL;
}

/* "unit:NAME" is a link to the file of the machine that runs in the unit. */
GHashTable *
qblk_vm_manager_read_machines(const QblkHost *host)
{
    GHashTable *machines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) files = qblk_host_list_files(host, MACHINES);

    for (guint i = 0; i < files->len; i++) {
        const char *name = files->pdata[i];
        g_autofree char *path = g_build_filename(MACHINES, name, NULL);
        g_autofree char *text =
            strchr(name, ':') == NULL ? qblk_host_read(host, path, MACHINE_BYTES) : NULL;
        char *leader = text == NULL ? NULL : find_leader(text);
        if (leader != NULL) {
            g_hash_table_insert(machines, leader, g_strdup(name));
        }
    }
    return machines;
}
