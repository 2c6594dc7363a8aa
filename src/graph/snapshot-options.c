/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-options.h"

#include <string.h>

static void
assignment_free(gpointer data)
{
    QblkTargetAssignment *assignment = data;
    g_free(assignment->target);
    g_free(assignment->device);
    g_free(assignment);
}

static void
hint_free(gpointer data)
{
    QblkTargetHint *hint = data;
    g_free(hint->target);
    g_free(hint->alias);
    g_free(hint->serial);
    g_free(hint->file);
    g_free(hint);
}

QblkSnapshotOptions *
qblk_snapshot_options_new(void)
{
    QblkSnapshotOptions *options = g_new0(QblkSnapshotOptions, 1);
    g_atomic_ref_count_init(&options->references);
    options->assignments = g_ptr_array_new_with_free_func(assignment_free);
    options->hints = g_ptr_array_new_with_free_func(hint_free);
    return options;
}

QblkSnapshotOptions *
qblk_snapshot_options_ref(QblkSnapshotOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_snapshot_options_unref(QblkSnapshotOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }
    g_ptr_array_unref(options->assignments);
    g_ptr_array_unref(options->hints);
    g_free(options);
}

gboolean
qblk_snapshot_options_add_target(QblkSnapshotOptions *options, const char *assignment,
                                 GError **error)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment || equals[1] == '\0') {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "invalid target '%s': specify NAME=DEVICE, as in vda=virtio-disk0", assignment);
        return FALSE;
    }

    g_autofree char *target = g_strndup(assignment, (gsize)(equals - assignment));
    if (strpbrk(target, "[]/:") != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "invalid disk name '%s': the characters []/: are not allowed", target);
        return FALSE;
    }

    for (guint i = 0; i < options->assignments->len; i++) {
        const QblkTargetAssignment *other = options->assignments->pdata[i];
        if (g_str_equal(other->target, target)) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                        "the name '%s' is assigned to '%s' and to '%s'", target, other->device,
                        equals + 1);
            return FALSE;
        }
    }

    QblkTargetAssignment *added = g_new0(QblkTargetAssignment, 1);
    added->target = g_steal_pointer(&target);
    added->device = g_strdup(equals + 1);
    g_ptr_array_add(options->assignments, added);
    return TRUE;
}

void
qblk_snapshot_options_add_domain_disk(QblkSnapshotOptions *options, const char *target,
                                      const char *alias, const char *serial, const char *file)
{
    QblkTargetHint *hint = g_new0(QblkTargetHint, 1);
    hint->target = g_strdup(target);
    hint->alias = g_strdup(alias);
    hint->serial = g_strdup(serial);
    hint->file = g_strdup(file);
    g_ptr_array_add(options->hints, hint);
}

void
qblk_snapshot_options_set_warning(QblkSnapshotOptions *options, QblkWarning warning,
                                  gpointer user_data)
{
    options->warning = warning;
    options->warning_data = user_data;
}
