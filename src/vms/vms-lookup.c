/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vms-lookup.h"

#include "base/text.h"
#include "vms/vm-info.h"

#include <qblk/error.h>
#include <string.h>

#define MOST_LISTED     8   /* VMs in a message */
#define MOST_NEAR_BYTES 200 /* of similar names in a message */

/* ---- which VM ---- */

static GPtrArray *
find_named(const QblkVms *vms, const char *name)
{
    GPtrArray *found = g_ptr_array_new();

    for (guint i = 0; i < vms->vms->len; i++) {
        if (qblk_vm_info_is_named(vms->vms->pdata[i], name)) {
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

gboolean
qblk_vms_set_near(const QblkVms *vms, const char *name, GError **error)
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
    }
    return near->len > 0;
}

void
qblk_vms_set_unknown(const QblkVms *vms, const char *name, GError **error)
{
    if (!qblk_vms_set_near(vms, name, error)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid VM '%s': no VM of this machine has this name", name);
    }
}

const QblkVmInfo *
qblk_vms_lookup(const QblkVms *vms, const char *name, GError **error)
{
    g_autoptr(GPtrArray) found = find_named(vms, name);

    if (found->len == 0) {
        qblk_vms_set_unknown(vms, name, error);
        return NULL;
    }
    if (found->len > 1) {
        set_ambiguous(name, found, error);
        return NULL;
    }
    return found->pdata[0];
}
