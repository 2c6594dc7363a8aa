/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which of the files that QEMU has open belongs to which protocol node.
 */
#pragma once

#include "graph/node.h"
#include "image/opened-files.h"

/** A protocol node with a file of the machine of QEMU. */
typedef struct QblkFileEntry QblkFileEntry;
struct QblkFileEntry {
    const QblkNode *node;
    const QblkNode *format; /* the format node above, or NULL */
    char *name;             /* as QEMU reports it; NULL: it is not complete */
    QblkFileIdentity named;
    QblkFileEntry *below; /* of the next layer, or NULL */
    gboolean is_below;    /* it is the next layer of another one that has no file yet */
    gboolean has_upper;   /* it is the next layer of another one */
    gboolean is_part;     /* a raw node above uses a part of the file */
    gboolean is_descriptor;
    QblkOpenedFile *file; /* the one that the node has open, or NULL */
};

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

/** Returns: TRUE if the file of @entry is not known, and has a name to be found by. */
gboolean qblk_file_match_is_missing(const QblkFileEntry *entry);
