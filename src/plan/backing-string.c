/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/backing-string.h"

#include "base/file-identity.h"
#include "plan/plan-check.h"

#include <string.h>

/* In a name by QEMU this stands for bytes that are not UTF-8. */
#define REPLACEMENT_CHARACTER "\xef\xbf\xbd"

/* FALSE for an absolute path and for what begins with a scheme: URLs, `json:`. */
static gboolean
is_relative(const char *name)
{
    gsize length = strcspn(name, ":/");
    return !g_path_is_absolute(name) && name[length] != ':';
}

static gboolean
is_path(const char *name)
{
    return g_path_is_absolute(name) || is_relative(name);
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
    if (upper == NULL || lower == NULL) {
        return TRUE;
    }
    if (!is_path(name) || !is_path(lower) || !is_path(upper)) {
        return TRUE;
    }
    if (g_path_is_absolute(name)) {
        return is_same_file(name, lower);
    }

    g_autofree char *directory = g_path_get_dirname(upper);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    return is_same_file(path, lower);
}

/* ---- relative names ---- */

/* The name that QEMU has opened contained a secret, and is not known completely. */
static gboolean
check_name_is_known(const QblkLayer *lower, GError **error)
{
    if (!lower->had_secrets) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "the file name of '%s' contains a password, which qblk does not keep: "
                            "it cannot be written to the header of another image",
                            lower->filename);
}

static gboolean
check_is_relative(const QblkLayer *layer, GError **error)
{
    if (layer->backing_name == NULL) {
        return qblk_plan_refuse(error, "'%s' has no backing string: --keep-relative cannot be used",
                                layer->filename);
    }
    if (!is_relative(layer->backing_name)) {
        return qblk_plan_refuse(error,
                                "the backing string '%s' of '%s' is not relative: --keep-relative "
                                "cannot be used",
                                layer->backing_name, layer->filename);
    }
    return TRUE;
}

/* A header may name another file than the one that was opened with -blockdev. */
static gboolean
check_leads_to_next(const QblkLayer *layer, const QblkLayer *next, GError **error)
{
    if (qblk_backing_string_leads_to(layer->filename, layer->backing_name, next->filename)) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "the backing string '%s' of '%s' does not lead to '%s', which is open "
                            "below it: --keep-relative cannot be used",
                            layer->backing_name, layer->filename, next->filename);
}

static gboolean
check_step_down(const QblkLayer *layer, const QblkLayer *next, GError **error)
{
    if (!check_is_relative(layer, error) || !check_name_is_known(next, error)) {
        return FALSE;
    }
    return check_leads_to_next(layer, next, error);
}

/* The directory part of @name with its slash, "" if it has none. */
static char *
directory_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash == NULL ? g_strdup("") : g_strndup(name, (gsize)(slash + 1 - name));
}

char *
qblk_backing_string_relative(const QblkChain *chain, const QblkLayer *upper, const QblkLayer *lower,
                             GError **error)
{
    g_autoptr(GString) name = g_string_new(NULL);

    for (guint i = upper->position; i < lower->position; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (!check_step_down(layer, chain->layers->pdata[i + 1], error)) {
            return NULL;
        }

        if (i + 1 == lower->position) {
            g_string_append(name, layer->backing_name);
        } else {
            g_autofree char *directory = directory_part(layer->backing_name);
            g_string_append(name, directory);
        }
    }
    return g_strdup(name->str);
}

/* ---- absolute names ---- */

/* TRUE if opening the file of the layer by its name gives the data of the layer. */
static gboolean
is_described_by_name(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_source_new(layer, NULL);

    if (source == NULL || layer->storage_filters->len > 0) {
        return FALSE;
    }
    return source->slice_offset == NULL && source->encryption == NULL;
}

static gboolean
is_known_path(const QblkLayer *layer)
{
    const char *name = layer->filename;

    if (name == NULL || !g_path_is_absolute(name) || layer->had_secrets) {
        return FALSE;
    }
    return strstr(name, REPLACEMENT_CHARACTER) == NULL;
}

const char *
qblk_backing_string_absolute(const QblkLayer *lower)
{
    return is_described_by_name(lower) && is_known_path(lower) ? lower->filename : NULL;
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
    if (*name == NULL && lower->filename != NULL && g_path_is_absolute(lower->filename)) {
        return check_name_is_known(lower, error);
    }
    return TRUE;
}
