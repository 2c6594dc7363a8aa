/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The first bytes of qcow2 images, for tests of functions that read headers.
 */
#pragma once

#include <glib.h>

#define QCOW2_BACKING_FORMAT 0xe2792aca
#define QCOW2_DATA_FILE      0x44415441

/** A header with clusters of 64 KiB; the rest is 0. */
typedef struct {
    guint8 bytes[4096];
} Qcow2Image;

Qcow2Image qcow2_image(guint version);

/** Write @value at @offset, big-endian, in @size bytes. */
void qcow2_image_put(Qcow2Image *image, gsize offset, gsize size, guint64 value);
void qcow2_image_put_text(Qcow2Image *image, gsize offset, const char *text);
void qcow2_image_put_backing(Qcow2Image *image, const char *name);
void qcow2_image_put_extension(Qcow2Image *image, gsize offset, guint64 type, const char *text);
