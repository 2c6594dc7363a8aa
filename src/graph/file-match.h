/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which of the files that QEMU has open belongs to which protocol node.
 */
#pragma once

#include "graph/file-evidence.h"

typedef struct {
    QblkOpenedFiles *opened;
    const QblkJson *fdsets;
    GPtrArray *entries;   /* of QblkFileEntry, owned */
    GHashTable *by_node;  /* QblkNode -> QblkFileEntry, borrowed */
    GHashTable *doubtful; /* of QblkOpenedFile: its name does not show which entries have it */
    GHashTable *used;     /* QblkOpenedFile -> how many entries have it */
} QblkFileMatch;

/** Find the files of all entries without one, see qblk_layer_files_load(). */
void qblk_file_match_find(QblkFileMatch *match);

/** Returns: FALSE if the process has none of the files open: it may be a relay.  Each process has
 * character devices open. */
gboolean qblk_file_match_has_any(const QblkFileMatch *match);

/** Returns: TRUE if the file of @entry is not known, and has a name to be found by. */
gboolean qblk_file_match_is_missing(const QblkFileEntry *entry);
