/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into qblk, it records what a disk would contain after a power loss: in the directory
 * $SYNCED the content of each file at its last sync, as DEVICE-INODE, and for each directory a line
 * `DEVICE-INODE NAME` for each of its entries at its last sync. */
#include <dirent.h>
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY        "%jx-%jx"
#define KEY_OF(st) ((uintmax_t)(st)->st_dev), ((uintmax_t)(st)->st_ino)

int fsync(int fd);
int fdatasync(int fd);

/* Write the line @format to @out. */
static void __attribute__((format(printf, 2, 3))) put(int out, const char *format, ...)
{
    char text[NAME_MAX + 64];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (write(out, text, length) != length) {
        err(99, "write");
    }
}

static void
put_entries(int out, int fd)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        struct stat status;
        if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            put(out, KEY " %s\n", KEY_OF(&status), entry->d_name);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

static void
put_content(int out, int fd)
{
    char path[64], text[4096];
    ssize_t length;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* may be open for writing only */
    int in = open(path, O_RDONLY | O_CLOEXEC);
    while (in >= 0 && (length = read(in, text, sizeof text)) > 0) {
        if (write(out, text, length) != length) {
            err(99, "write");
        }
    }
    if (in >= 0) {
        close(in);
    }
}

static void
note(int fd)
{
    const char *disk = getenv("SYNCED");
    struct stat status;
    if (disk == NULL || fstat(fd, &status) != 0) {
        return;
    }
    char name[PATH_MAX], new[PATH_MAX + 8];
    snprintf(name, sizeof name, "%s/" KEY, disk, KEY_OF(&status));
    snprintf(new, sizeof new, "%s.new", name);
    int out = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0) {
        err(99, "%s", new);
    }
    (S_ISDIR(status.st_mode) ? put_entries : put_content)(out, fd);
    close(out);
    if (rename(new, name) != 0) {
        err(99, "%s", name);
    }
}

static int
sync_by(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int done = real(fd);
    if (done == 0) {
        note(fd);
    }
    return done;
}

int
fsync(int fd)
{
    return sync_by("fsync", fd);
}

int
fdatasync(int fd)
{
    return sync_by("fdatasync", fd);
}
