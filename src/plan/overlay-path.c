/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/overlay-path.h"

#include "base/file-identity.h"
#include "plan/plan-check.h"

#include <string.h>

/* Returns: (nullable): the path of the file of @layer for QEMU, or its name if it is absolute */
static const char *
find_path(const QblkLayer *layer)
{
    const QblkLayerFile *file = layer->file;
    const char *path =
        file != NULL && file->state != QBLK_FILE_UNKNOWN ? file->path : layer->filename;
    return path != NULL && g_path_is_absolute(path) ? path : NULL;
}

static gboolean
is_file_of_its_own(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    return source != NULL && source->type == QBLK_SOURCE_FILE && source->slice_offset == NULL;
}

char *
qblk_overlay_path_choose(const QblkOverlayOptions *options, const QblkChain *chain, GError **error)
{
    const char *path = g_hash_table_lookup(options->files, chain->target);
    if (path != NULL) {
        return g_strdup(path);
    }

    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    path = top != NULL && is_file_of_its_own(top) ? find_path(top) : NULL;
    if (path == NULL) {
        (void)qblk_plan_refuse(error,
                               "the active image of disk '%s' is not a file whose directory is "
                               "known: specify the file of the overlay with --file %s=PATH",
                               chain->target, chain->target);
        return NULL;
    }

    const char *name = strrchr(path, '/') + 1, *dot = strrchr(name, '.');
    gboolean has_extension = dot != NULL && dot != name;
    gsize length = has_extension ? (gsize)(dot - path) : strlen(path);
    return g_strdup_printf("%.*s.%s", (int)length, path, options->suffix);
}

gboolean
qblk_overlay_path_is_one(const char *a, const char *b)
{
    g_autofree char *name_a = g_path_get_basename(a), *name_b = g_path_get_basename(b);
    g_autofree char *directory_a = g_path_get_dirname(a), *directory_b = g_path_get_dirname(b);

    return g_str_equal(name_a, name_b) && (g_str_equal(directory_a, directory_b) ||
                                           qblk_file_identity_is_one(directory_a, directory_b));
}
