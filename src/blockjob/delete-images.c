/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/delete-images.h"

#include "image/lock-holder.h"
#include "image/opened-files.h"
#include "image/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPLACED "another file now has this name"
#define BY_HAND  "without --delete, qblk lists the images to delete by hand"

static gboolean
set_cannot_delete(GError **error, const char *filename, const char *why)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "cannot delete '%s' after the job: %s", filename, why);
    return FALSE;
}

gboolean
qblk_delete_images_has_any(const QblkPlan *plan)
{
    gboolean is_any = FALSE;
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *removal = plan->removed->pdata[i];
        is_any = is_any || removal->will_delete;
    }
    return is_any;
}

/* Returns: (nullable): why @file may not be one that QEMU, the process that owns the monitor, has
 * open. */
static char *
why_not_open(const QblkOpenedFiles *opened, const QblkFileIdentity *file)
{
    if (qblk_opened_files_find(opened, file) != NULL) {
        return NULL;
    }
    g_autofree char *process = qblk_process_describe(opened->pid);
    return g_strdup_printf("%s, which owns the monitor, does not have it open; " BY_HAND, process);
}

/* A name that is deleted has to be the file itself, and no link to it. */
static gboolean
identify_removal(QblkRemovedImage *removal, const QblkOpenedFiles *opened, GError **error)
{
    struct stat status;
    if (removal->path == NULL) {
        return set_cannot_delete(error, removal->filename, "no path that leads to it is known");
    }
    if (lstat(removal->path, &status) != 0) {
        return set_cannot_delete(error, removal->path, g_strerror(errno));
    }

    if (!S_ISREG(status.st_mode)) {
        return set_cannot_delete(error, removal->path,
                                 S_ISLNK(status.st_mode) ? "it is a symbolic link"
                                                         : "it is not a regular file");
    }

    const QblkFileIdentity found = qblk_file_identity(&status);
    if (qblk_file_identity_is_known(&removal->file) &&
        !qblk_file_identity_is_same(&removal->file, &found)) {
        return set_cannot_delete(error, removal->path, REPLACED);
    }

    removal->file = found;
    g_autofree char *why = why_not_open(opened, &removal->file);
    return why == NULL || set_cannot_delete(error, removal->path, why);
}

/* A name that is only synced may be a link, as most names of block devices are. */
static gboolean
identify_synced(QblkExpectation *layer, const QblkOpenedFiles *opened, GError **error)
{
    struct stat status;
    g_autofree char *why = NULL;
    if (stat(layer->path, &status) != 0) {
        why = g_strdup(g_strerror(errno));
    } else if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        why = g_strdup("it is neither a file nor a block device");
    } else {
        layer->file = qblk_file_identity(&status);
        why = why_not_open(opened, &layer->file);
    }

    if (why != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot delete images after the job: cannot sync '%s': %s", layer->path, why);
    }

    return why == NULL;
}

gboolean
qblk_delete_images_identify(QblkPlan *plan, gint64 pid, GError **error)
{
    if (!qblk_delete_images_has_any(plan)) {
        return TRUE;
    }

    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(pid);
    if (opened->unknown != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot delete images after the job: %s; " BY_HAND, opened->unknown);
        return FALSE;
    }

    for (guint i = 0; i < plan->removed->len; i++) {
        QblkRemovedImage *removal = plan->removed->pdata[i];
        if (removal->will_delete && !identify_removal(removal, opened, error)) {
            return FALSE;
        }
    }

    for (guint i = 0; i < plan->after->len; i++) {
        QblkExpectation *layer = plan->after->pdata[i];
        if (layer->path != NULL && !identify_synced(layer, opened, error)) {
            return FALSE;
        }
    }

    return TRUE;
}

/* Returns: TRUE if the top of @layers is open in @pid or locked, or has no path. */
static gboolean
is_used_here(const GPtrArray *layers, gint64 pid)
{
    const QblkExpectation *top = layers->len == 0 ? NULL : layers->pdata[0];
    struct stat status;
    if (top == NULL || top->path == NULL || qblk_lock_holder_is_any(top->path)) {
        return TRUE;
    }

    if (stat(top->path, &status) != 0) {
        return FALSE;
    }

    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(pid);
    const QblkFileIdentity file = qblk_file_identity(&status);
    return qblk_opened_files_find(opened, &file) != NULL;
}

gboolean
qblk_delete_images_is_here(const QblkPlan *plan, gint64 pid, gboolean was_begun)
{
    return is_used_here(plan->before, pid) ||
           (was_begun && plan->after->len > 0 && is_used_here(plan->after, pid));
}

/* A pipe or a link may have got the inode of a file that was deleted. */
static gboolean
is_file(const struct stat *status, const QblkFileIdentity *file)
{
    const QblkFileIdentity found = qblk_file_identity(status);
    return (S_ISREG(status->st_mode) || S_ISBLK(status->st_mode)) &&
           qblk_file_identity_is_same(&found, file);
}

/* Returns: (nullable): why @removal was not deleted. The directory is opened once, so that the
 * file which is compared is the one that is deleted. */
static char *
delete_file(const QblkRemovedImage *removal)
{
    g_autofree char *directory = g_path_get_dirname(removal->path);
    g_autofree char *name = g_path_get_basename(removal->path);
    g_autofree char *holders = qblk_lock_holder_all(removal->path);
    if (holders != NULL) {
        return g_strdup_printf("it is in use by %s", holders);
    }

    int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    char *why = NULL;
    if (at < 0 || fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        why = errno == ENOENT ? NULL : g_strdup(g_strerror(errno));
    } else if (!is_file(&status, &removal->file)) {
        why = g_strdup(REPLACED);
    } else if (unlinkat(at, name, 0) != 0) {
        why = g_strdup(g_strerror(errno));
    }

    if (at >= 0) {
        close(at);
    }

    return why;
}

/* The data and headers of the images that stay have to be on disk before other images are
 * deleted: QEMU leaves that to the guest's next flush. Returns: (nullable): why they are not. */
static char *
sync_image(const QblkExpectation *image)
{
    /* O_NONBLOCK: a pipe may have replaced the file. */
    int fd = open(image->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    char *why = NULL;
    if (fd < 0 || fstat(fd, &status) != 0) {
        why = g_strdup(g_strerror(errno));
    } else if (!is_file(&status, &image->file)) {
        why = g_strdup(REPLACED);
    } else if (fsync(fd) != 0) {
        why = g_strdup(g_strerror(errno));
    }

    if (fd >= 0) {
        close(fd);
    }

    return why;
}

static gboolean
sync_images(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->after->len; i++) {
        const QblkExpectation *image = plan->after->pdata[i];
        g_autofree char *why = image->path == NULL ? NULL : sync_image(image);
        if (why != NULL) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "the chain of '%s' was changed as planned, but nothing was deleted: '%s' "
                        "cannot be synced: %s",
                        plan->target, image->path, why);
            return FALSE;
        }
    }

    return TRUE;
}

gboolean
qblk_delete_images_delete(const QblkPlan *plan, GError **error)
{
    g_autoptr(GString) faults = g_string_new(NULL);
    if (qblk_delete_images_has_any(plan) && !sync_images(plan, error)) {
        return FALSE;
    }

    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *removal = plan->removed->pdata[i];
        g_autofree char *why = removal->will_delete ? delete_file(removal) : NULL;
        if (why != NULL) {
            g_string_append_printf(faults, "%s'%s' was not deleted: %s",
                                   faults->len == 0 ? "" : "; ", qblk_plan_removed_name(removal),
                                   why);
        }
    }

    if (faults->len == 0) {
        return TRUE;
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the chain of '%s' was changed as planned, but %s", plan->target, faults->str);
    return FALSE;
}
