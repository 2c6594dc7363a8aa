/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/file-sync.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
qblk_file_sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return FALSE;
    }

    gboolean done = fsync(fd) == 0;
    int reason = errno;
    close(fd);
    errno = reason;
    return done;
}

gboolean
qblk_file_sync_parent(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    return qblk_file_sync_directory(directory);
}

static gboolean
is_directory(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return FALSE;
    }

    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return FALSE;
    }

    return TRUE;
}

gboolean
qblk_file_sync_make_directory(const char *directory)
{
    if (mkdir(directory, 0700) == 0) {
        return qblk_file_sync_parent(directory);
    }

    if (errno == EEXIST) {
        /* The process that created it may have crashed before its name was synced. A failure
         * does not matter: who may not read the parent has not created it. */
        (void)qblk_file_sync_parent(directory);
        return is_directory(directory);
    }

    if (errno != ENOENT || *directory == '\0') {
        return FALSE;
    }

    g_autofree char *above = g_path_get_dirname(directory);
    if (is_directory(above)) {
        errno = ENOENT; /* as in /proc, where nothing can be created */
        return FALSE;
    }

    if (!qblk_file_sync_make_directory(above)) {
        return FALSE;
    }

    return qblk_file_sync_make_directory(directory);
}

gboolean
qblk_file_sync_append_line(int fd, gsize *whole, const char *text)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    gsize length = strlen(line), done = 0;
    if (ftruncate(fd, (off_t)*whole) != 0) {
        return FALSE;
    }

    while (done < length) {
        ssize_t written = write(fd, line + done, length - done);
        if (written < 0 && errno != EINTR) {
            return FALSE;
        }
        done += written < 0 ? 0 : (gsize)written;
    }

    if (fdatasync(fd) != 0) {
        return FALSE;
    }

    *whole += length;
    return TRUE;
}

static gboolean
write_synced(int fd, const char *text)
{
    gsize length = strlen(text), done = 0;
    while (done < length) {
        ssize_t written = write(fd, text + done, length - done);
        if (written < 0 && errno != EINTR) {
            return FALSE;
        }
        done += written < 0 ? 0 : (gsize)written;
    }
    return fsync(fd) == 0;
}

gboolean
qblk_file_sync_write_unnamed(const char *directory, const char *text)
{
    int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        return FALSE;
    }

    gboolean done = write_synced(fd, text);
    int reason = errno;
    close(fd);
    errno = reason;
    return done;
}

gboolean
qblk_file_sync_write_new(const char *path, const char *text)
{
    (void)unlink(path);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return FALSE;
    }

    gboolean done = write_synced(fd, text);
    int reason = errno;
    close(fd);
    if (!done) {
        (void)unlink(path);
    }
    errno = reason;
    return done;
}
