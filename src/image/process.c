/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/process.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define START_FIELD 22 /* of /proc/PID/stat, from 1: see proc(5) */
#define PAUSE_MS    5  /* between two looks at a process */

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

gint64
qblk_process_start(gint64 pid)
{
    g_autofree char *path = proc_path(pid, "stat");
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return 0;
    }

    /* The name in parentheses may contain blanks and parentheses. */
    const char *after_name = strrchr(text, ')');
    if (after_name == NULL) {
        return 0;
    }

    g_auto(GStrv) fields = g_strsplit(after_name + 1, " ", -1);
    const guint at = START_FIELD - 2; /* the first one here, after a blank, is the third */
    gint64 start = 0;
    if (g_strv_length(fields) > at && strchr("ZX", fields[1][0]) == NULL) {
        (void)g_ascii_string_to_signed(fields[at], 10, 0, G_MAXINT64, &start, NULL);
    }
    return start;
}

gboolean
qblk_process_wait_end(gint64 pid, gint64 start, int timeout_ms, const QblkWaiter *waiter)
{
    int looks = timeout_ms / PAUSE_MS;
    if (pid == 0 || start == 0) {
        return FALSE;
    }

    while (qblk_process_start(pid) == start) {
        struct pollfd nothing = {.fd = -1};
        int waited = looks-- <= 0 ? -ETIMEDOUT : qblk_waiter_poll(waiter, &nothing, PAUSE_MS);
        if (waited < 0 && waited != -EINTR) {
            return FALSE;
        }
    }
    return TRUE;
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
