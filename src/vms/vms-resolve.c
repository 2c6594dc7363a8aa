/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The address that a VM argument means. */
#include "qmp/address.h"
#include "vms/vm-bridge.h"
#include "vms/vms-lookup.h"

#include <qblk/error.h>
#include <string.h>
#include <sys/stat.h>

/* A monitor in use is looked at again for a second. */
#define PAUSE_US   50000
#define LAST_ROUND 20

static gboolean
is_file(const char *name, gboolean *is_socket)
{
    struct stat status;
    gboolean exists = stat(name, &status) == 0;

    *is_socket = exists && S_ISSOCK(status.st_mode);
    return exists && !S_ISDIR(status.st_mode);
}

/* Choose a monitor. */
typedef const QblkVmMonitor *(*Choice)(const QblkVmInfo *vm, GError **error);

static QblkAddress *
address_of(const QblkVmInfo *vm, Choice choose, GError **error)
{
    const QblkVmMonitor *monitor = choose(vm, error);
    return monitor == NULL ? NULL : qblk_address_parse(monitor->address, error);
}

static QblkAddress *
resolve_name(const QblkVms *vms, const char *name, Choice choose, GError **error)
{
    gboolean is_socket = FALSE;
    gboolean exists = is_file(name, &is_socket);
    gboolean has_vm = qblk_vms_has(vms, name);

    if (has_vm && is_socket) {
        const QblkVmInfo *vm = qblk_vms_lookup(vms, name, error);
        if (vm != NULL) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                        "VM '%s' is ambiguous: a VM and a socket have this name: specify the pid "
                        "%" G_GINT64_FORMAT " or './%s'",
                        name, vm->process->pid, name);
        }
        return NULL;
    }
    if (has_vm) {
        const QblkVmInfo *vm = qblk_vms_lookup(vms, name, error);
        return vm == NULL ? NULL : address_of(vm, choose, error);
    }
    if (is_socket) {
        g_autofree char *path = g_strconcat("./", name, NULL);
        return qblk_address_parse(path, error);
    }
    if (exists) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': the file is not a socket: did you mean 'image:%s', "
                    "'capture:%s' or 'domain:%s'?",
                    name, name, name, name);
        return NULL;
    }
    if (strchr(name, ':') != NULL || name[0] == '\0') {
        return qblk_address_parse(name, error); /* a form that is unknown or misspelt */
    }
    if (!qblk_vms_set_near(vms, name, error)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': no VM of this machine has this name, and there is no socket "
                    "'./%s'",
                    name, name);
    }
    return NULL;
}

/* QEMU may notice the end of a client after the next one has looked: a command that follows another
 * one would fail. */
static QblkAddress *
look_until_free(const char *text, Choice choose, GError **error)
{
    for (int round = 0;; round++) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(QblkVms) found = qblk_vms_find(NULL, &failure);
        QblkAddress *address = found == NULL ? NULL : resolve_name(found, text, choose, &failure);
        if (address != NULL) {
            return address;
        }
        if (round == LAST_ROUND || !g_error_matches(failure, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
        g_usleep(PAUSE_US);
    }
}

static QblkAddress *
resolve(const QblkVms *vms, const char *text, Choice choose, GError **error)
{
    if (qblk_address_has_form(text)) {
        return qblk_address_parse(text, error);
    }
    if (vms != NULL) {
        return resolve_name(vms, text, choose, error);
    }

    return look_until_free(text, choose, error);
}

QblkAddress *
qblk_vms_resolve(const QblkVms *vms, const char *text, GError **error)
{
    return resolve(vms, text, qblk_vm_info_choose_monitor, error);
}

QblkAddress *
qblk_vms_resolve_to_read(const QblkVms *vms, const char *text, GError **error)
{
    return resolve(vms, text, qblk_vm_info_choose_monitor_to_read, error);
}

QblkAddress *
qblk_vms_resolve_to_bridge(const QblkVms *vms, const char *text, GError **error)
{
    return resolve(vms, text, qblk_vm_info_choose_monitor_to_bridge, error);
}
