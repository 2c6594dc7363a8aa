/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/file-match.h"

#include "graph/file-evidence.h"

/* ---- the file of an entry ---- */

static guint
count_used(const QblkFileMatch *match, QblkOpenedFile *file)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(match->used, file));
}

static void
set_file(QblkFileMatch *match, QblkFileEntry *entry, QblkOpenedFile *file)
{
    entry->file = file;
    g_hash_table_insert(match->used, file, GUINT_TO_POINTER(count_used(match, file) + 1));
}

gboolean
qblk_file_match_is_missing(const QblkFileEntry *entry)
{
    return entry->file == NULL && !entry->is_descriptor;
}

/* TRUE if the process has @file open more often than entries have it. */
static gboolean
is_free(const QblkFileMatch *match, QblkOpenedFile *file)
{
    return count_used(match, file) < file->descriptors;
}

/* ---- by the name ---- */

/* The file that the name of @entry leads to, if the process has it open. */
static QblkOpenedFile *
find_named(const QblkFileMatch *match, const QblkFileEntry *entry)
{
    if (!qblk_file_match_is_missing(entry) || !qblk_file_identity_is_known(&entry->named)) {
        return NULL;
    }
    return qblk_opened_files_find(match->opened, &entry->named);
}

/* Find another file that fits @entry, if @named does not: names were exchanged. */
static QblkOpenedFile *
find_exchanged(const QblkFileMatch *match, const QblkFileEntry *entry, const QblkOpenedFile *named)
{
    if (!qblk_file_evidence_contradicts(entry, named)) {
        return NULL;
    }

    for (guint i = 0; i < match->opened->files->len; i++) {
        QblkOpenedFile *file = match->opened->files->pdata[i];
        if (file != named && qblk_file_evidence_fits(entry, file)) {
            return file;
        }
    }
    return NULL;
}

/* Collect the files that more entries have by their names than the process has open, and those
 * whose names were exchanged. */
static void
find_doubtful(const QblkFileMatch *match)
{
    g_autoptr(GHashTable) claims = g_hash_table_new(g_direct_hash, g_direct_equal);

    for (guint i = 0; i < match->entries->len; i++) {
        const QblkFileEntry *entry = match->entries->pdata[i];
        QblkOpenedFile *named = find_named(match, entry);
        if (named == NULL) {
            continue;
        }

        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(claims, named)) + 1;
        g_hash_table_insert(claims, named, GUINT_TO_POINTER(count));
        if (count > named->descriptors || !qblk_file_evidence_has_access(entry, named)) {
            g_hash_table_add(match->doubtful, named);
        }

        QblkOpenedFile *other = find_exchanged(match, entry, named);
        if (other != NULL) {
            g_hash_table_add(match->doubtful, named);
            g_hash_table_add(match->doubtful, other);
        }
    }
}

static void
match_names(QblkFileMatch *match)
{
    find_doubtful(match);
    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        QblkOpenedFile *named = find_named(match, entry);
        if (named != NULL && !g_hash_table_contains(match->doubtful, named)) {
            set_file(match, entry, named);
        }
    }
}

/* TRUE if @path and @real, by the kernel, have the same last part and are in one directory. */
static gboolean
is_same_name(QblkOpenedFiles *opened, const char *path, const char *real)
{
    if (g_str_equal(path, real)) {
        return TRUE;
    }
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *real_name = g_path_get_basename(real);
    if (!g_str_equal(name, real_name)) {
        return FALSE;
    }

    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *real_directory = g_path_get_dirname(real);
    const QblkFileIdentity a = qblk_opened_files_look_up(opened, directory);
    const QblkFileIdentity b = qblk_opened_files_look_up(opened, real_directory);
    return qblk_file_identity_is_known(&a) && qblk_file_identity_is_same(&a, &b);
}

/* TRUE if @file had the name of @entry, and is free. */
static gboolean
had_name(const QblkFileMatch *match, const QblkFileEntry *entry, QblkOpenedFile *file)
{
    if (!file->is_unlinked || file->is_character_device || !is_free(match, file) ||
        entry->name == NULL) {
        return FALSE;
    }
    g_autofree char *path = qblk_opened_files_absolute(match->opened, entry->name);
    return path != NULL && is_same_name(match->opened, path, file->path);
}

/* The deleted file that had the name of @entry, if there is only one. */
static QblkOpenedFile *
find_deleted(const QblkFileMatch *match, const QblkFileEntry *entry)
{
    QblkOpenedFile *found = NULL;

    for (guint i = 0; i < match->opened->files->len; i++) {
        QblkOpenedFile *file = match->opened->files->pdata[i];
        if (!had_name(match, entry, file)) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = file;
    }
    return found;
}

/* TRUE if no other entry without a file has the name that @file had. */
static gboolean
is_only_owner(const QblkFileMatch *match, const QblkFileEntry *entry, QblkOpenedFile *file)
{
    for (guint i = 0; i < match->entries->len; i++) {
        const QblkFileEntry *other = match->entries->pdata[i];
        if (other == entry || !qblk_file_match_is_missing(other)) {
            continue;
        }
        if (had_name(match, other, file)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void
match_deleted(QblkFileMatch *match)
{
    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        QblkOpenedFile *file =
            qblk_file_match_is_missing(entry) ? find_deleted(match, entry) : NULL;
        if (file != NULL && is_only_owner(match, entry, file)) {
            set_file(match, entry, file);
        }
    }
}

/* ---- by the headers ---- */

/* TRUE if @entry may have @file open. */
static gboolean
is_candidate(const QblkFileMatch *match, const QblkFileEntry *entry, QblkOpenedFile *file)
{
    return is_free(match, file) && qblk_file_evidence_allows(entry, file);
}

/* Follow the headers from @file, for @entry and all layers below that have no file yet, down to a
 * layer whose file is known or to the base.  @found: (nullable): is filled with the files.
 * Returns: TRUE if the headers lead through candidates of that number. */
static gboolean
follow_headers(const QblkFileMatch *match, const QblkFileEntry *entry, QblkOpenedFile *file,
               GPtrArray *found)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);

    for (;; entry = entry->below) {
        if (file == NULL || !is_candidate(match, entry, file)) {
            return FALSE;
        }
        gboolean is_new = g_hash_table_add(seen, file);
        if (!is_new) {
            return FALSE;
        }
        if (found != NULL) {
            g_ptr_array_add(found, file);
        }

        QblkOpenedFile *next = NULL;
        if (qblk_file_identity_is_known(&file->below)) {
            next = qblk_opened_files_find(match->opened, &file->below);
        }
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
find_first(const QblkFileMatch *match, const QblkFileEntry *top)
{
    QblkOpenedFile *first = NULL;

    for (guint i = 0; i < match->opened->files->len; i++) {
        QblkOpenedFile *file = match->opened->files->pdata[i];
        if (!follow_headers(match, top, file, NULL)) {
            continue;
        }
        if (first != NULL) {
            return NULL;
        }
        first = file;
    }
    return first;
}

/* The file that the header of the layer above @entry leads to, if its file is known. */
static QblkOpenedFile *
find_below(const QblkFileMatch *match, const QblkFileEntry *entry, gboolean *has_upper)
{
    *has_upper = FALSE;
    for (guint i = 0; i < match->entries->len; i++) {
        const QblkFileEntry *upper = match->entries->pdata[i];
        if (upper->below == entry && upper->file != NULL) {
            *has_upper = TRUE;
            return qblk_opened_files_find(match->opened, &upper->file->below);
        }
    }
    return NULL;
}

static void
match_headers_from(QblkFileMatch *match, QblkFileEntry *top)
{
    gboolean has_upper;
    QblkOpenedFile *first = find_below(match, top, &has_upper);
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    if (!has_upper && top->below != NULL) {
        first = find_first(match, top); /* no header leads to or from a single image */
    }
    if (first == NULL || !follow_headers(match, top, first, files)) {
        return;
    }

    QblkFileEntry *entry = top;
    for (guint i = 0; i < files->len; i++, entry = entry->below) {
        set_file(match, entry, files->pdata[i]);
    }
}

static void
match_headers(QblkFileMatch *match)
{
    for (guint i = 0; i < match->entries->len; i++) {
        const QblkFileEntry *entry = match->entries->pdata[i];
        if (qblk_file_match_is_missing(entry) && entry->below != NULL) {
            entry->below->is_below = TRUE;
        }
    }

    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        if (qblk_file_match_is_missing(entry) && !entry->is_below) {
            match_headers_from(match, entry);
        }
    }
}

/* ---- by the evidence ---- */

/* The only free file that fits @entry.  The size of a file that is written to may have changed
 * since QEMU reported it: then it may fit no other such entry. */
static QblkOpenedFile *
find_fitting(const QblkFileMatch *match, const QblkFileEntry *entry)
{
    QblkOpenedFile *found = NULL;

    for (guint i = 0; i < match->opened->files->len; i++) {
        QblkOpenedFile *file = match->opened->files->pdata[i];
        if (!is_free(match, file) || !qblk_file_evidence_fits(entry, file)) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = file;
    }

    gboolean is_written = !entry->node->read_only;
    for (guint i = 0; found != NULL && is_written && i < match->entries->len; i++) {
        const QblkFileEntry *other = match->entries->pdata[i];
        if (other != entry && qblk_file_match_is_missing(other) &&
            qblk_file_evidence_fits(other, found)) {
            return NULL;
        }
    }
    return found;
}

static void
match_evidence(QblkFileMatch *match)
{
    gboolean has_found = TRUE;
    while (has_found) {
        has_found = FALSE;
        for (guint i = 0; i < match->entries->len; i++) {
            QblkFileEntry *entry = match->entries->pdata[i];
            QblkOpenedFile *file =
                qblk_file_match_is_missing(entry) ? find_fitting(match, entry) : NULL;
            if (file != NULL) {
                set_file(match, entry, file);
                has_found = TRUE;
            }
        }
    }
}

/* A doubtful file that the process has open more often than entries have it belongs to one of those
 * with its name, and so at least one of them has the wrong file. */
static void
remove_unproven(const QblkFileMatch *match)
{
    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        QblkOpenedFile *named = qblk_opened_files_find(match->opened, &entry->named);
        if (named != NULL && g_hash_table_contains(match->doubtful, named) &&
            is_free(match, named)) {
            entry->file = NULL;
        }
    }
}

/* ---- the same file twice ---- */

/* A chain that has one file in two layers is damaged: QEMU opens the layer that an overlay was put
 * on again by its name, and if that was given to the overlay, it has the overlay open twice. */
static void
remove_repeated(QblkFileEntry *top, guint limit)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GHashTable) repeated = g_hash_table_new(g_direct_hash, g_direct_equal);

    guint steps = 0; /* a graph may form a cycle */
    for (const QblkFileEntry *entry = top; entry != NULL && steps < limit; entry = entry->below) {
        steps++;
        if (entry->file == NULL || entry->is_part) {
            continue;
        }
        if (!g_hash_table_add(seen, entry->file)) {
            g_hash_table_add(repeated, entry->file);
        }
    }

    QblkFileEntry *entry = top;
    for (; steps > 0; steps--, entry = entry->below) {
        if (entry->file != NULL && g_hash_table_contains(repeated, entry->file)) {
            entry->file = NULL;
        }
    }
}

static void
remove_all_repeated(const QblkFileMatch *match)
{
    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        if (!entry->has_upper) {
            remove_repeated(entry, match->entries->len);
        }
    }
}

static gboolean
is_known_to_process(const QblkFileMatch *match, const QblkFileEntry *entry)
{
    if (entry->file != NULL) {
        return !entry->file->is_character_device;
    }
    const QblkOpenedFile *named = qblk_opened_files_find(match->opened, &entry->named);
    if (named != NULL && !named->is_character_device) {
        return TRUE;
    }

    for (guint i = 0; i < match->opened->files->len; i++) {
        if (had_name(match, entry, match->opened->files->pdata[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_file_match_has_any(const QblkFileMatch *match)
{
    for (guint i = 0; i < match->entries->len; i++) {
        if (is_known_to_process(match, match->entries->pdata[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_missing(const QblkFileMatch *match)
{
    for (guint i = 0; i < match->entries->len; i++) {
        if (qblk_file_match_is_missing(match->entries->pdata[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

void
qblk_file_match_find(QblkFileMatch *match)
{
    qblk_opened_files_read_headers(match->opened);
    match_names(match);
    if (has_missing(match)) {
        match_deleted(match);
        match_headers(match);
        match_evidence(match);
        remove_unproven(match);
    }
    remove_all_repeated(match);
}
