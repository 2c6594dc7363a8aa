/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/overlay-options.h"

#include "plan/backing-string.h"
#include "plan/plan-options.h"

#include <string.h>

QblkOverlayOptions *
qblk_overlay_options_new(void)
{
    QblkOverlayOptions *options = g_new0(QblkOverlayOptions, 1);
    g_atomic_ref_count_init(&options->references);
    options->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return options;
}

QblkOverlayOptions *
qblk_overlay_options_ref(QblkOverlayOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_overlay_options_unref(QblkOverlayOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    g_hash_table_unref(options->files);
    qblk_plan_options_replace_text(&options->suffix, NULL);
    qblk_plan_options_replace_text(&options->format, NULL);
    qblk_plan_options_replace_text(&options->encryption, NULL);
    g_free(options);
}

QblkOverlayOptions *
qblk_overlay_options_copy(const QblkOverlayOptions *options)
{
    QblkOverlayOptions *copy = qblk_overlay_options_new();
    GHashTableIter at;
    gpointer disk, path;

    g_hash_table_iter_init(&at, options->files);
    while (g_hash_table_iter_next(&at, &disk, &path)) {
        g_hash_table_insert(copy->files, g_strdup(disk), g_strdup(path));
    }
    copy->suffix = g_strdup(options->suffix);
    copy->format = g_strdup(options->format);
    copy->encryption = g_strdup(options->encryption);
    copy->cluster_size = options->cluster_size;
    copy->reuse = options->reuse;
    copy->relative = options->relative;
    return copy;
}

/* ---- files ---- */

/* Set an error with a message as of printf().  Returns: FALSE. */
#define refuse(error, ...)                                                                         \
    (g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, __VA_ARGS__), FALSE)

gboolean
qblk_overlay_options_set_file(QblkOverlayOptions *options, const char *disk, const char *path,
                              GError **error)
{
    if (disk[0] == '\0') {
        return refuse(error, "file '%s' is for no disk: use the name of a disk", path);
    }
    if (path[0] == '\0') {
        return refuse(error, "the file of disk '%s' has no name: use a path", disk);
    }
    if (g_hash_table_contains(options->files, disk)) {
        return refuse(error, "disk '%s' has two files: specify one", disk);
    }

    g_hash_table_insert(options->files, g_strdup(disk), g_strdup(path));
    return TRUE;
}

gboolean
qblk_overlay_options_set_suffix(QblkOverlayOptions *options, const char *suffix, GError **error)
{
    if (suffix != NULL && (suffix[0] == '\0' || strchr(suffix, '/') != NULL)) {
        return refuse(error, "invalid suffix '%s': use the end of a file name, without slashes",
                      suffix);
    }

    qblk_plan_options_replace_text(&options->suffix, suffix);
    return TRUE;
}

/* ---- other options ---- */

void
qblk_overlay_options_set_reuse(QblkOverlayOptions *options, gboolean reuse)
{
    options->reuse = reuse;
}

void
qblk_overlay_options_set_format(QblkOverlayOptions *options, const char *format)
{
    qblk_plan_options_replace_text(&options->format, format);
}

const char *
qblk_overlay_options_get_format(const QblkOverlayOptions *options)
{
    return options->format == NULL ? "qcow2" : options->format;
}

void
qblk_overlay_options_set_cluster_size(QblkOverlayOptions *options, gint64 bytes)
{
    options->cluster_size = bytes;
}

void
qblk_overlay_options_set_relative(QblkOverlayOptions *options, gboolean relative)
{
    options->relative = relative;
}

void
qblk_overlay_options_set_encryption(QblkOverlayOptions *options, const char *secret)
{
    qblk_plan_options_replace_text(&options->encryption, secret);
}

/* ---- from a plan ---- */

/* Returns: (nullable): the option @name of the new image */
static const QblkJson *
find_option(const QblkPlan *plan, const char *name)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        const QblkJson *options = qblk_json_get(step->arguments, "options");
        if (qblk_json_get(options, name) != NULL) {
            return qblk_json_get(options, name);
        }
    }
    return NULL;
}

QblkOverlayOptions *
qblk_overlay_options_of_plan(const QblkPlan *plan)
{
    const QblkExpectation *overlay = plan->after->pdata[0];
    QblkOverlayOptions *options = qblk_overlay_options_new();
    gboolean is_created = plan->created->len > 0;

    g_hash_table_insert(options->files, g_strdup(plan->target), g_strdup(overlay->filename));
    options->format = g_strdup(overlay->format);
    (void)qblk_json_integer(find_option(plan, "cluster-size"), &options->cluster_size);
    options->encryption =
        g_strdup(qblk_json_get_string(find_option(plan, "encrypt"), "key-secret"));
    options->reuse = !is_created;
    options->relative = is_created && overlay->backing_name != NULL &&
                        qblk_backing_string_is_relative(overlay->backing_name);
    return options;
}
