/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "vms/vms.h"

#include <qblk/error.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_LISTED     8   /* VMs in a message */
#define MOST_NEAR_BYTES 200 /* of similar names in a message */

/* ---- which VM ---- */

static gboolean
is_text(const char *value, const char *name)
{
    return value != NULL && g_str_equal(value, name);
}

static gboolean
is_named(const QblkVmInfo *vm, const char *name)
{
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, vm->process->pid);
    const char *uuid = qblk_vm_info_get_uuid(vm);

    return is_text(qblk_vm_info_get_name(vm), name) ||
           (uuid != NULL && g_ascii_strcasecmp(uuid, name) == 0) || g_str_equal(pid, name) ||
           is_text(vm->manager_id, name) || is_text(vm->machine, name);
}

static GPtrArray *
find_named(const QblkVms *vms, const char *name)
{
    GPtrArray *found = g_ptr_array_new();

    for (guint i = 0; i < vms->vms->len; i++) {
        if (is_named(vms->vms->pdata[i], name)) {
            g_ptr_array_add(found, vms->vms->pdata[i]);
        }
    }
    return found;
}

gboolean
qblk_vms_has(const QblkVms *vms, const char *name)
{
    g_autoptr(GPtrArray) found = find_named(vms, name);
    return found->len > 0;
}

/* ---- messages ---- */

/* Returns: (transfer full): "pid 12 at /run/a.qmp" */
static char *
describe(const QblkVmInfo *vm)
{
    for (guint i = 0; i < vm->monitors->len; i++) {
        const QblkVmMonitor *monitor = vm->monitors->pdata[i];
        if (monitor->is_qmp && monitor->address != NULL) {
            return g_strdup_printf("pid %" G_GINT64_FORMAT " at '%s'", vm->process->pid,
                                   monitor->address);
        }
    }
    return g_strdup_printf("pid %" G_GINT64_FORMAT " without a QMP monitor", vm->process->pid);
}

static void
set_ambiguous(const char *name, const GPtrArray *found, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < found->len && i < MOST_LISTED; i++) {
        g_ptr_array_add(texts, describe(found->pdata[i]));
    }
    if (found->len > MOST_LISTED) {
        g_ptr_array_add(texts, g_strdup_printf("%u more", found->len - MOST_LISTED));
    }

    g_autofree char *list = qblk_text_list((const char *const *)texts->pdata, texts->len);
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                "VM '%s' is ambiguous: %s: specify a pid or a socket", name, list);
}

/* Returns: the number of changes of one character that make @b of @a */
static guint
distance(const char *a, const char *b)
{
    gsize width = strlen(b);
    g_autofree guint *row = g_new(guint, width + 1);
    for (gsize j = 0; j <= width; j++) {
        row[j] = (guint)j;
    }

    for (gsize i = 1; a[i - 1] != '\0'; i++) {
        guint corner = row[0];
        row[0] = (guint)i;
        for (gsize j = 1; j <= width; j++) {
            gboolean is_same = g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]);
            guint best = corner + (is_same ? 0 : 1);
            corner = row[j];
            best = MIN(best, row[j] + 1);
            row[j] = MIN(best, row[j - 1] + 1);
        }
    }
    return row[width];
}

static gboolean
is_near(const char *known, const char *name)
{
    gsize length = strlen(name);
    if (known == NULL || length == 0 || length > 64 || strlen(known) > 64) {
        return FALSE;
    }
    return distance(known, name) <= (length < 4 ? 1 : 2) ||
           (length >= 3 && g_str_has_prefix(known, name));
}

static void
add_near(GString *near, const char *known, const char *name)
{
    if (!is_near(known, name)) {
        return;
    }

    g_autofree char *quoted = g_strdup_printf("'%s'", known);
    if (strstr(near->str, quoted) == NULL && near->len < MOST_NEAR_BYTES) {
        g_string_append_printf(near, "%s%s", near->len == 0 ? "" : " or ", quoted);
    }
}

static void
set_unknown(const QblkVms *vms, const char *name, GError **error)
{
    g_autoptr(GString) near = g_string_new(NULL);
    for (guint i = 0; i < vms->vms->len; i++) {
        const QblkVmInfo *vm = vms->vms->pdata[i];
        add_near(near, qblk_vm_info_get_name(vm), name);
        add_near(near, vm->manager_id, name);
    }

    if (near->len > 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': did you mean %s?", name, near->str);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': no VM of this machine has this name, and there is no socket "
                    "'./%s'",
                    name, name);
    }
}

const QblkVmInfo *
qblk_vms_lookup(const QblkVms *vms, const char *name, GError **error)
{
    g_autoptr(GPtrArray) found = find_named(vms, name);

    if (found->len == 0) {
        set_unknown(vms, name, error);
        return NULL;
    }
    if (found->len > 1) {
        set_ambiguous(name, found, error);
        return NULL;
    }
    return found->pdata[0];
}

/* ---- which address ---- */

static gboolean
is_file(const char *name, gboolean *is_socket)
{
    struct stat status;
    gboolean exists = stat(name, &status) == 0;

    *is_socket = exists && S_ISSOCK(status.st_mode);
    return exists && !S_ISDIR(status.st_mode);
}

static QblkAddress *
address_of(const QblkVmInfo *vm, GError **error)
{
    const QblkVmMonitor *monitor = qblk_vm_info_choose_monitor(vm, error);
    return monitor == NULL ? NULL : qblk_address_parse(monitor->address, error);
}

static QblkAddress *
resolve_name(const QblkVms *vms, const char *name, GError **error)
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
        return vm == NULL ? NULL : address_of(vm, error);
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
    set_unknown(vms, name, error);
    return NULL;
}

QblkAddress *
qblk_vms_resolve(const QblkVms *vms, const char *text, GError **error)
{
    if (qblk_address_has_form(text)) {
        return qblk_address_parse(text, error);
    }
    if (vms != NULL) {
        return resolve_name(vms, text, error);
    }

    g_autoptr(QblkVms) found = qblk_vms_find(NULL, error);
    return found == NULL ? NULL : resolve_name(found, text, error);
}
