/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of an image in a file, counted as that of qcow2 and as raw. */
#include "image/image-data.h"

#include "base/memory-file.h"
#include "fuzz/fuzz.h"

#include <unistd.h>

/* The size in the header of qcow2, which QEMU reports; it is in the bytes 24 to 31. */
static gint64
size_in_header(const uint8_t *data, size_t size)
{
    guint64 value = 0;
    for (size_t i = 24; i < 32 && i < size; i++) {
        value = value << 8 | data[i];
    }
    return (gint64)(value & G_MAXINT64);
}

static void
check(const char *path, const char *format, gint64 size, gboolean skips_zeros)
{
    QblkImageData found = {-1, -1};
    if (qblk_image_data_count(path, format, size, skips_zeros, G_MAXINT64, &found)) {
        g_assert_cmpint(found.data, >=, 0);
        g_assert_cmpint(found.covered, >=, 0);
    } else {
        g_assert_cmpint(found.data, ==, -1);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = qblk_memory_file_new("image", (const char *)data, size);
    g_assert_cmpint(fd, >=, 0);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    for (int skips_zeros = 0; skips_zeros <= 1; skips_zeros++) {
        check(path, "qcow2", size_in_header(data, size), skips_zeros);
        check(path, "raw", (gint64)size, skips_zeros);
    }
    close(fd);
    return 0;
}
