/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-format.h"

#include "source/driver.h"

#include <qblk/error.h>
#include <string.h>

static const struct {
    const char *extension;
    const char *format;
} extensions[] = {
    {".bochs", "bochs"}, {".cloop", "cloop"}, {".hdd", "parallels"}, {".hds", "parallels"},
    {".luks", "luks"},   {".qcow", "qcow"},   {".qcow", "qcow2"},    {".qcow2", "qcow2"},
    {".qed", "qed"},     {".vdi", "vdi"},     {".vhd", "vpc"},       {".vhdx", "vhdx"},
    {".vmdk", "vmdk"},   {".vpc", "vpc"},
};

static gboolean
is_called(const char *path, const char *format)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash == NULL ? path : slash, '.');
    for (gsize i = 0; dot != NULL && i < G_N_ELEMENTS(extensions); i++) {
        if (g_ascii_strcasecmp(dot, extensions[i].extension) == 0 &&
            g_str_equal(format, extensions[i].format)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
refuse(const QblkImageFile *file, const char *overlay, const char *magic, GError **error)
{
    g_autofree char *help =
        overlay == NULL
            ? g_strdup_printf("say --format %s or --format raw", magic)
            : g_strdup_printf("say which in the header of '%s', with qemu-img rebase -u -F",
                              overlay);
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                "'%s' begins like a %s image, but a raw image whose guest wrote that would too: %s",
                file->path, magic, help);
}

static const char *
refuse_format(const QblkImageFile *file, const char *overlay, const char *said, GError **error)
{
    if (overlay == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "there is no image format '%s'",
                    said);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "the header of '%s' says the format '%s' for its backing file '%s', and there "
                    "is no such image format",
                    overlay, said, file->path);
    }
    return NULL;
}

const char *
qblk_image_format(const QblkImageFile *file, const char *overlay, const char *said, GError **error)
{
    if (said != NULL) {
        const char *meant = overlay == NULL ? said : qblk_driver_backing_format(said);
        const QblkDriver *driver = qblk_driver_find(meant);
        gboolean is_format = driver != NULL && driver->kind == QBLK_DRIVER_FORMAT;
        return is_format ? meant : refuse_format(file, overlay, said, error);
    }
    const char *magic = qblk_image_header_format(file->bytes, file->length);
    if (magic == NULL) {
        return file->ends_as_vpc && is_called(file->path, "vpc") ? "vpc" : "raw";
    }
    if (is_called(file->path, magic)) {
        return magic;
    }
    refuse(file, overlay, magic, error);
    return NULL;
}
