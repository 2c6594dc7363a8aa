/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/output-file.h"

#include "cli/print/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Another process that writes the same file has replaced the temporary one meanwhile. */
#define MAX_ATTEMPTS 100

/* The start of an existing file that is looked at: all headers of images have a zero in it. */
#define START_SIZE 65536

typedef struct {
    const char *given; /* the path, for errors */
    char *path;        /* owned: without links */
    char *directory;   /* owned */
    char *temporary;   /* owned: the name beside it */
    gboolean exists;
    struct stat info; /* if it exists */
} File;

static void
file_clear(File *file)
{
    g_free(file->path);
    g_free(file->directory);
    g_free(file->temporary);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(File, file_clear)

/* Always FALSE, with the reason in @cause, an errno. */
static gboolean
fail(const File *file, int cause, GError **error)
{
    g_set_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE, "cannot write '%s': %s",
                file->given, g_strerror(cause));
    return FALSE;
}

static gboolean
find_file(File *file, GError **error)
{
    struct stat info;
    if (stat(file->given, &info) == 0 && !S_ISREG(info.st_mode)) {
        g_set_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE,
                    "cannot write '%s': it is not a regular file; without --output the result is "
                    "on standard output",
                    file->given);
        return FALSE;
    }

    char *real = realpath(file->given, NULL);
    gboolean is_broken_link = real == NULL && errno == ENOENT && lstat(file->given, &info) == 0;
    if (is_broken_link || (real == NULL && errno != ENOENT)) {
        return fail(file, is_broken_link ? ENOENT : errno, error);
    }
    file->exists = real != NULL;
    file->path = g_strdup(file->exists ? real : file->given);
    free(real);

    file->directory = g_path_get_dirname(file->path);
    if (stat(file->directory, &info) < 0) {
        int cause = errno;
        g_set_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE,
                    "cannot write '%s': directory '%s': %s", file->given, file->directory,
                    g_strerror(cause));
        return FALSE;
    }

    g_autofree char *base = g_path_get_basename(file->path);
    g_autofree char *hidden = g_strconcat(".", base, ".qblk-new", NULL);
    file->temporary = g_build_filename(file->directory, hidden, NULL);
    return TRUE;
}

/* ---- the file that is replaced ---- */

/* A text or a PNG: a disk image is neither, whatever its guest writes. */
static gboolean
may_be_output(const char *start, gsize length)
{
    static const char png[] = "\x89PNG\r\n\x1a\n", vmdk[] = "# Disk DescriptorFile";
    gboolean is_png = length >= strlen(png) && memcmp(start, png, strlen(png)) == 0;
    gboolean is_vmdk = length >= strlen(vmdk) && memcmp(start, vmdk, strlen(vmdk)) == 0;

    return is_png || (!is_vmdk && memchr(start, '\0', length) == NULL);
}

static gboolean
refuse(const File *file, const char *reason, GError **error)
{
    g_set_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_REFUSED,
                "'%s' is not replaced: %s: remove it first, or use another file", file->given,
                reason);
    return FALSE;
}

static gboolean
check_content(const File *file, int fd, GError **error)
{
    g_autofree char *start = g_malloc(START_SIZE);
    gssize length = pread(fd, start, START_SIZE, 0);

    if (length < 0) {
        return fail(file, errno, error);
    }
    return may_be_output(start, (gsize)length) ||
           refuse(file, "it is not a text or a picture, and may be a disk image", error);
}

/* A wrong name in --output is no reason to lose a disk of a guest. */
static gboolean
check_existing(File *file, GError **error)
{
    if (!file->exists) {
        return TRUE;
    }

    int fd = open(file->path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file->info) < 0) {
        int cause = errno;
        if (fd >= 0) {
            close(fd);
        }
        return fail(file, cause, error);
    }

    /* root could write it, too. */
    gboolean is_read_only = (file->info.st_mode & 0222) == 0;
    gboolean is_free =
        is_read_only ? refuse(file, "it is read-only", error) : check_content(file, fd, error);
    close(fd);
    return is_free;
}

/* A file of another user stays readable for that user. */
static gboolean
keep_mode(const File *file, int fd)
{
    struct stat info;
    gboolean is_same_user = file->exists && fstat(fd, &info) == 0 &&
                            info.st_uid == file->info.st_uid && info.st_gid == file->info.st_gid;
    return !is_same_user || fchmod(fd, file->info.st_mode & 0777) == 0;
}

/* ---- the temporary file ---- */

/* TRUE if @fd still has the name of the temporary file, and it is a file of this user. */
static gboolean
is_named(const File *file, int fd)
{
    struct stat here, there;
    return fstat(fd, &here) == 0 && lstat(file->temporary, &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* A file of another user, who could write it later, is not used. */
static gboolean
is_own(int fd)
{
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
        info.st_nlink == 1) {
        return TRUE;
    }
    errno = EEXIST;
    return FALSE;
}

/* Open the temporary file, or that of a process that was killed, and lock it against others that
 * write the same one.  Returns: the descriptor; -1 with errno */
static int
open_temporary(const File *file)
{
    for (guint attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        int fd =
            open(file->temporary, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
        if (fd < 0) {
            return -1;
        }

        gboolean is_locked = flock(fd, LOCK_EX) == 0;
        if (is_locked && is_named(file, fd) && is_own(fd)) {
            return fd;
        }
        int cause = errno;
        gboolean was_replaced = is_locked && !is_named(file, fd);
        close(fd);
        if (!was_replaced) {
            errno = cause;
            return -1;
        }
    }
    errno = EBUSY;
    return -1;
}

/* With errno on failure. */
static gboolean
write_text(int fd, const GString *text)
{
    if (ftruncate(fd, 0) < 0) {
        return FALSE;
    }
    for (gsize done = 0; done < text->len;) {
        gssize count = write(fd, text->str + done, text->len - done);
        if (count < 0 && errno != EINTR) {
            return FALSE;
        }
        done += count < 0 ? 0 : (gsize)count;
    }
    return fsync(fd) == 0;
}

/* After a power loss the directory has the old name or the new one, which is all that is needed:
 * an error is not one of this file. */
static void
sync_directory(const File *file)
{
    int fd = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

gboolean
qblk_output_file_replace(const char *path, const GString *text, GError **error)
{
    g_auto(File) file = {.given = path};
    if (!find_file(&file, error) || !check_existing(&file, error)) {
        return FALSE;
    }

    int fd = open_temporary(&file);
    if (fd < 0) {
        int cause = errno;
        g_set_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE,
                    "cannot write '%s': cannot create '%s': %s", path, file.temporary,
                    g_strerror(cause));
        return FALSE;
    }

    gboolean done =
        keep_mode(&file, fd) && write_text(fd, text) && g_rename(file.temporary, file.path) == 0;
    int cause = errno;
    if (!done) {
        (void)g_unlink(file.temporary);
    }
    close(fd);
    if (!done) {
        return fail(&file, cause, error);
    }
    sync_directory(&file);
    return TRUE;
}
