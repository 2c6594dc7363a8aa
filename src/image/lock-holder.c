/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/lock-holder.h"

#include "base/text.h"
#include "image/process.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Whether the kernel says that somebody has a lock.  FALSE where it cannot be asked, as about a
 * file that we may not read. */
static gboolean
has_conflict(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET}; /* of the whole file */
    struct stat status;
    /* To open anything else may wait, or do something. */
    if (path == NULL || stat(path, &status) != 0 ||
        (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))) {
        return FALSE;
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    gboolean is_any = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0) {
        close(fd);
    }
    return is_any;
}

/* How the kernel writes the file in a line of /proc/locks: "fe:01:1234 ". */
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

/* Whether one of the lines "lock: ..." of /proc/PID/fdinfo/FD is of the file. */
static gboolean
has_lock(const char *text, const char *mark)
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
holds(const char *pid, const char *mark)
{
    g_autofree char *folder = g_build_filename("/proc", pid, "fdinfo", NULL);
    g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
    const char *name = NULL;
    while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *text = NULL;
        if (g_file_get_contents(path, &text, NULL, NULL) && has_lock(text, mark)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Without those that hold @own_mark, where it is not NULL. */
static char *
find(const char *mark, const char *own_mark)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name = NULL;
    gint64 pid;
    while (processes != NULL && (name = g_dir_read_name(processes)) != NULL) {
        if (g_ascii_string_to_signed(name, 10, 1, G_MAXINT64, &pid, NULL) && holds(name, mark) &&
            (own_mark == NULL || !holds(name, own_mark))) {
            g_ptr_array_add(found, qblk_process_describe(pid));
        }
    }
    return found->len == 0 ? NULL : qblk_text_list((const char *const *)found->pdata, found->len);
}

/* /proc/locks has every lock there is, so that processes need not be looked at for nothing. */
static gboolean
is_listed(const char *mark)
{
    g_autofree char *locks = NULL;
    return mark != NULL && g_file_get_contents("/proc/locks", &locks, NULL, NULL) &&
           strstr(locks, mark) != NULL;
}

gboolean
qblk_lock_holder_is_any(const char *path)
{
    g_autofree char *mark = file_mark(path);
    return has_conflict(path) || is_listed(mark);
}

char *
qblk_lock_holder_others(const char *path, const char *own)
{
    g_autofree char *mark = file_mark(path);
    g_autofree char *own_mark = file_mark(own);
    return own_mark != NULL && is_listed(mark) ? find(mark, own_mark) : NULL;
}

char *
qblk_lock_holder_all(const char *path)
{
    if (!qblk_lock_holder_is_any(path)) {
        return NULL;
    }
    g_autofree char *mark = file_mark(path);
    char *found = mark == NULL ? NULL : find(mark, NULL);
    return found != NULL ? found : g_strdup("another process");
}
