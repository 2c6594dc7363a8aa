/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/open-below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* close() that keeps errno. */
static void
close_quietly(int fd)
{
    int cause = errno;
    close(fd);
    errno = cause;
}

/* Returns: @fd, or -1 with ELOOP if it is a link, which was opened itself. */
static int
refuse_link(int fd)
{
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISLNK(status.st_mode)) {
        close(fd);
        errno = ELOOP;
        return -1;
    }
    return fd;
}

/* Open one name in the directory @at.  With O_PATH a link is opened itself, otherwise it is an
 * error. */
static int
open_name(int at, const char *name, int flags)
{
    if (g_str_equal(name, "..")) {
        errno = ELOOP;
        return -1;
    }
    return refuse_link(openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC));
}

/* @at: the root, which is closed */
static int
walk(int at, const char *path, int flags)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    const char *name = "."; /* the last one so far */
    for (guint i = 0; names[i] != NULL && at >= 0; i++) {
        if (names[i][0] != '\0') {
            int next = open_name(at, name, O_PATH | O_DIRECTORY);
            close_quietly(at);
            at = next;
            name = names[i];
        }
    }
    if (at < 0) {
        return -1;
    }

    int fd = open_name(at, name, flags);
    close_quietly(at);
    return fd;
}

int
qblk_open_below(const char *root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (guint64)(flags | O_CLOEXEC),
        .resolve = RESOLVE_IN_ROOT,
    };
    int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return -1;
    }

    long fd = syscall(SYS_openat2, at, path, &how, sizeof(how));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        return walk(at, path, flags);
    }
    close_quietly(at);
    return (int)fd;
}
