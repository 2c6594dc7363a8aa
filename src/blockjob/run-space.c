/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-space.h"

#include "image/room.h"

/* With less than one cluster of the largest size a file system counts as full. */
#define LARGEST_CLUSTER (2 * 1024 * 1024)

/* Returns: (nullable): a path that leads to the image on this machine */
static const char *
written_path(const QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    if (!task->run->options->is_local) {
        return NULL;
    }
    if (plan->space.path != NULL) {
        return plan->space.path;
    }
    return plan->writes != NULL && g_path_is_absolute(plan->writes) ? plan->writes : NULL;
}

static char *
describe(const QblkRoom *room, const char *path)
{
    if (room->is_device) {
        return g_strdup_printf("; '%s' is a block device of %" G_GINT64_FORMAT " bytes", path,
                               room->size);
    }
    return g_strdup_printf("; '%s' has %" G_GINT64_FORMAT
                           " bytes, and its file system has %" G_GINT64_FORMAT
                           " of %" G_GINT64_FORMAT " bytes left",
                           path, room->length, room->available, room->size);
}

char *
qblk_run_space_describe(const QblkRunTask *task)
{
    const char *path = written_path(task);
    gboolean has_failed =
        g_error_matches(task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED);
    QblkRoom room = {0};
    if (path == NULL || !has_failed || !qblk_room_find(path, &room)) {
        return g_strdup("");
    }

    gboolean is_full = !room.is_device && room.available < LARGEST_CLUSTER;
    gboolean is_write = g_strcmp0(task->job->operation, "write") == 0;
    return is_full || is_write ? describe(&room, path) : g_strdup("");
}
