/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a word that is being typed can be: decided by the words before it and the tables of commands
 * and options, without a VM.
 */
#pragma once

#include "cli/command.h"
#include "cli/global-options.h"

typedef enum {
    QBLK_COMPLETE_NOTHING,
    QBLK_COMPLETE_COMMANDS,
    QBLK_COMPLETE_OPTIONS,
    QBLK_COMPLETE_WORDS, /* those of the place */
    QBLK_COMPLETE_VMS,
    QBLK_COMPLETE_DISKS,
    QBLK_COMPLETE_LAYERS,
    QBLK_COMPLETE_FILES,
    QBLK_COMPLETE_DIRECTORIES,
} QblkCompleteKind;

typedef struct {
    const QblkCommand *command; /* NULL: it is not typed yet */
    QblkCompleteKind kind;
    const char *text;     /* borrowed: what is typed, without @prefix */
    char *prefix;         /* owned: of the word, such as "--base=" */
    char **values;        /* owned, or NULL: of QBLK_COMPLETE_WORDS */
    GPtrArray *arguments; /* owned, of char, borrowed: before the word, without options */

    QblkGlobalOptions options; /* that were given */
    QblkOptionTable *table;    /* owned: those that can be given; those that were are marked */
    gpointer own;              /* owned: the values of the command's own options */
} QblkCompletePlace;

/**
 * Look at a command line.  What is wrong in it is passed over.
 *
 * @words: (array zero-terminated=1): those after "qblk", of which the last one is typed; they have
 *   to stay as long as the result
 */
QblkCompletePlace *qblk_complete_place_new(char *const *words);
void qblk_complete_place_free(QblkCompletePlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCompletePlace, qblk_complete_place_free)
