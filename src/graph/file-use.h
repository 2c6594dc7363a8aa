/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which protocol nodes have which open files, while that is found out.
 */
#pragma once

#include "graph/file-fits.h"

typedef struct {
    QblkOpenedFiles *opened;
    GPtrArray *entries;   /* of QblkFileEntry */
    GHashTable *doubtful; /* of QblkOpenedFile: its name does not show which entries have it */
    GHashTable *used;     /* QblkOpenedFile -> how many entries have it */
    GHashTable *deleted;  /* the last name of deleted files -> GPtrArray of QblkOpenedFile */
    QblkFits *fits;
} QblkFileMatch;

/** Returns: TRUE if the file of @entry is not known, and has a name to be found by. */
gboolean qblk_file_match_is_missing(const QblkFileEntry *entry);

/** Returns: TRUE if the process has @file open more often than entries have it. */
gboolean qblk_file_match_is_free(const QblkFileMatch *match, QblkOpenedFile *file);

void qblk_file_match_set(QblkFileMatch *match, QblkFileEntry *entry, QblkOpenedFile *file);
