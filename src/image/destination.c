/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/destination.h"

#include "image/image-file.h"
#include "image/lock-holder.h"

#include <errno.h>

static QblkDestinationKind
kind_of(mode_t mode)
{
    if (S_ISREG(mode)) {
        return QBLK_DESTINATION_FILE;
    }
    return S_ISBLK(mode) ? QBLK_DESTINATION_BLOCK : QBLK_DESTINATION_OTHER;
}

/* QEMU would create what a symbolic link leads to. */
static QblkDestinationKind
kind_of_missing(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 ? QBLK_DESTINATION_OTHER : QBLK_DESTINATION_NOTHING;
}

static void
read_header(QblkDestination *destination, const char *path)
{
    g_autoptr(QblkImageFile) file = qblk_image_file_read(path, NULL);
    if (file == NULL) {
        return;
    }

    destination->format = qblk_image_header_format(file->bytes, file->length);
    if (destination->format != NULL) {
        g_autoptr(QblkImageHeader) header =
            qblk_image_header_read(destination->format, file->bytes, file->length, NULL);
        destination->is_encrypted = header != NULL && header->encryption != NULL;
    }
}

QblkDestination *
qblk_destination_look_up(const char *path)
{
    QblkDestination *destination = g_new0(QblkDestination, 1);
    struct stat status;
    destination->size = -1;

    if (stat(path, &status) != 0) {
        destination->error_number = errno;
        destination->kind = errno == ENOENT ? kind_of_missing(path) : QBLK_DESTINATION_UNKNOWN;
        return destination;
    }

    destination->kind = kind_of(status.st_mode);
    if (destination->kind == QBLK_DESTINATION_OTHER) {
        return destination;
    }
    destination->use = qblk_device_use_find(&qblk_device_files, path, &status);
    destination->size = destination->kind == QBLK_DESTINATION_FILE ? (gint64)status.st_size
                                                                   : destination->use->size;
    destination->locked_by = qblk_lock_holder_all(path);
    read_header(destination, path);
    return destination;
}

void
qblk_destination_free(QblkDestination *destination)
{
    if (destination == NULL) {
        return;
    }
    g_free(destination->locked_by);
    qblk_device_use_free(destination->use);
    g_free(destination);
}
