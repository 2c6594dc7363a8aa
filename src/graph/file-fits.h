/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which open files fit what QEMU reports of a protocol node, found without comparing each file with
 * each node.
 */
#pragma once

#include "graph/file-evidence.h"

#define QBLK_FITS_GROUPS 2

/** Files that fit the same entries. */
typedef struct {
    GPtrArray *files; /* of QblkOpenedFile, borrowed */
    guint entries;    /* how many entries without a file they fit; counted by the caller */
} QblkFitGroup;

/** What an entry fits: the files of these groups, of which each is in one at most. */
typedef struct {
    QblkFitGroup *groups[QBLK_FITS_GROUPS]; /* NULL: no files */
} QblkFit;

typedef struct {
    GHashTable *groups;  /* what the files have in common -> QblkFitGroup, both owned */
    GHashTable *of_file; /* QblkOpenedFile -> GPtrArray of the groups that it is in */
} QblkFits;

QblkFits *qblk_fits_new(const QblkOpenedFiles *opened) G_GNUC_WARN_UNUSED_RESULT;
void qblk_fits_free(QblkFits *fits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkFits, qblk_fits_free)

/** Returns: the files for which what QEMU reports shows that they are the one of @entry, if there
 * is only one of them */
QblkFit qblk_fits_find(const QblkFits *fits, const QblkFileEntry *entry);

/** Returns: how many of the counted entries @file fits. */
guint qblk_fits_count(const QblkFits *fits, QblkOpenedFile *file);
