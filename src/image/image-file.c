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

static gboolean
fail(const char *path, const char *reason, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot read image '%s': %s", path,
                reason);
    return FALSE;
}

static gboolean
check_kind(QblkImageFile *file, mode_t mode, GError **error)
{
    file->is_block = S_ISBLK(mode);
    if (S_ISREG(mode) || S_ISBLK(mode)) {
        return TRUE;
    }
    return fail(file->path,
                S_ISDIR(mode) ? "it is a folder" : "it is neither a file nor a block device",
                error);
}

/* Read @length bytes from @offset on, or less at the end of the file; -1 with errno. */
static gssize
read_at(int descriptor, guint8 *bytes, gsize length, off_t offset)
{
    gsize done = 0;
    while (done < length) {
        gssize count = pread(descriptor, bytes + done, length - done, offset + (off_t)done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? -1 : (gssize)done;
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
        return fail(file->path, g_strerror(errno), error);
    }
    file->length = (gsize)count;
    return TRUE;
}

static gboolean
ends_as_vpc(int descriptor)
{
    guint8 sector[SECTOR];
    off_t end = lseek(descriptor, 0, SEEK_END);
    return end >= SECTOR && read_at(descriptor, sector, SECTOR, end - SECTOR) == SECTOR &&
           memcmp(sector, "conectix", 8) == 0;
}

static gboolean
look_at(QblkImageFile *file, int place, GError **error)
{
    struct stat info;
    if (fstat(place, &info) != 0) {
        return fail(file->path, g_strerror(errno), error);
    }
    file->device = info.st_dev;
    file->inode = info.st_ino;
    return check_kind(file, info.st_mode, error);
}

/* Open the file that @place is, whatever has its name by now; -1 with @error. */
static int
open_place(const QblkImageFile *file, int place, GError **error)
{
    g_autofree char *name = g_strdup_printf("/proc/self/fd/%d", place);
    int descriptor = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0) {
        (void)fail(file->path,
                   errno == ENOENT ? "/proc is not mounted, and images are opened through it"
                                   : g_strerror(errno),
                   error);
    }
    return descriptor;
}

static gboolean
read_all(QblkImageFile *file, int descriptor, GError **error)
{
    if (!read_start(file, descriptor, FIRST_BYTES, error)) {
        return FALSE;
    }
    gsize wanted = qblk_image_header_size(file->bytes, file->length);
    if (wanted > FIRST_BYTES && file->length == FIRST_BYTES &&
        !read_start(file, descriptor, MIN(wanted, QBLK_IMAGE_HEADER_MOST), error)) {
        return FALSE;
    }
    file->ends_as_vpc = ends_as_vpc(descriptor);
    return TRUE;
}

QblkImageFile *
qblk_image_file_read(const char *path, GError **error)
{
    g_autoptr(QblkImageFile) file = g_new0(QblkImageFile, 1);
    file->path = g_strdup(path);
    if (!g_utf8_validate(path, -1, NULL)) {
        (void)fail(path, "its name is not UTF-8, and QEMU takes no other", error);
        return NULL;
    }
    /* To open a device may do something, and a pipe lets go whoever waits at its other end; this
     * only finds it. */
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0) {
        (void)fail(path, g_strerror(errno), error);
        return NULL;
    }
    int descriptor = look_at(file, place, error) ? open_place(file, place, error) : -1;
    close(place);
    if (descriptor < 0) {
        return NULL;
    }
    gboolean done = read_all(file, descriptor, error);
    close(descriptor);
    return done ? g_steal_pointer(&file) : NULL;
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
