/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/qcow2-image.h"

#include <string.h>

void
qcow2_image_put(Qcow2Image *image, gsize offset, gsize size, guint64 value)
{
    for (gsize i = 0; i < size; i++) {
        image->bytes[offset + i] = (guint8)(value >> (8 * (size - 1 - i)));
    }
}

void
qcow2_image_put_text(Qcow2Image *image, gsize offset, const char *text)
{
    memcpy(image->bytes + offset, text, strlen(text));
}

Qcow2Image
qcow2_image(guint version)
{
    Qcow2Image image = {0};
    qcow2_image_put(&image, 0, 4, 0x514649fb);
    qcow2_image_put(&image, 4, 4, version);
    qcow2_image_put(&image, 20, 4, 16);
    qcow2_image_put(&image, 100, 4, version < 3 ? 0 : 104);
    return image;
}

void
qcow2_image_put_backing(Qcow2Image *image, const char *name)
{
    qcow2_image_put(image, 8, 8, 512);
    qcow2_image_put(image, 16, 4, strlen(name));
    qcow2_image_put_text(image, 512, name);
}

void
qcow2_image_put_extension(Qcow2Image *image, gsize offset, guint64 type, const char *text)
{
    qcow2_image_put(image, offset, 4, type);
    qcow2_image_put(image, offset + 4, 4, strlen(text));
    qcow2_image_put_text(image, offset + 8, text);
}
