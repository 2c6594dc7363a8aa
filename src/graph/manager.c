/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/manager.h"

#include "graph/device.h"
#include "graph/job.h"
#include "graph/libvirt-node.h"
#include "graph/node.h"

#include <string.h>

#define HEXADECIMAL "0123456789abcdef"
#define DIGITS      "0123456789"

static gboolean
has_prefix(const char *text, const char *prefix)
{
    return text != NULL && g_str_has_prefix(text, prefix);
}

/* TRUE if @matches the id of a device. */
static gboolean
has_device(const QblkManagerEvidence *evidence, gboolean (*matches)(const char *id))
{
    for (guint i = 0; i < evidence->devices->len; i++) {
        const QblkDevice *device = evidence->devices->pdata[i];
        if (device->id != NULL && matches(device->id)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE if @matches the name of a node.  The top nodes of disks are known from query-block if the
 * nodes are not. */
static gboolean
has_node(const QblkManagerEvidence *evidence, gboolean (*matches)(const char *name))
{
    for (guint i = 0; i < evidence->nodes->len; i++) {
        const QblkNode *node = evidence->nodes->pdata[i];
        if (matches(node->name)) {
            return TRUE;
        }
    }
    for (guint i = 0; i < evidence->devices->len; i++) {
        const QblkDevice *device = evidence->devices->pdata[i];
        if (device->node_name != NULL && matches(device->node_name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- libvirt and oVirt ---- */

/* libvirt names a job "pull-vda-libvirt-2-format". */
static gboolean
has_libvirt_job(const QblkManagerEvidence *evidence)
{
    for (guint i = 0; i < evidence->jobs->len; i++) {
        const QblkJob *job = evidence->jobs->pdata[i];
        const char *node = strstr(job->id, "libvirt-");
        if (node != NULL && qblk_libvirt_node_is(node)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_libvirt_names(const QblkManagerEvidence *evidence)
{
    return has_node(evidence, qblk_libvirt_node_is) || has_libvirt_job(evidence);
}

/* The alias of a device of oVirt is its UUID; "ua-" begins any alias that libvirt did not choose,
 * and KubeVirt has names such as "ua-rootdisk". */
static gboolean
is_ovirt_device(const char *id)
{
    return has_prefix(id, "ua-") && g_uuid_string_is_valid(id + strlen("ua-"));
}

static gboolean
has_ovirt_names(const QblkManagerEvidence *evidence)
{
    return has_device(evidence, is_ovirt_device) && has_libvirt_names(evidence);
}

/* ---- Proxmox VE ---- */

/* TRUE for a drive in a configuration of Proxmox VE: "scsi0". */
static gboolean
is_pve_drive(const char *name)
{
    static const char *const kinds[] = {"ide", "sata", "scsi", "virtio", "efidisk", "tpmstate"};
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (has_prefix(name, kinds[i])) {
            const char *number = name + strlen(kinds[i]);
            gsize digits = strspn(number, DIGITS);
            return (digits == 1 || digits == 2) && number[digits] == '\0';
        }
    }
    return FALSE;
}

/* The top node of a disk, or its BlockBackend: "drive-scsi0". */
static gboolean
is_pve_top(const char *name)
{
    return has_prefix(name, "drive-") && is_pve_drive(name + strlen("drive-"));
}

/* Since Proxmox VE 9 the other nodes have 120 bits of a hash: "f" for a format node, "e" for a
 * file, "a" and "z" for filters. */
static gboolean
is_pve_node(const char *name)
{
    return strlen(name) == 31 && strchr("aefz", name[0]) != NULL &&
           strspn(name + 1, HEXADECIMAL) == 30;
}

/* TRUE if @name has the name of a volume: "vm-100-disk-0", "base-100-disk-0.qcow2". */
static gboolean
is_pve_volume(const char *name, const char *kind)
{
    for (const char *at = name; at != NULL && (at = strstr(at, kind)) != NULL; at++) {
        const char *number = at + strlen(kind);
        gsize digits = strspn(number, DIGITS);
        if (digits > 0 && has_prefix(number + digits, "-disk-")) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_pve_volume(const QblkManagerEvidence *evidence)
{
    for (guint i = 0; i < evidence->nodes->len; i++) {
        const QblkNode *node = evidence->nodes->pdata[i];
        if (is_pve_volume(node->filename, "vm-") || is_pve_volume(node->filename, "base-")) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Up to Proxmox VE 8 the device "scsi0" has the BlockBackend "drive-scsi0".  Other people use these
 * names as well. */
static gboolean
has_pve_backend(const QblkManagerEvidence *evidence)
{
    for (guint i = 0; i < evidence->devices->len; i++) {
        const QblkDevice *device = evidence->devices->pdata[i];
        if (device->id != NULL && device->backend != NULL && is_pve_top(device->backend) &&
            g_str_equal(device->backend + strlen("drive-"), device->id)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_pve_names(const QblkManagerEvidence *evidence)
{
    if (has_node(evidence, is_pve_top) && has_node(evidence, is_pve_node)) {
        return TRUE;
    }
    return has_pve_backend(evidence) && has_pve_volume(evidence);
}

/* ---- Incus and LXD ---- */

static gboolean
is_incus_device(const char *id)
{
    return has_prefix(id, "dev-incus_");
}

static gboolean
has_incus_names(const QblkManagerEvidence *evidence)
{
    return has_device(evidence, is_incus_device);
}

static gboolean
is_lxd_device(const char *id)
{
    return has_prefix(id, "dev-lxd_");
}

static gboolean
has_lxd_names(const QblkManagerEvidence *evidence)
{
    return has_device(evidence, is_lxd_device);
}

/* ---- all managers ---- */

/* The first row that matches is the manager: oVirt uses libvirt. */
static const struct {
    QblkManager manager;
    const char *argument[2]; /* texts that one argument of the process contains */
    gboolean (*has_names)(const QblkManagerEvidence *evidence);
} rows[] = {
    /* -chardev socket,id=qmp,path=/var/run/qemu-server/100.qmp, -pidfile */
    {{"proxmox-ve", "Proxmox VE", "qm"}, {"/run/qemu-server/", ""}, has_pve_names},
    /* -readconfig /run/incus/NAME/qemu.conf */
    {{"incus", "Incus", "incus"}, {"/incus/", "/qemu.conf"}, has_incus_names},
    /* -readconfig /var/snap/lxd/common/lxd/logs/NAME/qemu.conf */
    {{"lxd", "LXD", "lxc"}, {"/lxd/", "/qemu.conf"}, has_lxd_names},
    /* -smbios type=1,manufacturer=oVirt,product=RHEL */
    {{"ovirt", "oVirt", "the oVirt engine"}, {"manufacturer=oVirt", ""}, has_ovirt_names},
    /* the secret of each guest: -object {"qom-type":"secret","id":"masterKey0",...} */
    {{"libvirt", "libvirt", "virsh"}, {"masterKey0", "/libvirt/"}, has_libvirt_names},
};

static gboolean
has_argument(const char *const *arguments, const char *const texts[2])
{
    for (gsize i = 0; arguments != NULL && arguments[i] != NULL; i++) {
        if (strstr(arguments[i], texts[0]) != NULL && strstr(arguments[i], texts[1]) != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

const QblkManager *
qblk_manager_find(const QblkManagerEvidence *evidence)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (has_argument(evidence->arguments, rows[i].argument) || rows[i].has_names(evidence)) {
            return &rows[i].manager;
        }
    }
    return NULL;
}
