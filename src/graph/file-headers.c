/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/file-headers.h"

#define MOST_STEPS 20000000 /* a second; 4000 renamed layers on 1000 disks need fewer */
#define ENDLESS    G_MAXUINT

typedef struct {
    QblkFileMatch *match;
    GHashTable *depths; /* QblkOpenedFile -> how many files its headers lead through */
    guint steps;
} Headers;

static gboolean
may_go_on(Headers *headers)
{
    headers->steps++;
    return headers->steps <= MOST_STEPS;
}

/* The file that the header of @file leads to, if it is open. */
static QblkOpenedFile *
find_next(const Headers *headers, const QblkOpenedFile *file)
{
    return qblk_file_identity_is_known(&file->below)
               ? qblk_opened_files_find(headers->match->opened, &file->below)
               : NULL;
}

/* ---- depths ---- */

static guint
add_depth(guint a, guint b)
{
    return a == ENDLESS || b == ENDLESS ? ENDLESS : a + b;
}

/* Returns: the number of files that the headers lead through from @file on, with @file */
static guint
get_depth(const Headers *headers, QblkOpenedFile *file)
{
    guint depth = GPOINTER_TO_UINT(g_hash_table_lookup(headers->depths, file));
    if (depth != 0) {
        return depth;
    }

    g_autoptr(GPtrArray) path = g_ptr_array_new();
    for (; file != NULL; file = find_next(headers, file)) {
        gpointer known;
        if (g_hash_table_lookup_extended(headers->depths, file, NULL, &known)) {
            depth = GPOINTER_TO_UINT(known);
            break;
        }
        g_hash_table_insert(headers->depths, file, GUINT_TO_POINTER(ENDLESS)); /* until below */
        g_ptr_array_add(path, file);
    }

    for (guint i = path->len; i > 0; i--) {
        depth = add_depth(depth, 1);
        g_hash_table_insert(headers->depths, path->pdata[i - 1], GUINT_TO_POINTER(depth));
    }
    return depth;
}

/* The depth that the file of @top has, or at least has if not @is_exact.  Returns: FALSE if no file
 * can have it. */
static gboolean
find_needed_depth(Headers *headers, const QblkFileEntry *top, guint *depth, gboolean *is_exact)
{
    const QblkFileEntry *last = top;
    guint layers = 1;
    for (; last->below != NULL && qblk_file_match_is_missing(last->below); last = last->below) {
        layers++;
        if (layers > headers->match->opened->files->len || !may_go_on(headers)) {
            return FALSE;
        }
    }

    *depth = layers;
    *is_exact = last->below != NULL || qblk_file_evidence_has_header(last);
    if (last->below != NULL && last->below->file == NULL) {
        return FALSE;
    }
    if (last->below != NULL) {
        *depth = add_depth(layers, get_depth(headers, last->below->file));
    }
    return TRUE;
}

/* ---- from a file to the base ---- */

/* TRUE if @entry may have @file open. */
static gboolean
is_candidate(const Headers *headers, const QblkFileEntry *entry, QblkOpenedFile *file)
{
    return qblk_file_match_is_free(headers->match, file) && qblk_file_evidence_allows(entry, file);
}

/* Follow the headers from @file, for @entry and all layers below that have no file yet, down to a
 * layer whose file is known or to the base.  @found: (nullable): is filled with the files.
 * Returns: TRUE if the headers lead through candidates of that number. */
static gboolean
follow_headers(Headers *headers, const QblkFileEntry *entry, QblkOpenedFile *file, GPtrArray *found)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);

    for (;; entry = entry->below) {
        if (file == NULL || !may_go_on(headers) || !is_candidate(headers, entry, file)) {
            return FALSE;
        }
        gboolean is_new = g_hash_table_add(seen, file);
        if (!is_new) {
            return FALSE;
        }
        if (found != NULL) {
            g_ptr_array_add(found, file);
        }

        QblkOpenedFile *next = find_next(headers, file);
        if (entry->below == NULL) {
            return !qblk_file_evidence_has_header(entry) || file->backing_name == NULL;
        }
        if (!qblk_file_match_is_missing(entry->below)) {
            return next != NULL && next == entry->below->file;
        }
        file = next;
    }
}

/* The only file from which the headers lead through all layers from @top on. */
static QblkOpenedFile *
find_first(Headers *headers, const QblkFileEntry *top)
{
    const GPtrArray *files = headers->match->opened->files;
    QblkOpenedFile *first = NULL;
    guint needed;
    gboolean is_exact;
    if (!find_needed_depth(headers, top, &needed, &is_exact)) {
        return NULL;
    }

    for (guint i = 0; i < files->len; i++) {
        QblkOpenedFile *file = files->pdata[i];
        guint depth = get_depth(headers, file);
        if (!may_go_on(headers)) {
            return NULL;
        }
        if (depth < needed || (is_exact && depth != needed) || !is_candidate(headers, top, file) ||
            !follow_headers(headers, top, file, NULL)) {
            continue;
        }
        if (first != NULL) {
            return NULL;
        }
        first = file;
    }
    return first;
}

/* ---- from a layer ---- */

/* The file that the header of the layer above @entry leads to, if its file is known. */
static QblkOpenedFile *
find_below(const Headers *headers, const QblkFileEntry *entry, gboolean *has_upper)
{
    const QblkFileEntry *upper = entry->upper;
    while (upper != NULL && upper->file == NULL) {
        upper = upper->other;
    }
    *has_upper = upper != NULL;
    return upper == NULL ? NULL : find_next(headers, upper->file);
}

static void
match_from(Headers *headers, QblkFileEntry *top)
{
    gboolean has_upper;
    QblkOpenedFile *first = find_below(headers, top, &has_upper);
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    if (!has_upper && top->below != NULL) {
        first = find_first(headers, top); /* no header leads to or from a single image */
    }
    if (first == NULL || !follow_headers(headers, top, first, files)) {
        return;
    }

    QblkFileEntry *entry = top;
    for (guint i = 0; i < files->len; i++, entry = entry->below) {
        qblk_file_match_set(headers->match, entry, files->pdata[i]);
    }
}

void
qblk_file_headers_match(QblkFileMatch *match)
{
    g_autoptr(GHashTable) depths = g_hash_table_new(g_direct_hash, g_direct_equal);
    Headers headers = {.match = match, .depths = depths};

    for (guint i = 0; i < match->entries->len; i++) {
        const QblkFileEntry *entry = match->entries->pdata[i];
        if (qblk_file_match_is_missing(entry) && entry->below != NULL) {
            entry->below->is_below = TRUE;
        }
    }

    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        if (qblk_file_match_is_missing(entry) && !entry->is_below) {
            match_from(&headers, entry);
        }
    }
}
