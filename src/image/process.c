/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/process.h"

#include <string.h>
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

char **
qblk_process_arguments(gint64 pid)
{
    g_autofree char *path = proc_path(pid, "cmdline");
    g_autofree char *bytes = NULL;
    gsize length = 0;
    if (pid == 0 || !g_file_get_contents(path, &bytes, &length, NULL)) {
        return NULL;
    }

    GPtrArray *arguments = g_ptr_array_new();
    const char *end = bytes + length; /* where g_file_get_contents() has added a NUL */
    for (const char *at = bytes; at < end; at += strlen(at) + 1) {
        g_ptr_array_add(arguments, g_strdup(at));
    }
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(arguments, FALSE);
}
