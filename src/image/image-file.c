/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-file.h"

#include <errno.h>
#include <fcntl.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES (64 * 1024)
#define SECTOR      512

static void
set_read_error(const char *path, const char *reason, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot read image '%s': %s", path,
                reason);
}

/* Read @length bytes at @offset, or fewer at the end of the file; -1 with errno. */
static gssize
read_at(int descriptor, guint8 *bytes, gsize length, off_t offset)
{
    gsize done = 0;

    while (done < length) {
        gssize count = pread(descriptor, bytes + done, length - done, offset + (off_t)done);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        done += (gsize)count;
    }

    return (gssize)done;
}

static gboolean
read_start(QblkImageFile *file, int descriptor, gsize length, GError **error)
{
    file->bytes = g_realloc(file->bytes, length);

    gssize count = read_at(descriptor, file->bytes, length, 0);
    if (count < 0) {
        set_read_error(file->path, g_strerror(errno), error);
        return FALSE;
    }

    file->length = (gsize)count;
    return TRUE;
}

static gboolean
ends_as_vpc(int descriptor)
{
    guint8 sector[SECTOR];
    off_t end = lseek(descriptor, 0, SEEK_END);

    if (end < SECTOR) {
        return FALSE;
    }
    gssize count = read_at(descriptor, sector, SECTOR, end - SECTOR);
    return count == SECTOR && memcmp(sector, "conectix", 8) == 0;
}

static gboolean
read_content(QblkImageFile *file, int descriptor, GError **error)
{
    if (!read_start(file, descriptor, FIRST_BYTES, error)) {
        return FALSE;
    }

    gsize wanted = qblk_image_header_size(file->bytes, file->length);
    if (wanted > FIRST_BYTES && file->length == FIRST_BYTES) {
        gsize length = MIN(wanted, QBLK_IMAGE_HEADER_MOST);
        if (!read_start(file, descriptor, length, error)) {
            return FALSE;
        }
    }

    file->ends_as_vpc = ends_as_vpc(descriptor);
    return TRUE;
}

/* Set the identity and the kind of @file, whose place @place is (a descriptor made with O_PATH). */
static gboolean
read_identity(QblkImageFile *file, int place, GError **error)
{
    struct stat status;

    if (fstat(place, &status) != 0) {
        set_read_error(file->path, g_strerror(errno), error);
        return FALSE;
    }
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->is_block = S_ISBLK(status.st_mode);

    if (S_ISDIR(status.st_mode)) {
        set_read_error(file->path, "it is a directory", error);
        return FALSE;
    }
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        set_read_error(file->path, "it is neither a file nor a block device", error);
        return FALSE;
    }
    return TRUE;
}

/* Open the file at @place, even if another file has its name now; -1 with @error. */
static int
open_place(const QblkImageFile *file, int place, GError **error)
{
    g_autofree char *name = g_strdup_printf("/proc/self/fd/%d", place);
    int descriptor = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (descriptor < 0 && errno == ENOENT) {
        set_read_error(file->path, "/proc is required and not mounted", error);
    } else if (descriptor < 0) {
        set_read_error(file->path, g_strerror(errno), error);
    }
    return descriptor;
}

/* Open the file for reading; -1 with @error.  Opening a device may have effects, and opening a pipe
 * releases the process that waits at its other end.  So the path is looked up first, and opened
 * only if it is a file or a block device. */
static int
open_file(QblkImageFile *file, GError **error)
{
    int place = open(file->path, O_PATH | O_CLOEXEC);

    if (place < 0) {
        set_read_error(file->path, g_strerror(errno), error);
        return -1;
    }

    int descriptor = -1;
    if (read_identity(file, place, error)) {
        descriptor = open_place(file, place, error);
    }
    close(place);
    return descriptor;
}

QblkImageFile *
qblk_image_file_read(const char *path, GError **error)
{
    g_autoptr(QblkImageFile) file = g_new0(QblkImageFile, 1);
    file->path = g_strdup(path);

    if (!g_utf8_validate(path, -1, NULL)) {
        set_read_error(path, "the name is not valid UTF-8, which QEMU requires", error);
        return NULL;
    }

    int descriptor = open_file(file, error);
    if (descriptor < 0) {
        return NULL;
    }
    gboolean is_read = read_content(file, descriptor, error);
    close(descriptor);

    return is_read ? g_steal_pointer(&file) : NULL;
}

void
qblk_image_file_free(QblkImageFile *file)
{
    if (file == NULL) {
        return;
    }

    g_free(file->path);
    g_free(file->bytes);
    g_free(file);
}
