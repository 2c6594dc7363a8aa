/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the first bytes of an image say: its format, and the other files it is made of.
 *
 * A pure function of bytes that may be anybody's: nothing in them is believed beyond its bounds.
 */
#pragma once

#include <glib.h>

/** Whatever counts is within so many bytes from the start: the largest cluster of qcow2. */
#define QBLK_IMAGE_HEADER_MOST (2 * 1024 * 1024)

typedef struct {
    char *backing_name;   /* as it stands there, or NULL */
    char *backing_format; /* as it stands there, NULL where the header does not say */
    char *data_file;      /* external data file of qcow2, or NULL */
    gboolean encrypted;   /* QEMU does not open it without a secret */
} QblkImageHeader;

void qblk_image_header_free(QblkImageHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageHeader, qblk_image_header_free)

/** QEMU's name of the format that begins like @bytes; NULL where none does, as in a raw image. */
const char *qblk_image_header_format(const guint8 *bytes, gsize length);

/** Whether images of @format name a backing file in a place that is understood here. */
gboolean qblk_image_header_has_backing(const char *format);

/** How many bytes qblk_image_header_read() wants for an image that begins with @bytes. */
gsize qblk_image_header_size(const guint8 *bytes, gsize length);

/**
 * Read the header of an image of @format.  Formats without anything to say give an empty header.
 *
 * QBLK_GRAPH_ERROR_FILE where @bytes do not begin like @format or contradict themselves,
 * QBLK_GRAPH_ERROR_UNSAFE where an extent of a VMDK image is not a local file.
 */
QblkImageHeader *qblk_image_header_read(const char *format, const guint8 *bytes, gsize length,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
