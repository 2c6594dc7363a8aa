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
has_extension_of(const char *path, const char *format)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash == NULL ? path : slash, '.');

    if (dot == NULL) {
        return FALSE;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (g_ascii_strcasecmp(dot, extensions[i].extension) == 0 &&
            g_str_equal(format, extensions[i].format)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
set_unsafe_error(const QblkImageFile *file, const char *overlay, const char *magic, GError **error)
{
    if (overlay == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                    "'%s' looks like %s, but a guest can write that into a raw image: use "
                    "'qblk --format %s COMMAND' or 'qblk --format raw COMMAND'",
                    file->path, magic, magic);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                    "'%s' looks like %s, but a guest can write that into a raw image: specify the "
                    "format in the header of '%s' with 'qemu-img rebase -u -F'",
                    file->path, magic, overlay);
    }
}

static void
set_unknown_error(const QblkImageFile *file, const char *overlay, const char *format,
                  GError **error)
{
    if (overlay == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "unknown image format '%s'",
                    format);
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "the header of '%s' specifies an unknown format '%s' for the backing file '%s'",
                    overlay, format, file->path);
    }
}

static gboolean
is_format(const char *name)
{
    const QblkDriver *driver = qblk_driver_find(name);

    return driver != NULL && driver->kind == QBLK_DRIVER_FORMAT;
}

const char *
qblk_image_format(const QblkImageFile *file, const char *overlay, const char *specified,
                  GError **error)
{
    if (specified != NULL) {
        const char *format = overlay == NULL ? specified : qblk_driver_backing_format(specified);

        if (!is_format(format)) {
            set_unknown_error(file, overlay, specified, error);
            return NULL;
        }
        return format;
    }

    const char *magic = qblk_image_header_format(file->bytes, file->length);
    if (magic == NULL) {
        return file->ends_as_vpc && has_extension_of(file->path, "vpc") ? "vpc" : "raw";
    }

    if (!has_extension_of(file->path, magic)) {
        set_unsafe_error(file, overlay, magic, error);
        return NULL;
    }
    return magic;
}
