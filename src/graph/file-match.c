/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/file-match.h"

#include "graph/file-headers.h"

#define MOST_VISITS 10000000 /* less than a second */

/* Count the free files of @files, up to two.  Those that are not free are removed: no file becomes
 * free again.  A free one is the first then. */
static guint
count_free(const QblkFileMatch *match, GPtrArray *files)
{
    guint count = 0;
    while (count < files->len && count < 2) {
        if (qblk_file_match_is_free(match, files->pdata[count])) {
            count++;
        } else {
            g_ptr_array_remove_index_fast(files, count);
        }
    }
    return count;
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

/* The first file of @group, which may be NULL, other than @named. */
static QblkOpenedFile *
find_other(const QblkFitGroup *group, const QblkOpenedFile *named)
{
    for (guint i = 0; group != NULL && i < group->files->len; i++) {
        if (group->files->pdata[i] != named) {
            return group->files->pdata[i];
        }
    }
    return NULL;
}

/* Find another file that fits @entry, if @named does not: names were exchanged. */
static QblkOpenedFile *
find_exchanged(const QblkFileMatch *match, const QblkFileEntry *entry, const QblkOpenedFile *named)
{
    if (!qblk_file_evidence_contradicts(entry, named)) {
        return NULL;
    }

    const QblkFit fit = qblk_fits_find(match->fits, entry);
    QblkOpenedFile *first = NULL;
    for (guint i = 0; i < QBLK_FITS_GROUPS; i++) {
        QblkOpenedFile *file = find_other(fit.groups[i], named);
        if (file != NULL && (first == NULL || file->descriptor < first->descriptor)) {
            first = file;
        }
    }
    return first;
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
            qblk_file_match_set(match, entry, named);
        }
    }
}

/* ---- by the name that a deleted file had ---- */

/* Two paths have the same key if they are equal, or have the same last part and lead to one
 * directory. */
static char *
last_name_key(QblkOpenedFiles *opened, const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    const QblkFileIdentity at = qblk_opened_files_look_up(opened, directory);
    if (!qblk_file_identity_is_known(&at)) {
        return g_strdup_printf("path %s", path);
    }

    g_autofree char *name = g_path_get_basename(path);
    return g_strdup_printf("name %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s", at.device, at.inode,
                           name);
}

static void
collect_deleted(QblkFileMatch *match)
{
    for (guint i = 0; i < match->opened->files->len; i++) {
        QblkOpenedFile *file = match->opened->files->pdata[i];
        if (!file->is_unlinked || file->is_character_device) {
            continue;
        }

        g_autofree char *key = last_name_key(match->opened, file->path);
        GPtrArray *files = g_hash_table_lookup(match->deleted, key);
        if (files == NULL) {
            files = g_ptr_array_new();
            g_hash_table_insert(match->deleted, g_steal_pointer(&key), files);
        }
        g_ptr_array_add(files, file);
    }
}

/* Returns: (nullable): the deleted files that had the name of @entry */
static GPtrArray *
find_deleted(const QblkFileMatch *match, const QblkFileEntry *entry)
{
    if (entry->name == NULL || g_hash_table_size(match->deleted) == 0) {
        return NULL;
    }
    g_autofree char *path = qblk_opened_files_absolute(match->opened, entry->name);
    g_autofree char *key = path == NULL ? NULL : last_name_key(match->opened, path);
    return key == NULL ? NULL : g_hash_table_lookup(match->deleted, key);
}

/* An entry has the deleted file with its name if there is one such file, and one such entry. */
static void
match_deleted(QblkFileMatch *match)
{
    g_autoptr(GHashTable) owners = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GHashTable) shared = g_hash_table_new(g_direct_hash, g_direct_equal);

    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        GPtrArray *files = qblk_file_match_is_missing(entry) ? find_deleted(match, entry) : NULL;
        if (files == NULL) {
            continue;
        }
        if (g_hash_table_contains(owners, files)) {
            g_hash_table_add(shared, files);
        }
        g_hash_table_insert(owners, files, entry);
    }

    GHashTableIter iter;
    gpointer files, entry;
    g_hash_table_iter_init(&iter, owners);
    while (g_hash_table_iter_next(&iter, &files, &entry)) {
        if (!g_hash_table_contains(shared, files) && count_free(match, files) == 1) {
            qblk_file_match_set(match, entry, g_ptr_array_index((GPtrArray *)files, 0));
        }
    }
}

/* ---- by the evidence ---- */

/* An entry without a file, and the files that fit it. */
typedef struct {
    QblkFileEntry *entry;
    QblkFit fit;
} Seeker;

static void
count_seeker(const Seeker *seeker, int change)
{
    for (guint i = 0; i < QBLK_FITS_GROUPS; i++) {
        if (seeker->fit.groups[i] != NULL) {
            seeker->fit.groups[i]->entries += (guint)change;
        }
    }
}

static GArray *
find_seekers(const QblkFileMatch *match)
{
    GArray *seekers = g_array_new(FALSE, FALSE, sizeof(Seeker));
    for (guint i = 0; i < match->entries->len; i++) {
        Seeker seeker = {.entry = match->entries->pdata[i]};
        if (qblk_file_match_is_missing(seeker.entry)) {
            seeker.fit = qblk_fits_find(match->fits, seeker.entry);
            count_seeker(&seeker, 1);
            g_array_append_val(seekers, seeker);
        }
    }
    return seekers;
}

/* The only free file that fits @seeker.  The size of a file that is written to may have changed
 * since QEMU reported it: then it may fit no other such entry. */
static QblkOpenedFile *
find_fitting(const QblkFileMatch *match, const Seeker *seeker)
{
    QblkOpenedFile *found = NULL;

    for (guint i = 0; i < QBLK_FITS_GROUPS; i++) {
        GPtrArray *files = seeker->fit.groups[i] == NULL ? NULL : seeker->fit.groups[i]->files;
        guint count = files == NULL ? 0 : count_free(match, files);
        if (count == 0) {
            continue;
        }
        if (count > 1 || found != NULL) {
            return NULL;
        }
        found = files->pdata[0];
    }

    gboolean is_written = !seeker->entry->node->read_only;
    gboolean is_rival = found != NULL && is_written && qblk_fits_count(match->fits, found) > 1;
    return is_rival ? NULL : found;
}

/* A file that is found may leave only one that fits another entry.  The limit is of no effect for
 * less than thousands of entries, because each round but the last finds a file. */
static void
match_evidence(QblkFileMatch *match)
{
    g_autoptr(GArray) seekers = find_seekers(match);
    gboolean has_found = TRUE;

    for (guint64 visits = 0; has_found && visits < MOST_VISITS; visits += seekers->len) {
        has_found = FALSE;
        for (guint i = 0; i < seekers->len; i++) {
            const Seeker *seeker = &g_array_index(seekers, Seeker, i);
            QblkOpenedFile *file =
                qblk_file_match_is_missing(seeker->entry) ? find_fitting(match, seeker) : NULL;
            if (file != NULL) {
                qblk_file_match_set(match, seeker->entry, file);
                count_seeker(seeker, -1);
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
            qblk_file_match_is_free(match, named)) {
            entry->file = NULL;
        }
    }
}

/* ---- the same file twice ---- */

static void
enter_layer(GHashTable *lower, GHashTable *repeated, QblkFileEntry *entry)
{
    if (entry->file == NULL || entry->is_part) {
        return;
    }
    entry->same_file = g_hash_table_lookup(lower, entry->file);
    if (entry->same_file != NULL) {
        g_hash_table_add(repeated, entry);
        g_hash_table_add(repeated, entry->same_file);
    }
    g_hash_table_insert(lower, entry->file, entry);
}

static void
leave_layer(GHashTable *lower, const QblkFileEntry *entry)
{
    if (entry->file == NULL || entry->is_part) {
        return;
    }
    if (entry->same_file == NULL) {
        g_hash_table_remove(lower, entry->file);
    } else {
        g_hash_table_insert(lower, entry->file, entry->same_file);
    }
}

/* Visit @base and all layers on top of it, each once, though many chains may share layers.
 * @repeated: is filled with the entries that have the file of another one in a chain. */
static void
find_repeated(QblkFileEntry *base, GHashTable *repeated)
{
    g_autoptr(GHashTable) lower = g_hash_table_new(g_direct_hash, g_direct_equal);
    QblkFileEntry *entry = base;

    while (entry != NULL) {
        enter_layer(lower, repeated, entry);
        if (entry->upper != NULL) {
            entry = entry->upper;
            continue;
        }
        leave_layer(lower, entry);
        while (entry != base && entry->other == NULL) {
            entry = entry->below;
            leave_layer(lower, entry);
        }
        entry = entry == base ? NULL : entry->other;
    }
}

/* A chain that has one file in two layers is damaged: QEMU opens the layer that an overlay was put
 * on again by its name, and if that was given to the overlay, it has the overlay open twice. */
static void
remove_repeated(const QblkFileMatch *match)
{
    g_autoptr(GHashTable) repeated = g_hash_table_new(g_direct_hash, g_direct_equal);

    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        if (entry->below == NULL) {
            find_repeated(entry, repeated);
        }
    }
    for (guint i = 0; i < match->entries->len; i++) {
        QblkFileEntry *entry = match->entries->pdata[i];
        if (g_hash_table_contains(repeated, entry)) {
            entry->file = NULL;
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

    GPtrArray *deleted = find_deleted(match, entry);
    return deleted != NULL && count_free(match, deleted) > 0;
}

static gboolean
has_any(const QblkFileMatch *match)
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

/* Connect each layer with the layers above it, in their order. */
static void
connect_upper(const QblkFileMatch *match)
{
    for (guint i = match->entries->len; i > 0; i--) {
        QblkFileEntry *entry = match->entries->pdata[i - 1];
        if (entry->below != NULL) {
            entry->other = entry->below->upper;
            entry->below->upper = entry;
        }
    }
}

gboolean
qblk_file_match_find(QblkFileMatch *match)
{
    g_autoptr(GHashTable) doubtful = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GHashTable) used = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GHashTable) deleted =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    qblk_opened_files_read_headers(match->opened);
    g_autoptr(QblkFits) fits = qblk_fits_new(match->opened);
    match->doubtful = doubtful;
    match->used = used;
    match->deleted = deleted;
    match->fits = fits;

    connect_upper(match);
    collect_deleted(match);
    match_names(match);
    if (has_missing(match)) {
        match_deleted(match);
        qblk_file_headers_match(match);
        match_evidence(match);
        remove_unproven(match);
    }
    remove_repeated(match);
    return has_any(match);
}
