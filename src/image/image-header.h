/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The header of an image: its format, and the other files that it names.
 *
 * Everything here is a pure function of bytes that may come from an untrusted source: each offset
 * and each size in them is checked.
 */
#pragma once

#include <glib.h>

/** Bytes from the start of an image that may be read: the largest cluster of qcow2. */
#define QBLK_IMAGE_HEADER_MOST (2 * 1024 * 1024)

typedef struct {
    char *backing_name;     /* as the header has it, or NULL */
    char *backing_format;   /* as the header has it, or NULL */
    char *data_file;        /* the external data file of qcow2, or NULL */
    const char *encryption; /* "luks", "aes" or an unknown one: QEMU does not open the image without
                               a secret; NULL: it is not encrypted */
} QblkImageHeader;

void qblk_image_header_free(QblkImageHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageHeader, qblk_image_header_free)

/**
 * Returns: QEMU's name of the format whose magic @bytes have; NULL if they have none, as in a raw
 * image
 */
const char *qblk_image_header_format(const guint8 *bytes, gsize length);

/** TRUE if each image of @format has a magic that qblk_image_header_format() finds, except a VHD
 * image of fixed size. */
gboolean qblk_image_header_has_magic(const char *format);

/** TRUE if images of @format may have a backing file, and qblk_image_header_read() finds it. */
gboolean qblk_image_header_has_backing(const char *format);

/**
 * Returns: how many bytes qblk_image_header_read() needs of an image that starts with the @length
 * bytes at @bytes
 */
gsize qblk_image_header_size(const guint8 *bytes, gsize length);

/**
 * Read the header of an image of @format, which starts with the @length bytes at @bytes.
 *
 * Returns: (transfer full): the header, empty if the format has nothing to read; NULL with
 * QBLK_GRAPH_ERROR: FILE if @bytes do not have the magic of @format or are damaged, UNSAFE if a
 * VMDK image names an extent that is not a local file
 */
QblkImageHeader *qblk_image_header_read(const char *format, const guint8 *bytes, gsize length,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
