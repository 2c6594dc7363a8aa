/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mend-string.h"

#include "plan/backing-string.h"
#include "plan/plan-check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char *
get_path(const QblkLayer *layer)
{
    return qblk_layer_file_has_path(layer->file) ? layer->file->path : layer->filename;
}

/* FALSE for what begins with a scheme: URLs, `json:`. */
static gboolean
is_relative(const char *name)
{
    return !g_path_is_absolute(name) && name[strcspn(name, ":/")] != ':';
}

/* Returns: (transfer full): @path as it is reached from @directory; both are absolute */
static char *
make_relative(const char *directory, const char *path)
{
    g_autofree char *plain_directory = g_canonicalize_filename(directory, "/");
    g_autofree char *plain_path = g_canonicalize_filename(path, "/");
    g_auto(GStrv) from = g_strsplit(plain_directory + 1, "/", -1);
    g_auto(GStrv) to = g_strsplit(plain_path + 1, "/", -1);
    guint common = 0;
    while (from[common] != NULL && to[common] != NULL && to[common + 1] != NULL &&
           g_str_equal(from[common], to[common])) {
        common++;
    }

    g_autoptr(GString) name = g_string_new(NULL);
    for (guint i = common; from[i] != NULL && from[i][0] != '\0'; i++) {
        g_string_append(name, "../");
    }
    g_autofree char *rest = g_strjoinv("/", to + common);
    g_string_append(name, rest);
    return g_string_free(g_steal_pointer(&name), FALSE);
}

/* TRUE if @path, for the process of @opened (nullable), is no link, and the only name of its file.
 * One that does not exist is no link either: QEMU has opened the file by it before it was
 * renamed. */
static gboolean
is_only_name(const QblkOpenedFiles *opened, const char *path)
{
    g_autofree char *inside =
        opened == NULL || opened->is_same_root
            ? g_strdup(path)
            : g_strdup_printf("/proc/%" G_GINT64_FORMAT "/root%s", opened->pid, path);
    struct stat status;
    if (lstat(inside, &status) != 0) {
        return errno == ENOENT;
    }
    return !S_ISLNK(status.st_mode) && status.st_nlink == 1;
}

/* QEMU looks a relative name up in the directory of the name by which it has opened the image: for
 * a link that is another one than that of the file, and a file with two names has two. */
static gboolean
has_one_directory(const QblkMendString *request)
{
    const QblkOpenedFiles *opened = request->snapshot == NULL ? NULL : request->snapshot->opened;
    const char *name = request->upper->filename;
    const char *own = get_path(request->upper);
    g_autofree char *absolute =
        opened == NULL || name == NULL ? g_strdup(name) : qblk_opened_files_absolute(opened, name);

    return absolute != NULL && own != NULL && g_path_is_absolute(absolute) &&
           g_path_is_absolute(own) && is_only_name(opened, absolute) && is_only_name(opened, own);
}

/* Returns: (transfer full): @path, or a relative name if the header has one now */
static char *
keep_style(const QblkMendString *request, const char *path)
{
    const char *own = get_path(request->upper);
    gboolean is_wanted = request->now != NULL && is_relative(request->now) &&
                         g_path_is_absolute(path) && has_one_directory(request);
    if (!is_wanted) {
        return g_strdup(path);
    }

    g_autofree char *directory = g_path_get_dirname(own);
    g_autofree char *name = make_relative(directory, path);
    /* A relative name with a colon would be taken for a protocol. */
    gboolean is_valid =
        is_relative(name) &&
        qblk_backing_string_leads_to_layer(request->snapshot, request->upper, name, request->lower);
    return is_valid ? g_steal_pointer(&name) : g_strdup(path);
}

/* A file that QEMU has open by a name is known by its identity only. */
static gboolean
check_proof(const QblkMendString *request, GError **error)
{
    const QblkLayer *lower = request->lower;
    const char *name = lower->filename;
    gboolean is_file = name != NULL && (g_path_is_absolute(name) || is_relative(name));
    if (!is_file || request->is_image || qblk_layer_file_is_known(lower->file)) {
        return TRUE;
    }

    const char *reason = lower->file == NULL
                             ? "its name is not looked up here"
                             : qblk_layer_file_reason(lower->file, request->chain->unknown_files);
    return qblk_plan_refuse(error, "it is not known which file QEMU has open for '%s': %s", name,
                            reason);
}

static char *
choose_given(const QblkMendString *request, GError **error)
{
    const QblkLayer *lower = request->lower;
    if ((!request->is_image && !qblk_layer_file_is_known(lower->file)) ||
        !qblk_backing_string_leads_to_layer(request->snapshot, NULL, request->given, lower)) {
        (void)qblk_plan_refuse(error,
                               "'%s' is not the file that QEMU has open below '%s', which is '%s': "
                               "leave --backing out, or name that file",
                               request->given, request->upper->filename, get_path(lower));
        return NULL;
    }
    return keep_style(request, request->given);
}

char *
qblk_mend_string_choose(const QblkMendString *request, GError **error)
{
    if (!check_proof(request, error)) {
        return NULL;
    }
    if (request->given != NULL) {
        return choose_given(request, error);
    }
    if (request->kept != NULL) {
        return g_strdup(request->kept);
    }

    g_autofree char *path = qblk_backing_string_absolute(request->snapshot, request->lower, error);
    return path == NULL ? NULL : keep_style(request, path);
}
