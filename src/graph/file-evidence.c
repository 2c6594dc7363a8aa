/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/file-evidence.h"

#include "image/image-header.h"

#define SECTOR_SIZE 512

gboolean
qblk_file_evidence_is_regular(const QblkOpenedFile *file)
{
    return file->file.inode != 0 && !file->is_character_device;
}

gint64
qblk_file_evidence_size(const QblkOpenedFile *file)
{
    gint64 sectors = (file->length + SECTOR_SIZE - 1) / SECTOR_SIZE;
    return qblk_file_evidence_is_regular(file) ? sectors * SECTOR_SIZE : 0;
}

static gboolean
has_size(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    gint64 size = qblk_file_evidence_size(file);
    return size > 0 && entry->node->virtual_size == size &&
           entry->node->actual_size == file->allocated;
}

/* The size of a file that QEMU writes to changes. */
static gboolean
has_other_size(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    return entry->node->read_only && qblk_file_evidence_is_regular(file) && !has_size(entry, file);
}

gboolean
qblk_file_evidence_is_read_only(const QblkOpenedFile *file)
{
    return file->writable == 0 || file->writable < file->descriptors;
}

gboolean
qblk_file_evidence_has_access(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    return !entry->node->read_only || qblk_file_evidence_is_read_only(file);
}

gboolean
qblk_file_evidence_has_header(const QblkFileEntry *entry)
{
    return entry->format != NULL && qblk_image_header_has_backing(entry->format->driver);
}

static gboolean
has_other_format(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    return qblk_file_evidence_has_header(entry) &&
           g_strcmp0(entry->format->driver, file->format) != 0;
}

static gboolean
has_other_header(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    if (has_other_format(entry, file)) {
        return TRUE;
    }
    return qblk_file_evidence_has_header(entry) &&
           g_strcmp0(entry->format->backing_name, file->backing_name) != 0;
}

gboolean
qblk_file_evidence_allows(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    return !file->is_character_device && qblk_file_evidence_has_access(entry, file) &&
           !has_other_format(entry, file);
}

gboolean
qblk_file_evidence_contradicts(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    if (!qblk_file_evidence_has_access(entry, file)) {
        return TRUE;
    }
    return has_other_header(entry, file) || has_other_size(entry, file);
}
