/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image in a file is, by its header and its lists. */
#include "image/image-info.h"

#include "base/memory-file.h"
#include "fuzz/fuzz.h"

#include <unistd.h>

static void
check(const char *path, const char *format)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageInfo) info = qblk_image_info_read(path, format, &error);
    g_assert_true((info == NULL) == (error != NULL));
    if (info == NULL) {
        return;
    }

    g_assert_cmpint(info->virtual_size, >=, 0);
    for (guint i = 0; i < info->content->bitmaps->len; i++) {
        const QblkImageBitmap *bitmap = info->content->bitmaps->pdata[i];
        g_assert_true(g_utf8_validate(bitmap->name, -1, NULL));
        g_assert_cmpint(bitmap->dirty, >=, 0);
    }
    for (guint i = 0; i < info->content->snapshots->len; i++) {
        const QblkImageSnapshot *snapshot = info->content->snapshots->pdata[i];
        g_assert_true(g_utf8_validate(snapshot->name, -1, NULL));
        g_assert_cmpint(snapshot->vm_state_size, >=, 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"qcow2", "luks", "qed", "qcow"};
    int fd = qblk_memory_file_new("image", (const char *)data, size);
    g_assert_cmpint(fd, >=, 0);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        check(path, formats[i]);
    }
    close(fd);
    return 0;
}
