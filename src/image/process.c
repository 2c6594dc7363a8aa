/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/process.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Of /proc/PID/stat, from 1: see proc(5). */
#define FIRST_FIELD  3 /* after the name: the state */
#define PARENT_FIELD 4
#define START_FIELD  22

#define MAX_DEPTH 100 /* of processes */
#define PAUSE_MS  5   /* between two looks at a process */

gint64
qblk_process_behind(int fd, gint64 *user)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        return 0;
    }
    if (user != NULL && peer.pid != 0) {
        *user = (gint64)peer.uid;
    }
    return peer.pid;
}

static char *
proc_path(gint64 pid, const char *name)
{
    return g_strdup_printf("/proc/%" G_GINT64_FORMAT "/%s", pid, name);
}

/* Returns: (transfer full) (nullable): the fields of /proc/PID/stat from FIRST_FIELD on */
static char **
read_stat(gint64 pid)
{
    g_autofree char *path = proc_path(pid, "stat");
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }

    /* The name in parentheses may contain blanks and parentheses. */
    const char *after_name = strrchr(text, ')');
    return after_name == NULL || after_name[1] == '\0' ? NULL : g_strsplit(after_name + 2, " ", -1);
}

static gint64
get_number(char **fields, guint number)
{
    guint at = number - FIRST_FIELD;
    gint64 value = 0;

    if (g_strv_length(fields) > at) {
        (void)g_ascii_string_to_signed(fields[at], 10, 0, G_MAXINT64, &value, NULL);
    }
    return value;
}

gint64
qblk_process_start(gint64 pid)
{
    g_auto(GStrv) fields = read_stat(pid);
    gboolean runs = fields != NULL && fields[0] != NULL && strchr("ZX", fields[0][0]) == NULL;

    return runs ? get_number(fields, START_FIELD) : 0;
}

gint64
qblk_process_parse_user(const char *status)
{
    const char *line = strstr(status, "\nUid:\t");
    guint64 user = 0;
    g_auto(GStrv) ids = line == NULL ? NULL : g_strsplit(line + strlen("\nUid:\t"), "\t", 3);
    gboolean is_known = ids != NULL && ids[0] != NULL && ids[1] != NULL &&
                        g_ascii_string_to_unsigned(ids[1], 10, 0, G_MAXUINT32, &user, NULL);
    return is_known ? (gint64)user : -1;
}

/* The owner of /proc/PID is root if the process has changed its user, as with -runas. */
gint64
qblk_process_user(gint64 pid)
{
    g_autofree char *path = proc_path(pid, "status");
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? qblk_process_parse_user(text) : -1;
}

gboolean
qblk_process_is_below(gint64 pid, gint64 ancestor)
{
    for (guint i = 0; i < MAX_DEPTH && pid > 1 && ancestor > 1; i++) {
        if (pid == ancestor) {
            return TRUE;
        }
        g_auto(GStrv) fields = read_stat(pid);
        pid = fields == NULL ? 0 : get_number(fields, PARENT_FIELD);
    }
    return FALSE;
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
qblk_process_name(gint64 pid)
{
    g_autofree char *path = proc_path(pid, "comm");
    char *name = NULL;

    return g_file_get_contents(path, &name, NULL, NULL) ? g_strchomp(name) : NULL;
}

char *
qblk_process_describe(gint64 pid)
{
    g_autofree char *name = qblk_process_name(pid);

    return name == NULL ? g_strdup_printf("process %" G_GINT64_FORMAT, pid)
                        : g_strdup_printf("process %" G_GINT64_FORMAT " (%s)", pid, name);
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
