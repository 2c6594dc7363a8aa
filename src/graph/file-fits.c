/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/file-fits.h"

static void
group_free(gpointer data)
{
    QblkFitGroup *group = data;
    g_ptr_array_unref(group->files);
    g_free(group);
}

void
qblk_fits_free(QblkFits *fits)
{
    if (fits == NULL) {
        return;
    }
    g_hash_table_unref(fits->of_file);
    g_hash_table_unref(fits->groups);
    g_free(fits);
}

/* ---- keys ---- */

/* Access, size in sectors, allocated bytes, format and backing name; what does not count is left
 * out.  An entry that QEMU only reads needs a file that is open for reading only. */

static char *
size_key(gboolean reads_only, gint64 size, gint64 allocated)
{
    return g_strdup_printf("size %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, reads_only, size,
                           allocated);
}

static char *
header_key(gboolean reads_only, const char *format, const char *backing_name)
{
    return g_strdup_printf("header %d %s %s", reads_only, format, backing_name);
}

static char *
size_and_header_key(gboolean reads_only, gint64 size, gint64 allocated, const char *format,
                    const char *backing_name)
{
    return g_strdup_printf("both %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s%s%s", reads_only,
                           size, allocated, format, backing_name == NULL ? "" : " ",
                           backing_name == NULL ? "" : backing_name);
}

/* ---- the files ---- */

/* Add @file to the group with the key @key, which is taken. */
static void
add_to(QblkFits *fits, GPtrArray *own, char *key, QblkOpenedFile *file)
{
    QblkFitGroup *group = g_hash_table_lookup(fits->groups, key);
    if (group == NULL) {
        group = g_new0(QblkFitGroup, 1);
        group->files = g_ptr_array_new();
        g_hash_table_insert(fits->groups, g_strdup(key), group);
    }
    g_ptr_array_add(group->files, file);
    g_ptr_array_add(own, group);
    g_free(key);
}

static void
add_file(QblkFits *fits, GPtrArray *own, QblkOpenedFile *file, gboolean reads_only)
{
    const char *format = file->format, *backing = file->backing_name;
    gint64 size = qblk_file_evidence_size(file), allocated = file->allocated;

    if (size > 0) {
        add_to(fits, own, size_key(reads_only, size, allocated), file);
    }
    if (size > 0 && format != NULL) {
        add_to(fits, own, size_and_header_key(reads_only, size, allocated, format, backing), file);
    }
    /* The size of a file that QEMU only reads, other than that of a device, has to fit too. */
    if (format != NULL && backing != NULL &&
        (!reads_only || !qblk_file_evidence_is_regular(file))) {
        add_to(fits, own, header_key(reads_only, format, backing), file);
    }
}

QblkFits *
qblk_fits_new(const QblkOpenedFiles *opened)
{
    QblkFits *fits = g_new0(QblkFits, 1);
    fits->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, group_free);
    fits->of_file = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
                                          (GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < opened->files->len; i++) {
        QblkOpenedFile *file = opened->files->pdata[i];
        GPtrArray *own = g_ptr_array_new();
        g_hash_table_insert(fits->of_file, file, own);
        if (!file->is_character_device) {
            add_file(fits, own, file, FALSE);
        }
        if (!file->is_character_device && qblk_file_evidence_is_read_only(file)) {
            add_file(fits, own, file, TRUE);
        }
    }
    return fits;
}

guint
qblk_fits_count(const QblkFits *fits, QblkOpenedFile *file)
{
    const GPtrArray *groups = g_hash_table_lookup(fits->of_file, file);
    guint count = 0;
    for (guint i = 0; i < groups->len; i++) {
        const QblkFitGroup *group = groups->pdata[i];
        count += group->entries;
    }
    return count;
}

/* ---- an entry ---- */

static QblkFitGroup *
find_group(const QblkFits *fits, char *key)
{
    QblkFitGroup *group = g_hash_table_lookup(fits->groups, key);
    g_free(key);
    return group;
}

QblkFit
qblk_fits_find(const QblkFits *fits, const QblkFileEntry *entry)
{
    const QblkNode *node = entry->node;
    gint64 size = node->virtual_size, allocated = node->actual_size;
    gboolean reads_only = node->read_only;
    QblkFit fit = {{NULL}};
    if (!qblk_file_evidence_has_header(entry)) {
        fit.groups[0] = find_group(fits, size_key(reads_only, size, allocated));
        return fit;
    }

    const char *format = entry->format->driver, *backing = entry->format->backing_name;
    if (reads_only || backing == NULL) {
        fit.groups[0] =
            find_group(fits, size_and_header_key(reads_only, size, allocated, format, backing));
    }
    if (backing != NULL) {
        fit.groups[1] = find_group(fits, header_key(reads_only, format, backing));
    }
    return fit;
}
