/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first bytes of an image, read as the format they look like and as every other format. */
#include "image/image-header.h"

#include "fuzz/fuzz.h"

static void
check_format(const char *format, const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageHeader) header = qblk_image_header_read(format, data, size, &error);
    fuzz_check_error(header != NULL, error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"qcow2", "qcow", "qed", "vmdk", "vpc", "vdi", "raw"};
    const char *format = qblk_image_header_format(data, size);
    if (format != NULL) {
        check_format(format, data, size);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        check_format(formats[i], data, size);
    }
    g_assert_cmpuint(qblk_image_header_size(data, size), <=, QBLK_IMAGE_HEADER_MOST);
    return 0;
}
