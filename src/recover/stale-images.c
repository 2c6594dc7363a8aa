/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/stale-images.h"

#include "base/const-cast.h"
#include "recover/state-directory.h"

/* ---- the list ---- */

QblkStaleImages *
qblk_stale_images_find(const QblkChain *const *chains, guint n_chains, const char *state_directory)
{
    g_autofree char *directory = qblk_state_directory_get(state_directory);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(directory);
    QblkStaleImages *images = g_new0(QblkStaleImages, 1);

    g_atomic_ref_count_init(&images->references);
    images->files = qblk_merged_mark_stale_new();
    for (guint i = 0; i < n_chains; i++) {
        qblk_merged_mark_find_stale(chains[i], marks, images->files);
    }

    images->images = g_new0(QblkStaleImage, images->files->len);
    for (guint i = 0; i < images->files->len; i++) {
        images->images[i] = (QblkStaleImage){.images = images, .file = images->files->pdata[i]};
    }
    return images;
}

QblkStaleImages *
qblk_stale_images_ref(QblkStaleImages *images)
{
    g_atomic_ref_count_inc(&images->references);
    return images;
}

void
qblk_stale_images_unref(QblkStaleImages *images)
{
    if (images == NULL || !g_atomic_ref_count_dec(&images->references)) {
        return;
    }
    g_ptr_array_unref(images->files);
    g_free(images->images);
    g_free(images);
}

guint
qblk_stale_images_get_n_images(const QblkStaleImages *images)
{
    return images->files->len;
}

const QblkStaleImage *
qblk_stale_images_get_image(const QblkStaleImages *images, guint index)
{
    return index < images->files->len ? &images->images[index] : NULL;
}

/* ---- an image ---- */

QblkStaleImage *
qblk_stale_image_ref(const QblkStaleImage *stale)
{
    (void)qblk_stale_images_ref(stale->images);
    return qblk_const_cast(stale);
}

void
qblk_stale_image_unref(QblkStaleImage *stale)
{
    if (stale != NULL) {
        qblk_stale_images_unref(stale->images);
    }
}

const char *
qblk_stale_image_get_disk(const QblkStaleImage *stale)
{
    return stale->file->disk;
}

guint
qblk_stale_image_get_position(const QblkStaleImage *stale)
{
    return stale->file->position;
}

const char *
qblk_stale_image_get_file(const QblkStaleImage *stale)
{
    return stale->file->image;
}

const char *
qblk_stale_image_get_into(const QblkStaleImage *stale)
{
    return stale->file->mark->into;
}

gboolean
qblk_stale_image_is_copy(const QblkStaleImage *stale)
{
    return stale->file->mark->is_copy;
}

const char *
qblk_stale_image_get_mark(const QblkStaleImage *stale)
{
    return stale->file->mark->place;
}

char *
qblk_stale_image_to_text(const QblkStaleImage *stale)
{
    return g_strdup(stale->file->text);
}

/* ---- JSON ---- */

static QblkJson *
image_json_new(const QblkStaleImage *stale)
{
    const char *into = qblk_stale_image_get_into(stale);
    gboolean is_copy = qblk_stale_image_is_copy(stale);
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "disk", qblk_stale_image_get_disk(stale));
    qblk_json_set_string(object, "file", qblk_stale_image_get_file(stale));
    qblk_json_set_string(object, "merged-into", is_copy ? NULL : into);
    qblk_json_set_string(object, "copy-of", is_copy ? into : NULL);
    qblk_json_set_string(object, "mark", qblk_stale_image_get_mark(stale));
    return object;
}

QblkJson *
qblk_stale_images_json_new(const QblkStaleImages *images)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < images->files->len; i++) {
        qblk_json_append(list, image_json_new(&images->images[i]));
    }
    return list;
}
