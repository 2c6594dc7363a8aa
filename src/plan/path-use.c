/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/path-use.h"

#include "plan/backing-string.h"
#include "plan/plan-check.h"

#include <sys/stat.h>

/* Returns: (nullable): the node that has @file open */
static const char *
find_node(const QblkSnapshot *snapshot, const QblkFileIdentity *file)
{
    for (guint i = 0; snapshot->files != NULL && i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        const QblkLayerFile *own = g_hash_table_lookup(snapshot->files, node->name);
        if (qblk_layer_file_is_known(own) && qblk_file_identity_is_same(&own->open, file)) {
            return node->name;
        }
    }
    return NULL;
}

/* The name of a file that QEMU has open may be relative, or a descriptor, or have changed. */
static gboolean
check_is_not_open(const QblkSnapshot *snapshot, const char *path, GError **error)
{
    if (snapshot->opened == NULL) {
        return TRUE;
    }

    const QblkFileIdentity file = qblk_opened_files_look_up(snapshot->opened, path);
    if (!qblk_file_identity_is_known(&file) ||
        qblk_opened_files_find(snapshot->opened, &file) == NULL) {
        return TRUE;
    }

    const char *node = find_node(snapshot, &file);
    if (node == NULL) {
        return qblk_plan_refuse(error, "'%s' is already open in QEMU", path);
    }
    return qblk_plan_refuse(error, "'%s' is already open in QEMU, as node '%s'", path, node);
}

gboolean
qblk_path_use_check(const QblkPlanContext *context, const char *path, GError **error)
{
    const GPtrArray *nodes = context->snapshot->nodes;
    if (!g_utf8_validate(path, -1, NULL)) {
        return qblk_plan_refuse(error, "'%s' is not valid UTF-8, which QMP needs: use another name",
                                path);
    }
    if (!check_is_not_open(context->snapshot, path, error)) {
        return FALSE;
    }

    for (guint i = 0; i < nodes->len; i++) {
        const QblkNode *node = nodes->pdata[i];
        if (!g_path_is_absolute(node->filename)) {
            continue;
        }
        if (qblk_backing_string_leads_to(path, path, node->filename)) {
            return qblk_plan_refuse(error, "'%s' is already open in QEMU, as node '%s'", path,
                                    node->name);
        }
    }
    return TRUE;
}

static QblkFileIdentity
identify(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? qblk_file_identity(&status) : (QblkFileIdentity){0};
}

/* TRUE if @path is the same file, or not a file, here and for QEMU. */
static gboolean
is_same_for_qemu(QblkOpenedFiles *opened, const char *path)
{
    const QblkFileIdentity here = identify(path);
    const QblkFileIdentity there = qblk_opened_files_look_up(opened, path);
    return qblk_file_identity_is_same(&here, &there);
}

/* QEMU opens or creates a file in its own mount namespace, and would overwrite a file that
 * exists there only. */
gboolean
qblk_path_use_check_namespace(const QblkPlanContext *context, const char *path, GError **error)
{
    QblkOpenedFiles *opened = context->snapshot->opened;
    if (opened == NULL || opened->unknown != NULL || opened->is_same_root) {
        return TRUE;
    }

    g_autofree char *directory = g_path_get_dirname(path);
    if (is_same_for_qemu(opened, path) && is_same_for_qemu(opened, directory)) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' is not the same file for QEMU, which runs in another mount "
                            "namespace: use a path that leads to one place in both",
                            path);
}
