/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/file-use.h"

static guint
count_used(const QblkFileMatch *match, QblkOpenedFile *file)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(match->used, file));
}

void
qblk_file_match_set(QblkFileMatch *match, QblkFileEntry *entry, QblkOpenedFile *file)
{
    entry->file = file;
    g_hash_table_insert(match->used, file, GUINT_TO_POINTER(count_used(match, file) + 1));
}

gboolean
qblk_file_match_is_missing(const QblkFileEntry *entry)
{
    return entry->file == NULL && !entry->is_descriptor;
}

gboolean
qblk_file_match_is_free(const QblkFileMatch *match, QblkOpenedFile *file)
{
    return count_used(match, file) < file->descriptors;
}
