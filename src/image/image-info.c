/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-info.h"

#include "image/image-file.h"

#include <errno.h>
#include <fcntl.h>
#include <qblk/error.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

static guint64
big_endian(const QblkImageFile *file, gsize offset, gsize size)
{
    guint64 value = 0;
    for (gsize i = 0; i < size && offset + size <= file->length; i++) {
        value = value << 8 | file->bytes[offset + i];
    }
    return value;
}

static guint64
little_endian(const QblkImageFile *file, gsize offset, gsize size)
{
    guint64 value = 0;
    for (gsize i = size; i > 0 && offset + size <= file->length; i--) {
        value = value << 8 | file->bytes[offset + i - 1];
    }
    return value;
}

/* ---- the size of the disk, by format: bytes; more than G_MAXINT64 if it is not valid ---- */

#define NOT_VALID G_MAXUINT64

static guint64
size_of_raw(const QblkImageFile *file, gint64 file_size)
{
    return (guint64)file_size;
}

static guint64
size_of_luks(const QblkImageFile *file, gint64 file_size)
{
    guint64 version = big_endian(file, 6, 2);
    guint64 payload = big_endian(file, 104, 4) * SECTOR;
    return version != 1 || payload > (guint64)file_size ? NOT_VALID : (guint64)file_size - payload;
}

static guint64
size_of_qcow(const QblkImageFile *file, gint64 file_size)
{
    return big_endian(file, 24, 8);
}

static guint64
size_of_qed(const QblkImageFile *file, gint64 file_size)
{
    return little_endian(file, 48, 8);
}

static const struct {
    const char *format;
    guint64 (*size)(const QblkImageFile *file, gint64 file_size);
} sizes[] = {
    {"raw", size_of_raw},   {"luks", size_of_luks}, {"qcow2", size_of_qcow},
    {"qcow", size_of_qcow}, {"qed", size_of_qed},
};

static gboolean
read_virtual_size(QblkImageInfo *info, const QblkImageFile *file, const char *format,
                  GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (!g_str_equal(sizes[i].format, format)) {
            continue;
        }
        guint64 size = sizes[i].size(file, info->file_size);
        if (size > G_MAXINT64) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                        "the header is damaged, or of a version that is not known");
            return FALSE;
        }
        info->virtual_size = (gint64)size / SECTOR * SECTOR;
        return TRUE;
    }

    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "the size of an image in format %s is not known without opening it", format);
    return FALSE;
}

/* ---- the image ---- */

/* Set the sizes of the file, and those that its format has. */
static gboolean
read_content(QblkImageInfo *info, const QblkImageFile *file, const char *format, int fd,
             GError **error)
{
    struct stat status;
    off_t length = lseek(fd, 0, SEEK_END);
    if (length < 0 || fstat(fd, &status) != 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot read it: %s",
                    g_strerror(errno));
        return FALSE;
    }
    info->file_size = ((gint64)length + SECTOR - 1) / SECTOR * SECTOR;
    info->allocated = (gint64)status.st_blocks * SECTOR;

    info->header = qblk_image_header_read(format, file->bytes, file->length, error);
    if (info->header == NULL || !read_virtual_size(info, file, format, error)) {
        return FALSE;
    }
    if (!g_str_equal(format, "qcow2")) {
        return TRUE;
    }
    info->version = (guint)big_endian(file, 4, 4);
    info->cluster_size = (gint64)1 << big_endian(file, 20, 4);
    qblk_qcow2_content_free(info->content);
    info->content = qblk_qcow2_content_read(fd, file->bytes, file->length, error);
    return info->content != NULL;
}

QblkImageInfo *
qblk_image_info_read(const char *path, const char *format, GError **error)
{
    g_autoptr(QblkImageFile) file = qblk_image_file_read(path, error);
    if (file == NULL) {
        return NULL;
    }

    /* It is a file or a block device: only these were read. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "cannot read image '%s': %s",
                    path, g_strerror(errno));
        return NULL;
    }

    g_autoptr(QblkImageInfo) info = g_new0(QblkImageInfo, 1);
    info->content = qblk_qcow2_content_new();
    gboolean is_read = read_content(info, file, format, fd, error);
    close(fd);
    if (!is_read) {
        g_prefix_error(error, "image '%s': ", path);
        return NULL;
    }
    return g_steal_pointer(&info);
}

void
qblk_image_info_free(QblkImageInfo *info)
{
    if (info == NULL) {
        return;
    }
    qblk_image_header_free(info->header);
    qblk_qcow2_content_free(info->content);
    g_free(info);
}
