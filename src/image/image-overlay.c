/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-overlay.h"

#include "base/file-identity.h"
#include "image/image-file.h"

#define MOST_FILES 1000

/* TRUE if the header of the image @overlay leads to @path. */
static gboolean
names(const char *overlay, const char *path)
{
    if (!g_file_test(overlay, G_FILE_TEST_IS_REGULAR)) {
        return FALSE;
    }

    g_autoptr(QblkImageFile) file = qblk_image_file_read(overlay, NULL);
    const char *format = file == NULL ? NULL : qblk_image_header_format(file->bytes, file->length);
    g_autoptr(QblkImageHeader) header =
        format == NULL ? NULL : qblk_image_header_read(format, file->bytes, file->length, NULL);
    if (header == NULL || header->backing_name == NULL) {
        return FALSE;
    }

    g_autofree char *directory = g_path_get_dirname(overlay);
    g_autofree char *below = g_canonicalize_filename(header->backing_name, directory);
    return qblk_file_identity_is_one(below, path);
}

char *
qblk_image_overlay_find(const char *path, const char *except)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autoptr(GDir) files = g_dir_open(directory, 0, NULL);
    const char *name = NULL;

    for (guint i = 0; i < MOST_FILES && files != NULL; i++) {
        name = g_dir_read_name(files);
        if (name == NULL) {
            return NULL;
        }
        g_autofree char *overlay = g_build_filename(directory, name, NULL);
        gboolean is_other = except == NULL || !qblk_file_identity_is_one(overlay, except);
        if (is_other && names(overlay, path)) {
            return g_steal_pointer(&overlay);
        }
    }
    return NULL;
}
