/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/relative-name.h"

#include <string.h>

/* A URL, `json:` or a path from the root. */
static gboolean
is_relative(const char *name)
{
    gsize length = strcspn(name, ":/");
    return name[0] != '/' && name[length] != ':';
}

char *
qblk_relative_name(const QblkChain *chain, const QblkLayer *upper, const QblkLayer *lower,
                   GError **error)
{
    g_autofree char *folder = g_strdup("");
    for (guint i = upper->position; i < lower->position; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const char *name = layer->backing_name;
        if (name == NULL || !is_relative(name)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "the backing string of '%s' is %s%s%s, so that none can be kept relative",
                        layer->filename, name == NULL ? "missing" : "'", name == NULL ? "" : name,
                        name == NULL ? "" : "', which is not relative");
            return NULL;
        }
        if (i + 1 == lower->position) {
            return g_strconcat(folder, name, NULL);
        }
        const char *slash = strrchr(name, '/');
        g_autofree char *part =
            slash == NULL ? g_strdup("") : g_strndup(name, (gsize)(slash + 1 - name));
        char *next = g_strconcat(folder, part, NULL);
        g_free(folder);
        folder = next;
    }
    return g_strdup("");
}
