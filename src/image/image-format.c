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

static gboolean
is_format(const char *name)
{
    const QblkDriver *driver = qblk_driver_find(name);

    return driver != NULL && driver->kind == QBLK_DRIVER_FORMAT;
}

static gboolean
check_specified(const char *format, GError **error)
{
    if (!is_format(format)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "unknown image format '%s'",
                    format);
        return FALSE;
    }
    return TRUE;
}

/* Returns: (nullable): the format by rules 2 and 3; NULL: it is undecided */
static const char *
find_confirmed(const QblkImageFile *file, const char *magic)
{
    if (magic == NULL) {
        return file->ends_as_vpc && has_extension_of(file->path, "vpc") ? "vpc" : "raw";
    }
    return has_extension_of(file->path, magic) ? magic : NULL;
}

const char *
qblk_image_format(const QblkImageFile *file, const char *specified, GError **error)
{
    if (specified != NULL) {
        return check_specified(specified, error) ? specified : NULL;
    }

    const char *magic = qblk_image_header_format(file->bytes, file->length);
    const char *format = find_confirmed(file, magic);
    if (format == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                    "'%s' looks like %s, but a guest can write that into a raw image: use "
                    "'qblk --format %s COMMAND' or 'qblk --format raw COMMAND'",
                    file->path, magic, magic);
    }
    return format;
}

/* ---- backing files ---- */

/* TRUE if @file, with @magic, may be an image of @format: QEMU would not open it otherwise. */
static gboolean
may_have(const QblkImageFile *file, const char *magic, const char *format)
{
    gboolean is_fixed_vpc = file->ends_as_vpc && g_str_equal(format, "vpc");

    return is_fixed_vpc || !qblk_image_header_has_magic(format) || g_strcmp0(magic, format) == 0;
}

/* A guest that encrypts the whole of its disk writes the header of LUKS to the start, and few raw
 * images have another format's: so LUKS in what is recorded as raw is no reason to doubt. */
static gboolean
is_doubtful(const char *magic)
{
    return magic != NULL && !g_str_equal(magic, "luks");
}

static gboolean
use_specified(const QblkImageFile *file, const char *magic, const char *specified, GError **error)
{
    if (!check_specified(specified, error)) {
        return FALSE;
    }
    if (!may_have(file, magic, specified)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "'%s' is no image of the format %s: it looks like %s", file->path, specified,
                    magic == NULL ? "raw" : magic);
        return FALSE;
    }
    return TRUE;
}

gboolean
qblk_image_format_of_backing(const QblkImageFile *file, const char *recorded, const char *specified,
                             QblkBackingFormat *result, GError **error)
{
    const char *magic = qblk_image_header_format(file->bytes, file->length);
    const char *meant = recorded == NULL ? NULL : qblk_driver_backing_format(recorded);
    gboolean is_raw = g_strcmp0(meant, "raw") == 0;

    *result = (QblkBackingFormat){.format = specified, .is_specified = specified != NULL};
    if (specified != NULL) {
        result->is_wrong = meant != NULL && !g_str_equal(meant, specified);
        return use_specified(file, magic, specified, error);
    }

    if (is_raw || (meant != NULL && is_format(meant) && may_have(file, magic, meant))) {
        result->format = meant;
        result->undecided = is_raw && is_doubtful(magic) ? magic : NULL;
        return TRUE;
    }

    const char *confirmed = find_confirmed(file, magic);
    result->format = confirmed == NULL ? "raw" : confirmed;
    result->undecided = confirmed == NULL ? magic : NULL;
    result->is_wrong = meant != NULL;
    return TRUE;
}
