/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/chain-files.h"

#include "base/const-cast.h"
#include "base/file-identity.h"
#include "blockjob/merged-mark-plan.h"
#include "image/image-chain.h"

#include <errno.h>
#include <sys/stat.h>

/* The path of the image on this machine if it is known, else QEMU's name for it. */
static const char *
best_name(const QblkExpectation *layer)
{
    const char *path = qblk_merged_mark_path(layer);
    return path == NULL ? layer->filename : path;
}

/* A relative name is relative to the directory of a QEMU, and not to that of this process. */
static gboolean
is_one(const char *a, const char *b)
{
    if (g_strcmp0(a, b) == 0) {
        return a != NULL;
    }
    gboolean are_paths = a != NULL && b != NULL && g_path_is_absolute(a) && g_path_is_absolute(b);
    return are_paths && qblk_file_identity_is_one(a, b);
}

GPtrArray *
qblk_chain_files_expected(const GPtrArray *expectations)
{
    GPtrArray *files = g_ptr_array_new();

    for (guint i = 0; i < expectations->len; i++) {
        const QblkExpectation *layer = expectations->pdata[i];
        g_ptr_array_add(files, qblk_const_cast(best_name(layer)));
    }
    return files;
}

GPtrArray *
qblk_chain_files_of_chain(const QblkChain *chain)
{
    GPtrArray *files = g_ptr_array_new();

    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_ptr_array_add(files, layer->filename);
    }
    return files;
}

GPtrArray *
qblk_chain_files_of_images(const GPtrArray *images)
{
    GPtrArray *files = g_ptr_array_new();

    for (guint i = 0; i < images->len; i++) {
        const QblkImageLayer *image = images->pdata[i];
        g_ptr_array_add(files, image->path);
    }
    return files;
}

gboolean
qblk_chain_files_have(const GPtrArray *files, const char *path)
{
    for (guint i = 0; i < files->len; i++) {
        if (is_one(files->pdata[i], path)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_chain_files_match(const GPtrArray *files, const GPtrArray *expectations)
{
    if (files->len != expectations->len) {
        return FALSE;
    }

    for (guint i = 0; i < files->len; i++) {
        const QblkExpectation *layer = expectations->pdata[i];
        if (!is_one(files->pdata[i], best_name(layer)) &&
            !is_one(files->pdata[i], layer->filename)) {
            return FALSE;
        }
    }
    return TRUE;
}

const char *
qblk_chain_files_active(const GPtrArray *expectations)
{
    const QblkExpectation *top = expectations->len == 0 ? NULL : expectations->pdata[0];
    return top == NULL ? NULL : best_name(top);
}

/* TRUE if the file of @status is the one that was recorded for @layer.  The number of the file
 * system may be another one since a reboot. */
static gboolean
is_recorded(const QblkExpectation *layer, const struct stat *status)
{
    if (layer->file.inode != 0) {
        return S_ISREG(status->st_mode) && (gint64)status->st_ino == layer->file.inode;
    }
    return layer->file.device == 0 || S_ISBLK(status->st_mode);
}

gboolean
qblk_chain_files_is(const QblkExpectation *layer, const char *path)
{
    if (layer == NULL) {
        return FALSE;
    }
    if (is_one(best_name(layer), path)) {
        return TRUE;
    }

    /* Of an image that has no known path only the file was recorded. */
    struct stat status;
    if (qblk_merged_mark_path(layer) != NULL || layer->file.inode == 0 ||
        stat(path, &status) != 0) {
        return FALSE;
    }
    const QblkFileIdentity file = qblk_file_identity(&status);
    return qblk_file_identity_is_same(&file, &layer->file);
}

gboolean
qblk_chain_files_have_layer(const GPtrArray *expectations, const char *path)
{
    for (guint i = 0; i < expectations->len; i++) {
        if (qblk_chain_files_is(expectations->pdata[i], path)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_chain_files_check(const QblkExpectation *layer, GError **error)
{
    const char *path = qblk_merged_mark_path(layer);
    struct stat status;
    if (path == NULL) {
        return TRUE;
    }
    if (stat(path, &status) != 0) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the image to boot from is '%s', which cannot be opened: %s", path,
                    g_strerror(errno));
        return FALSE;
    }
    if (!is_recorded(layer, &status)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the image to boot from is the one with the inode %" G_GINT64_FORMAT ", which "
                    "had the name '%s': another file has this name now",
                    layer->file.inode, path);
        return FALSE;
    }
    return TRUE;
}
