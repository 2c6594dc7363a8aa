/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/suggest.h"

#include <string.h>

/* No name is as long. */
#define MAX_LENGTH 40

/* Shorter beginnings could be those of anything. */
#define MIN_ABBREVIATION 3

/* The number of letters that have to be inserted, deleted, replaced or exchanged with their
 * neighbour to make @right of @left. */
static guint
distance(const char *left, const char *right)
{
    guint rows[MAX_LENGTH + 1][MAX_LENGTH + 1];
    gsize height = strlen(left), width = strlen(right);

    for (gsize i = 0; i <= height; i++) {
        for (gsize j = 0; j <= width; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = (guint)(i + j);
                continue;
            }

            guint replaced = rows[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
            guint moved = MIN(rows[i - 1][j], rows[i][j - 1]) + 1;
            rows[i][j] = MIN(replaced, moved);
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
                rows[i][j] = MIN(rows[i][j], rows[i - 2][j - 2] + 1);
            }
        }
    }
    return rows[height][width];
}

/* Returns: (nullable): the first of @candidates that begins with @word */
static const char *
find_abbreviated(const char *word, const char *const *candidates)
{
    for (; strlen(word) >= MIN_ABBREVIATION && *candidates != NULL; candidates++) {
        if (g_str_has_prefix(*candidates, word)) {
            return *candidates;
        }
    }
    return NULL;
}

const char *
qblk_suggest(const char *word, const char *const *candidates)
{
    gsize length = strlen(word);
    const char *best = NULL;
    guint least = (guint)(MAX(length, 2) / 3 + 1);

    for (guint i = 0; length <= MAX_LENGTH && candidates[i] != NULL; i++) {
        guint changes =
            strlen(candidates[i]) > MAX_LENGTH ? G_MAXUINT : distance(word, candidates[i]);
        if (changes < least) {
            least = changes;
            best = candidates[i];
        }
    }
    return best == NULL ? find_abbreviated(word, candidates) : best;
}
