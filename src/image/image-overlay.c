/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-overlay.h"

#include "base/file-identity.h"
#include "base/limits.h"
#include "image/image-chain.h"

#include <glib/gstdio.h>
#include <stdlib.h>

static QblkFileIdentity
identify(const char *path)
{
    struct stat status;
    const QblkFileIdentity unknown = {0};

    return g_stat(path, &status) == 0 ? qblk_file_identity(&status) : unknown;
}

/* ---- one file ---- */

/* Links are not followed: the file has another name in the directory that they lead to. */
static gboolean
is_regular(const char *path)
{
    struct stat status;
    return g_lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Returns: (transfer full) (nullable): the local file that the header of @path names. */
static char *
read_backing(const char *path)
{
    g_autoptr(QblkImageFile) file = is_regular(path) ? qblk_image_file_read(path, NULL) : NULL;
    const char *format = file == NULL ? NULL : qblk_image_header_format(file->bytes, file->length);
    g_autoptr(QblkImageHeader) header =
        format == NULL ? NULL : qblk_image_header_read(format, file->bytes, file->length, NULL);

    return header == NULL || header->backing_name == NULL
               ? NULL
               : qblk_image_chain_locate(path, header->backing_name, NULL, NULL);
}

/* ---- a directory ---- */

typedef struct {
    GArray *chain;      /* QblkFileIdentity of each layer */
    guint first, last;  /* layers whose overlays are wanted */
    GPtrArray *found;   /* of QblkImageOverlay */
    GHashTable *seen;   /* paths of directories, owned */
    char *unread;       /* directory with too many files, owned */
    gboolean needs_one; /* stop at the first overlay */
} Search;

static void
overlay_free(gpointer data)
{
    QblkImageOverlay *overlay = data;

    g_free(overlay->path);
    g_free(overlay);
}

static void
search_init(Search *search)
{
    search->chain = g_array_new(FALSE, FALSE, sizeof(QblkFileIdentity));
    search->found = g_ptr_array_new_with_free_func(overlay_free);
    search->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
search_clear(Search *search)
{
    g_clear_pointer(&search->chain, g_array_unref);
    g_clear_pointer(&search->found, g_ptr_array_unref);
    g_clear_pointer(&search->seen, g_hash_table_unref);
    g_free(search->unread);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static void
add_layer(Search *search, const char *path)
{
    QblkFileIdentity layer = identify(path);
    g_array_append_val(search->chain, layer);
}

/* Returns: the position of the layer that @path leads to; the number of layers if it is not one. */
static guint
find_layer(const Search *search, const char *path)
{
    QblkFileIdentity file = identify(path);
    guint i = 0;

    while (
        i < search->chain->len &&
        !(qblk_file_identity_is_known(&file) &&
          qblk_file_identity_is_same(&file, &g_array_index(search->chain, QblkFileIdentity, i)))) {
        i++;
    }
    return i;
}

static void
examine(Search *search, const char *path)
{
    g_autofree char *backing = read_backing(path);
    guint position = backing == NULL ? search->chain->len : find_layer(search, backing);
    gboolean is_wanted =
        position >= search->first && position <= search->last && position < search->chain->len;
    if (!is_wanted || find_layer(search, path) < search->chain->len) {
        return;
    }

    QblkImageOverlay *overlay = g_new0(QblkImageOverlay, 1);
    overlay->path = g_strdup(path);
    overlay->position = position;
    g_ptr_array_add(search->found, overlay);
}

static void
read_directory(Search *search, const char *directory)
{
    g_autoptr(GDir) files = g_dir_open(directory, 0, NULL);
    if (files == NULL || !g_hash_table_add(search->seen, g_strdup(directory))) {
        return;
    }

    const char *name = g_dir_read_name(files);
    for (guint i = 0; i < QBLK_LIMIT_DIRECTORY_FILES && name != NULL; i++) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        examine(search, path);
        if (search->needs_one && search->found->len > 0) {
            return;
        }
        name = g_dir_read_name(files);
    }
    if (name != NULL && search->unread == NULL) {
        search->unread = g_strdup(directory);
    }
}

/* A directory is read once, whatever its names are. */
static void
read_real_directory(Search *search, const char *path)
{
    char *real = realpath(path, NULL);

    if (real != NULL) {
        read_directory(search, real);
        free(real);
    }
}

/* The directory in which the chain has the layer, and the one that a link there leads to. */
static void
read_directories_of(Search *search, const char *path)
{
    g_autofree char *named = g_path_get_dirname(path);
    char *real = realpath(path, NULL);

    read_real_directory(search, named);
    if (real != NULL) {
        g_autofree char *directory = g_path_get_dirname(real);
        read_directory(search, directory);
        free(real);
    }
}

/* ---- searches ---- */

char *
qblk_image_overlay_find(const char *path, const char *except)
{
    g_auto(Search) search = {.needs_one = TRUE};
    g_autofree char *directory = g_path_get_dirname(path);

    search_init(&search);
    add_layer(&search, path);
    if (except != NULL) {
        add_layer(&search, except);
    }
    read_directory(&search, directory);
    const QblkImageOverlay *overlay = search.found->len == 0 ? NULL : search.found->pdata[0];
    return overlay == NULL ? NULL : g_strdup(overlay->path);
}

GPtrArray *
qblk_image_overlay_find_all(const GPtrArray *layers, guint first, guint last, char **unread)
{
    g_auto(Search) search = {.first = first, .last = last};

    search_init(&search);
    for (guint i = 0; i < layers->len; i++) {
        const QblkImageLayer *layer = layers->pdata[i];
        add_layer(&search, layer->path);
    }
    for (guint i = 0; i <= last && i < layers->len; i++) {
        const QblkImageLayer *layer = layers->pdata[i];
        read_directories_of(&search, layer->path);
    }
    *unread = g_steal_pointer(&search.unread);
    return g_steal_pointer(&search.found);
}
