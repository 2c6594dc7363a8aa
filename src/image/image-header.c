/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-header.h"

#include <qblk/error.h>
#include <string.h>

/* Longest name that QEMU takes from a header, in bytes. */
#define LONGEST_NAME 1023

typedef struct {
    const guint8 *bytes;
    gsize length;
} Bytes;

static void
set_damaged_error(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, reason);
}

/* The big-endian number of @size bytes at @offset; 0 if it is not within @header. */
static guint64
read_big_endian(const Bytes *header, gsize offset, gsize size)
{
    guint64 value = 0;

    for (gsize i = 0; i < size && offset + size <= header->length; i++) {
        value = value << 8 | header->bytes[offset + i];
    }
    return value;
}

/* The same for a little-endian number. */
static guint64
read_little_endian(const Bytes *header, gsize offset, gsize size)
{
    guint64 value = 0;

    for (gsize i = size; i > 0 && offset + size <= header->length; i--) {
        value = value << 8 | header->bytes[offset + i - 1];
    }
    return value;
}

/* Set @text to the @size bytes at @offset.  A NUL byte ends it, as it does for QEMU. */
static gboolean
read_text(const Bytes *header, guint64 offset, guint64 size, char **text, GError **error)
{
    if (offset > header->length || size > header->length - offset || size > LONGEST_NAME) {
        set_damaged_error(error, "the header is damaged: a name in it is out of bounds");
        return FALSE;
    }

    g_free(*text);
    *text = size == 0 ? NULL : g_strndup((const char *)header->bytes + offset, size);
    return TRUE;
}

/* ---- formats ---- */

#define TEXT(text) text, sizeof(text) - 1

/* From the probe functions of QEMU's block/ (7.2).  dmg has no magic: QEMU goes by its name. */
static const struct {
    gsize offset;
    const char *magic;
    gsize length;
    const char *format;
} magics[] = {
    {0, TEXT("QFI\xfb\0\0\0\1"), "qcow"},
    {0, TEXT("QFI\xfb\0\0\0\2"), "qcow2"},
    {0, TEXT("QFI\xfb\0\0\0\3"), "qcow2"},
    {0, TEXT("QED\0"), "qed"},
    {0, TEXT("KDMV"), "vmdk"},
    {0, TEXT("COWD"), "vmdk"},
    {0, TEXT("# Disk DescriptorFile"), "vmdk"},
    {0, TEXT("conectix"), "vpc"},
    {0, TEXT("vhdxfile"), "vhdx"},
    {0, TEXT("LUKS\xba\xbe"), "luks"},
    {0, TEXT("WithoutFreeSpace"), "parallels"},
    {0, TEXT("WithouFreSpacExt"), "parallels"},
    {0, TEXT("Bochs Virtual HD Image"), "bochs"},
    {0, TEXT("#!/bin/sh\n#V2.0 Format"), "cloop"},
    {64, TEXT("\x7f\x10\xda\xbe"), "vdi"},
};

const char *
qblk_image_header_format(const guint8 *bytes, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(magics); i++) {
        gsize end = magics[i].offset + magics[i].length;

        if (end <= length &&
            memcmp(bytes + magics[i].offset, magics[i].magic, magics[i].length) == 0) {
            return magics[i].format;
        }
    }
    return NULL;
}

gboolean
qblk_image_header_has_magic(const char *format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(magics); i++) {
        if (g_str_equal(magics[i].format, format)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- qcow2 ---- */

/* Of the number that qcow and qcow2 have for it, QEMU's name. */
static const char *
find_encryption(guint64 method)
{
    static const char *const methods[] = {NULL, "aes", "luks"};
    return method < G_N_ELEMENTS(methods) ? methods[method] : "unknown";
}

#define QCOW2_BACKING_FORMAT         0xe2792acau
#define QCOW2_DATA_FILE              0x44415441u
#define QCOW2_INCOMPATIBLE_DATA_FILE 4u

/* The member of @result that an extension of @type is read into, NULL if it is of no interest. */
static char **
find_extension_member(QblkImageHeader *result, guint64 type)
{
    switch (type) {
    case QCOW2_BACKING_FORMAT:
        return &result->backing_format;
    case QCOW2_DATA_FILE:
        return &result->data_file;
    default:
        return NULL;
    }
}

/* The extensions are between @at, the end of the fixed header, and @end, the name of the backing
 * file. */
static gboolean
read_qcow2_extensions(const Bytes *header, guint64 at, guint64 end, QblkImageHeader *result,
                      GError **error)
{
    while (at + 8 <= end) {
        guint64 type = read_big_endian(header, at, 4);
        guint64 size = read_big_endian(header, at + 4, 4);
        at += 8;

        if (type == 0) {
            return TRUE;
        }
        if (size > end - at) {
            set_damaged_error(error, "the header is damaged: an extension is out of bounds");
            return FALSE;
        }

        char **text = find_extension_member(result, type);
        if (text != NULL && !read_text(header, at, size, text, error)) {
            return FALSE;
        }
        at += (size + 7) / 8 * 8;
    }

    return TRUE;
}

/* qcow and qcow2 have the offset and the size of the name at the same place. */
static gboolean
read_qcow_backing(const Bytes *header, QblkImageHeader *result, GError **error)
{
    guint64 offset = read_big_endian(header, 8, 8);
    guint64 size = read_big_endian(header, 16, 4);

    if (offset == 0) {
        return TRUE;
    }
    return read_text(header, offset, size, &result->backing_name, error);
}

static gboolean
read_qcow2(const Bytes *header, QblkImageHeader *result, GError **error)
{
    guint64 version = read_big_endian(header, 4, 4);
    guint64 backing = read_big_endian(header, 8, 8);
    guint64 bits = read_big_endian(header, 20, 4);

    if (header->length < 72 || bits < 9 || bits > 21) {
        set_damaged_error(error, "the header is damaged: the cluster size is invalid");
        return FALSE;
    }

    guint64 cluster = (guint64)1 << bits;
    guint64 start = version < 3 ? 72 : read_big_endian(header, 100, 4);
    guint64 incompatible = version < 3 ? 0 : read_big_endian(header, 72, 8);
    guint64 end = backing == 0 || backing > cluster ? cluster : backing;
    if (start < 72 || start > cluster) {
        set_damaged_error(error, "the header is damaged: its size is invalid");
        return FALSE;
    }

    result->encryption = find_encryption(read_big_endian(header, 32, 4));
    end = MIN(end, header->length);
    if (!read_qcow2_extensions(header, start, end, result, error)) {
        return FALSE;
    }
    if ((incompatible & QCOW2_INCOMPATIBLE_DATA_FILE) == 0) {
        g_clear_pointer(&result->data_file, g_free);
    }

    return read_qcow_backing(header, result, error);
}

/* ---- the other formats with a backing file ---- */

static gboolean
read_qcow(const Bytes *header, QblkImageHeader *result, GError **error)
{
    result->encryption = find_encryption(read_big_endian(header, 36, 4));
    return read_qcow_backing(header, result, error);
}

#define QED_BACKING_FILE   1u
#define QED_BACKING_IS_RAW 4u

static gboolean
read_qed(const Bytes *header, QblkImageHeader *result, GError **error)
{
    guint64 features = read_little_endian(header, 16, 8);
    guint64 offset = read_little_endian(header, 56, 4);
    guint64 size = read_little_endian(header, 60, 4);

    if ((features & QED_BACKING_FILE) == 0) {
        return TRUE;
    }
    if ((features & QED_BACKING_IS_RAW) != 0) {
        result->backing_format = g_strdup("raw");
    }
    return read_text(header, offset, size, &result->backing_name, error);
}

/* The text between the first two quotes of @line, or NULL. */
static char *
quoted(const char *line)
{
    const char *start = strchr(line, '"');
    const char *end = start == NULL ? NULL : strchr(start + 1, '"');

    return end == NULL ? NULL : g_strndup(start + 1, (gsize)(end - start - 1));
}

/* Refuse @line of a VMDK descriptor if it is an extent whose name has a protocol: QEMU would open
 * it over that protocol. */
static gboolean
check_extent(const char *line, GError **error)
{
    if (!g_str_has_prefix(line, "RW ") && !g_str_has_prefix(line, "RDONLY ")) {
        return TRUE;
    }

    g_autofree char *name = quoted(line);
    if (name == NULL || strcspn(name, ":") >= strcspn(name, "/")) {
        return TRUE;
    }
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                        "the header names an extent that is not a local file: only local files are "
                        "opened because a header names them");
    return FALSE;
}

static gboolean
check_extents(const char *descriptor, gsize length, GError **error)
{
    g_autofree char *text = g_strndup(descriptor, length);
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (!check_extent(lines[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

#define VMDK_DESCRIPTOR_AT 512   /* of a sparse image, whatever its header says */
#define VMDK_DESCRIPTOR    10240 /* bytes of it in which QEMU looks for the parent */

/* As QEMU does (vmdk_parent_open): find the keyword anywhere, even inside another word, skip two
 * bytes, whatever they are, and take the name up to the next quote. */
static gboolean
read_vmdk_parent(const Bytes *header, gsize offset, QblkImageHeader *result, GError **error)
{
    static const char keyword[] = "parentFileNameHint";
    g_autofree char *text = g_malloc0(VMDK_DESCRIPTOR + sizeof keyword + strlen("=\""));
    gsize start = MIN(offset, header->length);

    memcpy(text, header->bytes + start, MIN(header->length - start, VMDK_DESCRIPTOR));
    const char *hint = strstr(text, keyword);
    if (hint == NULL) {
        return TRUE;
    }

    const char *name = hint + strlen(keyword) + strlen("=\"");
    const char *end = strchr(name, '"');
    if (end == NULL || end - name > LONGEST_NAME) {
        set_damaged_error(error,
                          "the header is damaged: the name of the backing file is not terminated");
        return FALSE;
    }

    result->backing_name = g_strndup(name, (gsize)(end - name));
    return TRUE;
}

/* A VMDK file is a text, which is its descriptor, or a sparse image, which may have a descriptor in
 * it. */
static gboolean
read_vmdk(const Bytes *header, QblkImageHeader *result, GError **error)
{
    const char *text = (const char *)header->bytes;
    gboolean is_text = header->bytes[0] == '#';

    if (!read_vmdk_parent(header, is_text ? 0 : VMDK_DESCRIPTOR_AT, result, error)) {
        return FALSE;
    }
    if (is_text) {
        return check_extents(text, header->length, error);
    }

    guint64 sector = read_little_endian(header, 28, 8);
    guint64 sectors = read_little_endian(header, 36, 8);
    if (memcmp(header->bytes, "COWD", 4) == 0 || sector == 0) {
        return TRUE;
    }
    if (sector > header->length / 512) {
        set_damaged_error(error, "the header is damaged: the descriptor is out of bounds");
        return FALSE;
    }

    guint64 offset = sector * 512;
    guint64 size = MIN(sectors, header->length / 512) * 512;
    return check_extents(text + offset, MIN(size, header->length - offset), error);
}

static gboolean
read_luks(const Bytes *header, QblkImageHeader *result, GError **error)
{
    result->encryption = "luks";
    return TRUE;
}

static const struct {
    const char *format;
    gboolean has_backing;
    gboolean (*read)(const Bytes *header, QblkImageHeader *result, GError **error);
} readers[] = {
    {"qcow2", TRUE, read_qcow2}, {"qcow", TRUE, read_qcow},  {"qed", TRUE, read_qed},
    {"vmdk", TRUE, read_vmdk},   {"luks", FALSE, read_luks},
};

gboolean
qblk_image_header_has_backing(const char *format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
        if (g_str_equal(readers[i].format, format)) {
            return readers[i].has_backing;
        }
    }
    return FALSE;
}

gsize
qblk_image_header_size(const guint8 *bytes, gsize length)
{
    const Bytes header = {bytes, length};
    const char *format = qblk_image_header_format(bytes, length);

    if (format == NULL) {
        return length;
    }
    if (g_str_equal(format, "qcow2")) {
        guint64 bits = read_big_endian(&header, 20, 4);
        return bits >= 9 && bits <= 21 ? (gsize)1 << bits : length;
    }

    /* In the other formats the name may be anywhere; QEMU's own tools put it at the start. */
    return qblk_image_header_has_backing(format) ? QBLK_IMAGE_HEADER_MOST : length;
}

QblkImageHeader *
qblk_image_header_read(const char *format, const guint8 *bytes, gsize length, GError **error)
{
    const Bytes header = {bytes, length};
    g_autoptr(QblkImageHeader) result = g_new0(QblkImageHeader, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
        if (!g_str_equal(readers[i].format, format)) {
            continue;
        }
        if (g_strcmp0(qblk_image_header_format(bytes, length), format) != 0) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "not in the format %s",
                        format);
            return NULL;
        }
        if (!readers[i].read(&header, result, error)) {
            return NULL;
        }
    }

    if (result->backing_name != NULL && result->backing_name[0] == '\0') {
        g_clear_pointer(&result->backing_name, g_free);
    }
    return g_steal_pointer(&result);
}

void
qblk_image_header_free(QblkImageHeader *header)
{
    if (header == NULL) {
        return;
    }

    g_free(header->backing_name);
    g_free(header->backing_format);
    g_free(header->data_file);
    g_free(header);
}
