/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a person may have meant by a word that is not known.
 */
#pragma once

#include <glib.h>

/**
 * Find the word that @word is a misspelling or an abbreviation of.
 *
 * @candidates: (array zero-terminated=1)
 *
 * Returns: (transfer none) (nullable): one of @candidates, the first of the nearest ones
 */
const char *qblk_suggest(const char *word, const char *const *candidates);
