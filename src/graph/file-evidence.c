/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/file-evidence.h"

#include "image/image-header.h"

#define SECTOR_SIZE 512

/* A device does not have the size of its device node. */
static gboolean
is_regular(const QblkOpenedFile *file)
{
    return file->file.inode != 0 && !file->is_character_device;
}

/* QEMU reports the length of a file in whole sectors as its virtual size. */
static gboolean
has_size(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    gint64 sectors = (file->length + SECTOR_SIZE - 1) / SECTOR_SIZE;

    return is_regular(file) && sectors > 0 && entry->node->virtual_size == sectors * SECTOR_SIZE &&
           entry->node->actual_size == file->allocated;
}

/* The size of a file that QEMU writes to changes. */
static gboolean
has_other_size(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    return entry->node->read_only && is_regular(file) && !has_size(entry, file);
}

gboolean
qblk_file_evidence_has_access(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    return !entry->node->read_only || file->writable == 0 || file->writable < file->descriptors;
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

gboolean
qblk_file_evidence_fits(const QblkFileEntry *entry, const QblkOpenedFile *file)
{
    if (qblk_file_evidence_contradicts(entry, file)) {
        return FALSE;
    }
    return has_size(entry, file) ||
           (qblk_file_evidence_has_header(entry) && file->backing_name != NULL);
}
