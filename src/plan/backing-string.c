/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/backing-string.h"

#include "base/file-identity.h"
#include "plan/plan-check.h"

#include <string.h>

#define MOST_BYTES 1023 /* in a header of qcow2 and qed */

/* In a name by QEMU this stands for bytes that are not UTF-8. */
#define REPLACEMENT_CHARACTER "\xef\xbf\xbd"

gboolean
qblk_backing_string_is_relative(const char *name)
{
    gsize length = strcspn(name, ":/");
    return !g_path_is_absolute(name) && name[length] != ':';
}

static gboolean
is_path(const char *name)
{
    return g_path_is_absolute(name) || qblk_backing_string_is_relative(name);
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

/* TRUE if it is known which file QEMU has open for @layer. */
static gboolean
is_file_known(const QblkLayer *layer)
{
    return layer->file != NULL && qblk_file_identity_is_known(&layer->file->open);
}

/* The name of the image for QEMU: the path of its file if that is known. */
static const char *
get_path(const QblkLayer *layer)
{
    if (layer->file != NULL && layer->file->state != QBLK_FILE_UNKNOWN) {
        return layer->file->path;
    }
    return layer->filename;
}

/* TRUE if @name in the header of an image at the path @from (nullable) leads to the file that QEMU
 * has open for @lower. */
static gboolean
leads_from(const QblkSnapshot *snapshot, const char *from, const char *name, const QblkLayer *lower)
{
    QblkOpenedFiles *opened = snapshot == NULL ? NULL : snapshot->opened;

    if (opened == NULL || !is_file_known(lower) || !is_path(name)) {
        return qblk_backing_string_leads_to(from, name, lower->filename);
    }
    if (from == NULL) {
        return FALSE;
    }

    g_autofree char *directory = g_path_get_dirname(from);
    g_autofree char *path =
        g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(directory, name, NULL);
    const QblkFileIdentity found = qblk_opened_files_look_up(opened, path);
    return qblk_file_identity_is_same(&found, &lower->file->open);
}

gboolean
qblk_backing_string_leads_to_layer(const QblkSnapshot *snapshot, const QblkLayer *upper,
                                   const char *name, const QblkLayer *lower)
{
    return leads_from(snapshot, upper == NULL ? name : get_path(upper), name, lower);
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
    if (!qblk_backing_string_is_relative(layer->backing_name)) {
        return qblk_plan_refuse(error,
                                "the backing string '%s' of '%s' is not relative: --keep-relative "
                                "cannot be used",
                                layer->backing_name, layer->filename);
    }
    return TRUE;
}

/* A header may name another file than the one that was opened with -blockdev. */
static gboolean
check_leads_to_next(const QblkSnapshot *snapshot, const QblkLayer *layer, const QblkLayer *next,
                    GError **error)
{
    if (qblk_backing_string_leads_to_layer(snapshot, layer, layer->backing_name, next)) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "the backing string '%s' of '%s' does not lead to '%s', which is open "
                            "below it: --keep-relative cannot be used",
                            layer->backing_name, layer->filename, next->filename);
}

static gboolean
check_step_down(const QblkSnapshot *snapshot, const QblkLayer *layer, const QblkLayer *next,
                GError **error)
{
    if (!check_is_relative(layer, error) || !check_name_is_known(next, error)) {
        return FALSE;
    }
    return check_leads_to_next(snapshot, layer, next, error);
}

/* The directory part of @name with its slash, "" if it has none. */
static char *
directory_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash == NULL ? g_strdup("") : g_strndup(name, (gsize)(slash + 1 - name));
}

char *
qblk_backing_string_relative(const QblkSnapshot *snapshot, const QblkChain *chain,
                             const QblkLayer *upper, const QblkLayer *lower, GError **error)
{
    g_autoptr(GString) name = g_string_new(NULL);

    for (guint i = upper->position; i < lower->position; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (!check_step_down(snapshot, layer, chain->layers->pdata[i + 1], error)) {
            return NULL;
        }

        if (i + 1 == lower->position) {
            g_string_append(name, layer->backing_name);
        } else {
            g_autofree char *directory = directory_part(layer->backing_name);
            g_string_append(name, directory);
        }
    }
    if (!qblk_backing_string_leads_to_layer(snapshot, upper, name->str, lower)) {
        (void)qblk_plan_refuse(error,
                               "the backing string would be '%s', which does not lead from '%s' to "
                               "'%s': --keep-relative cannot be used",
                               name->str, upper->filename, lower->filename);
        return NULL;
    }
    return g_strdup(name->str);
}

/* ---- absolute names ---- */

/* TRUE if @name has all bytes of the name that QEMU has opened. */
static gboolean
is_complete(const char *name)
{
    return name != NULL && name[0] != '\0' && strstr(name, REPLACEMENT_CHARACTER) == NULL;
}

static gboolean
refuse_to_name(const QblkLayer *lower, const char *reason, GError **error)
{
    return qblk_plan_refuse(error, "the header of another image cannot name '%s': %s",
                            lower->filename, reason);
}

/* The name that QEMU gives to the format node: for a network address or a part of a file it has all
 * that is needed to open the image, the format included. */
static const char *
get_node_name(const QblkSnapshot *snapshot, const QblkLayer *lower)
{
    const QblkNode *node =
        snapshot == NULL ? NULL : qblk_snapshot_find_node(snapshot, lower->node_name);

    if (node == NULL) {
        return lower->filename;
    }
    return node->had_secrets ? NULL : node->filename;
}

static gboolean
is_slice(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    return source != NULL && source->slice_offset != NULL;
}

/* Choose the absolute name for an image in a file or block device. */
static const char *
choose_path(const QblkLayer *lower, GError **error)
{
    const char *path = get_path(lower);

    if (path == NULL) {
        (void)refuse_to_name(lower, "no path leads to the file that QEMU has open", error);
    } else if (!g_path_is_absolute(path)) {
        (void)refuse_to_name(lower,
                             "it is relative to the working directory of QEMU, which is "
                             "not known",
                             error);
        path = NULL;
    }
    return path;
}

static const char *
choose_absolute(const QblkSnapshot *snapshot, const QblkLayer *lower, GError **error)
{
    const char *name = NULL;

    if (!check_name_is_known(lower, error)) {
        return NULL;
    }
    if (is_path(lower->filename) && !is_slice(lower)) {
        name = choose_path(lower, error);
    } else {
        name = get_node_name(snapshot, lower);
        if (name == NULL || (is_slice(lower) && !g_str_has_prefix(name, "json:"))) {
            (void)refuse_to_name(lower, "QEMU does not report a complete name of it", error);
            return NULL;
        }
    }
    if (name != NULL && !is_complete(name)) {
        (void)refuse_to_name(lower, "its name is not valid UTF-8", error);
        return NULL;
    }
    return name;
}

static gboolean
check_length(const QblkLayer *lower, const char *name, GError **error)
{
    gsize length = strlen(name);
    if (length <= MOST_BYTES) {
        return TRUE;
    }
    return qblk_plan_refuse(
        error,
        "the header of another image cannot name '%s': its name has %" G_GSIZE_FORMAT
        " bytes, and a header has room for %d",
        lower->filename, length, MOST_BYTES);
}

char *
qblk_backing_string_absolute(const QblkSnapshot *snapshot, const QblkLayer *lower, GError **error)
{
    const char *name = choose_absolute(snapshot, lower, error);

    if (name == NULL || !check_length(lower, name, error)) {
        return NULL;
    }
    if (!qblk_backing_string_leads_to_layer(snapshot, NULL, name, lower)) {
        (void)qblk_plan_refuse(error,
                               "the backing string would be '%s', which does not lead to the file "
                               "that QEMU has open for '%s'",
                               name, lower->filename);
        return NULL;
    }
    return g_strdup(name);
}

char *
qblk_backing_string_choose(const QblkSnapshot *snapshot, const QblkChain *chain,
                           const QblkLayer *upper, const QblkLayer *lower, gboolean keeps_relative,
                           GError **error)
{
    gboolean is_now_relative =
        upper->backing_name != NULL && qblk_backing_string_is_relative(upper->backing_name);

    if (keeps_relative) {
        return qblk_backing_string_relative(snapshot, chain, upper, lower, error);
    }
    if (is_now_relative) {
        char *name = qblk_backing_string_relative(snapshot, chain, upper, lower, NULL);
        if (name != NULL) {
            return name;
        }
    }
    return qblk_backing_string_absolute(snapshot, lower, error);
}

/* ---- the header of a new image ---- */

/* Returns: (transfer full): the absolute path @to relative to the directory of the file @from */
static char *
make_relative(const char *from, const char *to)
{
    g_autofree char *plain_from = g_canonicalize_filename(from, "/");
    g_autofree char *plain_to = g_canonicalize_filename(to, "/");
    g_auto(GStrv) above = g_strsplit(plain_from, "/", -1);
    g_auto(GStrv) parts = g_strsplit(plain_to, "/", -1);
    guint depth = g_strv_length(above) - 1, last = g_strv_length(parts) - 1, common = 0;
    while (common < depth && common < last && g_str_equal(above[common], parts[common])) {
        common++;
    }

    g_autoptr(GString) name = g_string_new(NULL);
    for (guint i = common; i < depth; i++) {
        g_string_append(name, "../");
    }
    g_autofree char *rest = g_strjoinv("/", parts + common);
    g_string_append(name, rest);

    /* What is before a colon would be a protocol. */
    if (!qblk_backing_string_is_relative(name->str)) {
        g_string_prepend(name, "./");
    }
    return g_strdup(name->str);
}

/* Returns: (transfer full) (nullable) */
static char *
choose_relative(const QblkSnapshot *snapshot, const char *path, const QblkLayer *lower,
                GError **error)
{
    gboolean has_path = is_path(lower->filename) && !is_slice(lower) && get_path(lower) != NULL &&
                        g_path_is_absolute(get_path(lower));
    if (!has_path || !is_complete(get_path(lower))) {
        (void)qblk_plan_refuse(error,
                               "the header of '%s' cannot name '%s' by a relative path: its path "
                               "is not known, or it is no file of its own",
                               path, lower->filename);
        return NULL;
    }

    g_autofree char *name = make_relative(path, get_path(lower));
    if (!leads_from(snapshot, path, name, lower)) {
        (void)qblk_plan_refuse(error,
                               "the relative backing string of '%s' would be '%s', which does not "
                               "lead to the file that QEMU has open for '%s'",
                               path, name, lower->filename);
        return NULL;
    }
    return check_length(lower, name, error) ? g_steal_pointer(&name) : NULL;
}

char *
qblk_backing_string_for_new(const QblkSnapshot *snapshot, const char *path, const QblkLayer *lower,
                            gboolean is_relative_only, GError **error)
{
    gboolean is_style =
        lower->backing_name != NULL && qblk_backing_string_is_relative(lower->backing_name);

    if (is_relative_only) {
        return choose_relative(snapshot, path, lower, error);
    }
    char *name = is_style ? choose_relative(snapshot, path, lower, NULL) : NULL;
    return name != NULL ? name : qblk_backing_string_absolute(snapshot, lower, error);
}
