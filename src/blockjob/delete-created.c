/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/delete-created.h"

#include "image/image-data.h"
#include "image/image-file.h"
#include "image/lock-holder.h"
#include "image/opened-files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is in a file ---- */

/* TRUE if the header of the image in @file has the planned backing string, or none: QEMU writes it
 * after the rest. */
static gboolean
has_planned_backing(const QblkCreatedFile *file)
{
    g_autoptr(QblkImageFile) image = qblk_image_file_read(file->path, NULL);
    g_autoptr(QblkImageHeader) header =
        image == NULL ? NULL
                      : qblk_image_header_read(file->format, image->bytes, image->length, NULL);
    return header != NULL && (header->backing_name == NULL ||
                              g_strcmp0(header->backing_name, file->backing_name) == 0);
}

/* Returns: (nullable): why the regular file @file of @length bytes may not be deleted */
static const char *
why_has_data(const QblkCreatedFile *file, off_t length)
{
    if (length == 0) {
        return NULL;
    }
    if (g_strcmp0(file->format, "qcow2") != 0) {
        return "it is not empty";
    }
    if (!has_planned_backing(file)) {
        return "it is not the image that was created";
    }
    return qblk_image_data_is_none(file->path, file->size) ? NULL
                                                           : "a guest may have written to it";
}

gboolean
qblk_delete_created_have_no_data(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->created->len; i++) {
        const QblkCreatedFile *file = plan->created->pdata[i];
        struct stat status;
        if (file->path == NULL || lstat(file->path, &status) != 0) {
            return FALSE;
        }
        if (!S_ISREG(status.st_mode) || why_has_data(file, status.st_size) != NULL) {
            return FALSE;
        }
    }
    return plan->created->len > 0;
}

/* ---- deleting ---- */

/* Returns: (nullable): why the file @file, of @status, is in use */
static char *
why_in_use(const QblkCreatedFile *file, const struct stat *status, const QblkOpenedFiles *opened)
{
    const QblkFileIdentity found = qblk_file_identity(status);
    g_autofree char *holders = qblk_lock_holder_all(file->path);
    if (holders != NULL) {
        return g_strdup_printf("it is in use by %s", holders);
    }
    return qblk_opened_files_find(opened, &found) == NULL ? NULL
                                                          : g_strdup("QEMU still has it open");
}

/* Returns: (nullable): why @name in the directory @at, which is @file, was not deleted */
static char *
delete_in(int at, const char *name, const QblkCreatedFile *file, const QblkOpenedFiles *opened)
{
    struct stat status, now;
    if (fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? NULL : g_strdup(g_strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return g_strdup("it is not a regular file");
    }

    char *why = why_in_use(file, &status, opened);
    if (why == NULL) {
        why = g_strdup(why_has_data(file, status.st_size));
    }
    if (why != NULL) {
        return why;
    }

    /* What was read is what is deleted. */
    gboolean is_same = fstatat(at, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                       now.st_ino == status.st_ino && now.st_dev == status.st_dev &&
                       now.st_size == status.st_size;
    if (!is_same) {
        return g_strdup("another file now has this name");
    }
    return unlinkat(at, name, 0) == 0 ? NULL : g_strdup(g_strerror(errno));
}

/* Returns: (nullable): why @file was not deleted */
static char *
delete_file(const QblkCreatedFile *file, const QblkOpenedFiles *opened, gboolean is_local)
{
    if (file->path == NULL || !is_local) {
        return g_strdup("it may be a file of another machine");
    }

    g_autofree char *directory = g_path_get_dirname(file->path);
    g_autofree char *name = g_path_get_basename(file->path);
    int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return errno == ENOENT ? NULL : g_strdup(g_strerror(errno));
    }

    char *why = delete_in(at, name, file, opened);
    close(at);
    return why;
}

char *
qblk_delete_created_delete(const QblkPlan *plan, gint64 pid, gboolean is_local)
{
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(pid);
    g_autoptr(GString) faults = g_string_new(NULL);

    for (guint i = 0; i < plan->created->len; i++) {
        const QblkCreatedFile *file = plan->created->pdata[i];
        g_autofree char *why = delete_file(file, opened, is_local);
        if (why != NULL) {
            g_string_append_printf(faults, "%s'%s' was not deleted: %s",
                                   faults->len == 0 ? "" : "; ", file->filename, why);
        }
    }
    return faults->len == 0 ? NULL : g_string_free(g_steal_pointer(&faults), FALSE);
}
