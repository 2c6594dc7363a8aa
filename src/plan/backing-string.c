/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/backing-string.h"

#include "base/file-identity.h"

#include <string.h>

/* A URL, `json:` or a path from the root. */
static gboolean
is_relative(const char *name)
{
    gsize length = strcspn(name, ":/");
    return name[0] != '/' && name[length] != ':';
}

static gboolean
is_path(const char *name)
{
    return name[0] == '/' || is_relative(name);
}

static gboolean
is_same_file(const char *a, const char *b)
{
    g_autofree char *plain_a = g_canonicalize_filename(a, "/");
    g_autofree char *plain_b = g_canonicalize_filename(b, "/");
    return g_str_equal(plain_a, plain_b) || qblk_file_identity_is_one(a, b);
}

gboolean
qblk_backing_string_leads_to(const char *upper, const char *name, const char *lower)
{
    if (upper == NULL || lower == NULL || !is_path(name) || !is_path(lower) || !is_path(upper)) {
        return TRUE;
    }
    g_autofree char *directory = g_path_get_dirname(upper);
    g_autofree char *path =
        name[0] == '/' ? g_strdup(name) : g_build_filename(directory, name, NULL);
    return is_same_file(path, lower);
}

/* What QEMU opened has another name than we know. */
static gboolean
check_known(const QblkLayer *lower, GError **error)
{
    if (!lower->had_secrets) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "'%s' stands for a name with a password in it, which is not kept, and so cannot be "
                "written into the header of another image",
                lower->filename);
    return FALSE;
}

/* A header may say another file than the one that somebody has opened with -blockdev. */
static gboolean
check_leads(const QblkLayer *layer, const QblkLayer *next, GError **error)
{
    if (qblk_backing_string_leads_to(layer->filename, layer->backing_name, next->filename)) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "the backing string of '%s' is '%s', and what is open below is '%s', so that none "
                "can be kept relative",
                layer->filename, layer->backing_name, next->filename);
    return FALSE;
}

char *
qblk_backing_string_relative(const QblkChain *chain, const QblkLayer *upper, const QblkLayer *lower,
                             GError **error)
{
    g_autofree char *directory = g_strdup("");
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
        const QblkLayer *below = chain->layers->pdata[i + 1];
        if (!check_known(below, error) || !check_leads(layer, below, error)) {
            return NULL;
        }
        if (i + 1 == lower->position) {
            return g_strconcat(directory, name, NULL);
        }
        const char *slash = strrchr(name, '/');
        g_autofree char *part =
            slash == NULL ? g_strdup("") : g_strndup(name, (gsize)(slash + 1 - name));
        char *next = g_strconcat(directory, part, NULL);
        g_free(directory);
        directory = next;
    }
    return g_strdup("");
}

const char *
qblk_backing_string_absolute(const QblkLayer *lower)
{
    const QblkSource *source = lower->source;
    gboolean is_whole = source != NULL && source->slice_offset == NULL &&
                        source->encryption == NULL && lower->storage_filters->len == 0;
    /* U+FFFD stands for bytes that QEMU could not say. */
    gboolean is_known = lower->filename != NULL && lower->filename[0] == '/' &&
                        !lower->had_secrets && strstr(lower->filename, "\xef\xbf\xbd") == NULL;
    return is_whole && is_known ? lower->filename : NULL;
}

gboolean
qblk_backing_string_choose(const QblkChain *chain, const QblkLayer *upper, const QblkLayer *lower,
                           gboolean keeps_relative, char **name, GError **error)
{
    if (keeps_relative) {
        *name = qblk_backing_string_relative(chain, upper, lower, error);
        return *name != NULL;
    }
    *name = g_strdup(qblk_backing_string_absolute(lower));
    return *name != NULL || lower->filename == NULL || lower->filename[0] != '/' ||
           check_known(lower, error);
}
