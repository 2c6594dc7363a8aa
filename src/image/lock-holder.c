/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/lock-holder.h"

#include "base/text.h"
#include "image/process.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* TRUE if the kernel reports a lock of another open file on @path; FALSE also if it cannot be
 * asked, for example because the file is not readable. */
static gboolean
has_conflicting_lock(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET}; /* of the whole file */
    struct stat status;

    /* Opening anything but a file or a block device may block or have effects. */
    if (path == NULL || stat(path, &status) != 0) {
        return FALSE;
    }
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        return FALSE;
    }

    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return FALSE;
    }
    gboolean is_answered = fcntl(fd, F_OFD_GETLK, &lock) == 0;
    close(fd);

    return is_answered && lock.l_type != F_UNLCK;
}

/* The file as the kernel writes it in a line of /proc/locks: " fe:01:1234 ". */
static char *
file_mark(const char *path)
{
    struct stat status;

    if (path == NULL || stat(path, &status) != 0) {
        return NULL;
    }
    return g_strdup_printf(" %02x:%02x:%" G_GUINT64_FORMAT " ", major(status.st_dev),
                           minor(status.st_dev), (guint64)status.st_ino);
}

/* TRUE if one of the lines "lock: ..." in @text, of /proc/PID/fdinfo/FD, is of the file. */
static gboolean
has_lock_line(const char *text, const char *mark)
{
    for (const char *at = strstr(text, "lock:"); at != NULL; at = strstr(at, "lock:")) {
        g_autofree char *line = g_strndup(at, strcspn(at, "\n"));

        if (strstr(line, mark) != NULL) {
            return TRUE;
        }
        at += strlen(line);
    }
    return FALSE;
}

static gboolean
process_has_lock(const char *pid, const char *mark)
{
    g_autofree char *directory = g_build_filename("/proc", pid, "fdinfo", NULL);
    g_autoptr(GDir) files = g_dir_open(directory, 0, NULL);
    const char *name = NULL;

    while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *text = NULL;

        if (g_file_get_contents(path, &text, NULL, NULL) && has_lock_line(text, mark)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Describe the processes with a lock on the file with @mark, without @own_pid, and without those
 * that have a lock on the file with @own_mark, which may be NULL. */
static char *
describe_holders(const char *mark, const char *own_mark, gint64 own_pid)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name = NULL;
    gint64 pid;

    while (processes != NULL && (name = g_dir_read_name(processes)) != NULL) {
        if (!g_ascii_string_to_signed(name, 10, 1, G_MAXINT64, &pid, NULL)) {
            continue;
        }
        if (pid == own_pid || !process_has_lock(name, mark)) {
            continue;
        }
        if (own_mark == NULL || !process_has_lock(name, own_mark)) {
            g_ptr_array_add(found, qblk_process_describe(pid));
        }
    }

    return found->len == 0 ? NULL : qblk_text_list((const char *const *)found->pdata, found->len);
}

/* TRUE if /proc/locks, which lists every lock, has one on the file: only then is it worth reading
 * the files of all processes. */
static gboolean
is_listed(const char *mark)
{
    g_autofree char *locks = NULL;

    if (mark == NULL || !g_file_get_contents("/proc/locks", &locks, NULL, NULL)) {
        return FALSE;
    }
    return strstr(locks, mark) != NULL;
}

gboolean
qblk_lock_holder_is_any(const char *path)
{
    g_autofree char *mark = file_mark(path);

    return has_conflicting_lock(path) || is_listed(mark);
}

char *
qblk_lock_holder_others(const char *path, const char *own, gint64 pid)
{
    g_autofree char *mark = file_mark(path);
    g_autofree char *own_mark = file_mark(own);

    if (own_mark == NULL || !is_listed(mark)) {
        return NULL;
    }
    return describe_holders(mark, own_mark, pid);
}

char *
qblk_lock_holder_all(const char *path)
{
    if (!qblk_lock_holder_is_any(path)) {
        return NULL;
    }

    g_autofree char *mark = file_mark(path);
    char *holders = mark == NULL ? NULL : describe_holders(mark, NULL, 0);
    return holders != NULL ? holders : g_strdup("another process");
}
