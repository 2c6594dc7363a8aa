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

static void
clear_data(QblkOptionData *data)
{
    if (data->destroy != NULL) {
        data->destroy(data->user_data);
    }
    *data = (QblkOptionData){0};
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
    clear_data(&options->warning_data);
    clear_data(&options->logger_data);
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

static void
set_data(QblkOptionData *data, gpointer user_data, GDestroyNotify destroy)
{
    clear_data(data);
    data->user_data = user_data;
    data->destroy = destroy;
}

void
qblk_snapshot_options_set_warning(QblkSnapshotOptions *options, QblkWarning warning,
                                  gpointer user_data, GDestroyNotify destroy)
{
    options->warning = warning;
    set_data(&options->warning_data, user_data, destroy);
}

void
qblk_snapshot_options_set_logger(QblkSnapshotOptions *options, QblkClientLogger logger,
                                 gpointer user_data, GDestroyNotify destroy)
{
    options->logger = logger;
    set_data(&options->logger_data, user_data, destroy);
}

void
qblk_snapshot_options_set_edge_source(QblkSnapshotOptions *options, QblkEdgeSource source)
{
    options->edges = source;
}

void
qblk_snapshot_options_set_serials(QblkSnapshotOptions *options, gboolean is_wanted)
{
    options->without_serials = !is_wanted;
}

void
qblk_snapshot_options_set_reply_limit(QblkSnapshotOptions *options, gsize bytes)
{
    options->reply_limit = bytes;
}

void
qblk_snapshot_options_set_statistics(QblkSnapshotOptions *options, gboolean is_wanted)
{
    options->statistics = is_wanted;
}
