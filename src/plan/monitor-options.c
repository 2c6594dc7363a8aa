/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/monitor-options.h"

#include "plan/plan-options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define MAX_PATH_BYTES (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

QblkMonitorOptions *
qblk_monitor_options_new(void)
{
    QblkMonitorOptions *options = g_new0(QblkMonitorOptions, 1);
    g_atomic_ref_count_init(&options->references);
    return options;
}

QblkMonitorOptions *
qblk_monitor_options_ref(QblkMonitorOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_monitor_options_unref(QblkMonitorOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    qblk_plan_options_replace_text(&options->path, NULL);
    g_free(options);
}

/* QEMU has another working directory.  Symbolic links in the directory are resolved, because the id
 * of the monitor is made of the path. */
static char *
absolute_path(const char *path)
{
    char directory[PATH_MAX];
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);

    if (realpath(parent, directory) == NULL) {
        return g_canonicalize_filename(path, NULL);
    }
    return g_build_filename(directory, name, NULL);
}

gboolean
qblk_monitor_options_set_path(QblkMonitorOptions *options, const char *path, GError **error)
{
    g_autofree char *absolute = absolute_path(path);

    if (!g_utf8_validate(absolute, -1, NULL)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid path '%s': it is not UTF-8", absolute);
        return FALSE;
    }
    if (strlen(absolute) > MAX_PATH_BYTES) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "path '%s' is too long for a socket: %zu bytes, maximum %zu", absolute,
                    strlen(absolute), MAX_PATH_BYTES);
        return FALSE;
    }

    qblk_plan_options_replace_text(&options->path, absolute);
    return TRUE;
}

void
qblk_monitor_options_set_close(QblkMonitorOptions *options, gboolean close)
{
    options->close = close;
}
