/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-files.h"

#include "image/opened-files.h"

#include <errno.h>
#include <sys/stat.h>

/* TRUE if it was known which files QEMU has open when @plan was made. */
static gboolean
are_files_known(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->before->len; i++) {
        const QblkExpectation *layer = plan->before->pdata[i];
        if (qblk_file_identity_is_known(&layer->file)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE if the image at @position is a new active image, is opened again, gets a new header, or is
 * named in one. */
static gboolean
is_relied_on(const QblkPlan *plan, guint position)
{
    const QblkExpectation *layer = plan->after->pdata[position];
    const QblkExpectation *upper = position == 0 ? NULL : plan->after->pdata[position - 1];
    gboolean is_new_top = position == 0 && qblk_plan_moves_top(plan);

    return is_new_top || layer->is_reopened || layer->names_next ||
           (upper != NULL && upper->names_next);
}

/* The identity of an image that the plan creates is not known; QEMU has to have it open. */
static gboolean
leads_to_file(const QblkOpenedFiles *opened, const QblkExpectation *layer)
{
    struct stat status;
    if (stat(layer->path, &status) != 0) {
        return FALSE;
    }

    const QblkFileIdentity found = qblk_file_identity(&status);
    if (qblk_file_identity_is_known(&layer->file)) {
        return qblk_file_identity_is_same(&found, &layer->file);
    }
    if (opened->unknown != NULL || !opened->is_same_root) {
        return TRUE;
    }
    return qblk_opened_files_find(opened, &found) != NULL;
}

/* TRUE if @path leads to a file that QEMU has open, or if that is not known. */
static gboolean
is_open(const QblkOpenedFiles *opened, const char *path)
{
    struct stat status;
    if (opened->unknown != NULL || !opened->is_same_root) {
        return TRUE;
    }
    if (stat(path, &status) != 0) {
        return FALSE;
    }

    const QblkFileIdentity found = qblk_file_identity(&status);
    return qblk_opened_files_find(opened, &found) != NULL;
}

/* TRUE if the path of the image that becomes stale leads to its file, which is to be marked, or if
 * that file was deleted. */
static gboolean
can_mark(const QblkOpenedFiles *opened, const QblkPlan *plan)
{
    struct stat status;
    const QblkFileIdentity file = qblk_plan_get_top_file(plan);
    if (plan->merged_path == NULL || !qblk_file_identity_is_known(&file)) {
        return TRUE;
    }
    if (stat(plan->merged_path, &status) == 0) {
        const QblkFileIdentity found = qblk_file_identity(&status);
        if (qblk_file_identity_is_same(&found, &file)) {
            return TRUE;
        }
    }

    const QblkOpenedFile *open = qblk_opened_files_find(opened, &file);
    return open == NULL || open->is_deleted;
}

static gboolean
refuse(const char *path, GError **error)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "'%s' was renamed or replaced while the job ran, and no longer leads to the file "
                "that QEMU has open: move the file back to this path",
                path);
    return FALSE;
}

gboolean
qblk_run_files_check(const QblkPlan *plan, gint64 pid, GError **error)
{
    if (!are_files_known(plan)) {
        return TRUE;
    }

    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(pid);
    for (guint i = 0; i < plan->after->len; i++) {
        const QblkExpectation *layer = plan->after->pdata[i];
        if (layer->path == NULL || !is_relied_on(plan, i) || leads_to_file(opened, layer)) {
            continue;
        }

        return refuse(layer->path, error);
    }
    if (!can_mark(opened, plan)) {
        return refuse(plan->merged_path, error);
    }

    const char *result = qblk_plan_get_result_path(plan);
    return result == NULL || is_open(opened, result) || refuse(result, error);
}

/* TRUE if the path of @layer leads to another file.  If it leads to no file, QEMU keeps the one
 * that it has open. */
static gboolean
leads_to_other_file(const QblkExpectation *layer)
{
    struct stat status;
    if (layer->path == NULL || !qblk_file_identity_is_known(&layer->file) ||
        stat(layer->path, &status) != 0) {
        return FALSE;
    }

    const QblkFileIdentity found = qblk_file_identity(&status);
    return !qblk_file_identity_is_same(&found, &layer->file);
}

gboolean
qblk_run_files_check_end(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->after->len; i++) {
        const QblkExpectation *layer = plan->after->pdata[i];
        if (layer->is_reopened && leads_to_other_file(layer)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "'%s' leads to another file now, and QEMU would open that file when the "
                        "job ends: move the file that QEMU has open back to this path",
                        layer->path);
            return FALSE;
        }
    }
    return TRUE;
}

const char *
qblk_run_files_created(const QblkStep *step)
{
    const QblkJson *options = qblk_json_get(step->arguments, "options");
    gboolean is_file = g_strcmp0(step->command, "blockdev-create") == 0 &&
                       g_strcmp0(qblk_json_get_string(options, "driver"), "file") == 0;
    return is_file ? qblk_json_get_string(options, "filename") : NULL;
}

gboolean
qblk_run_files_check_create(const QblkStep *step, GError **error)
{
    const char *path = qblk_run_files_created(step);
    struct stat status;
    if (path == NULL || (lstat(path, &status) != 0 && errno == ENOENT)) {
        return TRUE;
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "'%s' exists now: another process has created it since the plan was made", path);
    return FALSE;
}
