/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a word that is being typed can become.
 */
#pragma once

#include <glib.h>

/** Words in the order in which they were added, each once. */
typedef struct {
    char *prefix;     /* owned: of the word, which is not completed, such as "--base=" */
    char *typed;      /* owned: what follows it so far */
    GPtrArray *words; /* of char, owned: whole words */
    GPtrArray *texts; /* of char, owned: for people, or NULL */
} QblkCandidates;

QblkCandidates *qblk_candidates_new(const char *prefix, const char *typed);
void qblk_candidates_free(QblkCandidates *candidates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCandidates, qblk_candidates_free)

/**
 * Add @name if it begins with what is typed, and has no characters that end a line or that a
 * terminal cannot show.
 *
 * @text: (nullable): for people
 */
void qblk_candidates_add(QblkCandidates *candidates, const char *name, const char *text);

/** Which files can be named. */
typedef enum {
    QBLK_CANDIDATE_FILES,
    QBLK_CANDIDATE_SOCKETS,
    QBLK_CANDIDATE_DIRECTORIES,
} QblkCandidateFiles;

/**
 * Add the names of files, and of directories with a slash, that begin as what is typed after @form,
 * such as "image:" or "".
 */
void qblk_candidates_add_files(QblkCandidates *candidates, const char *form,
                               QblkCandidateFiles which);

/** Returns: TRUE if more text follows @word, which is such as "--base=" or a directory */
gboolean qblk_candidate_continues(const char *word);
