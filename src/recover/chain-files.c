/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/chain-files.h"

#include "base/file-identity.h"
#include "image/image-chain.h"

GPtrArray *
qblk_chain_files_expected(const GPtrArray *expectations)
{
    GPtrArray *files = g_ptr_array_new();

    for (guint i = 0; i < expectations->len; i++) {
        const QblkExpectation *layer = expectations->pdata[i];
        g_ptr_array_add(files, layer->filename);
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
        if (qblk_file_identity_is_one(files->pdata[i], path)) {
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
        if (!qblk_file_identity_is_one(files->pdata[i], layer->filename)) {
            return FALSE;
        }
    }
    return TRUE;
}

const char *
qblk_chain_files_active(const GPtrArray *expectations)
{
    const QblkExpectation *top = expectations->len == 0 ? NULL : expectations->pdata[0];
    return top == NULL ? NULL : top->filename;
}
