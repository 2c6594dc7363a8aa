/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/process.h"

#include <dirent.h>
#include <errno.h>
#include <qblk/error.h>
#include <sys/socket.h>

gint64
qblk_process_behind(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        return 0;
    }
    return peer.pid;
}

static char *
proc_path(gint64 pid, const char *name)
{
    return g_strdup_printf("/proc/%" G_GINT64_FORMAT "/%s", pid, name);
}

char *
qblk_process_describe(gint64 pid)
{
    g_autofree char *path = proc_path(pid, "comm");
    g_autofree char *name = NULL;

    if (!g_file_get_contents(path, &name, NULL, NULL)) {
        return g_strdup_printf("process %" G_GINT64_FORMAT, pid);
    }
    return g_strdup_printf("process %" G_GINT64_FORMAT " (%s)", pid, g_strchomp(name));
}

GArray *
qblk_process_files(gint64 pid, GError **error)
{
    if (pid == 0) {
        g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                            "the process that serves the monitor is not known");
        return NULL;
    }

    g_autofree char *directory = proc_path(pid, "fd");
    DIR *entries = opendir(directory);
    if (entries == NULL) {
        const char *why = g_strerror(errno);
        g_autofree char *process = qblk_process_describe(pid);
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot list the open files of %s: %s", process, why);
        return NULL;
    }

    GArray *files = g_array_new(FALSE, FALSE, sizeof(QblkFileIdentity));
    const struct dirent *entry = NULL;
    while ((entry = readdir(entries)) != NULL) {
        g_autofree char *path = g_build_filename(directory, entry->d_name, NULL);
        struct stat status;

        if (stat(path, &status) == 0) {
            const QblkFileIdentity file = qblk_file_identity(&status);
            g_array_append_val(files, file);
        }
    }

    closedir(entries);
    return files;
}

gboolean
qblk_process_has(const GArray *files, const QblkFileIdentity *file)
{
    for (guint i = 0; i < files->len; i++) {
        if (qblk_file_identity_is_same(&g_array_index(files, QblkFileIdentity, i), file)) {
            return TRUE;
        }
    }
    return FALSE;
}
