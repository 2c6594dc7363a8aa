/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/removal.h"

#include "blockjob/lock-holder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
refuse(GError **error, const char *filename, const char *why)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "'%s' could not be deleted at the end: %s", filename, why);
    return FALSE;
}

gboolean
qblk_removal_identify(QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->removed->len; i++) {
        QblkRemoval *removal = plan->removed->pdata[i];
        struct stat status;
        if (!removal->is_doomed) {
            continue;
        }
        if (lstat(removal->filename, &status) != 0) {
            return refuse(error, removal->filename, g_strerror(errno));
        }
        if (!S_ISREG(status.st_mode)) {
            return refuse(error, removal->filename,
                          S_ISLNK(status.st_mode) ? "it is a symbolic link" : "it is no file");
        }
        removal->device = (gint64)status.st_dev;
        removal->inode = (gint64)status.st_ino;
    }
    return TRUE;
}

/* Why @removal was not deleted, or NULL.  The folder is opened once, so that what is compared is
 * what is deleted, whatever becomes of its name. */
static char *
delete_file(const QblkRemoval *removal)
{
    g_autofree char *folder = g_path_get_dirname(removal->filename);
    g_autofree char *name = g_path_get_basename(removal->filename);
    g_autofree char *holders = qblk_lock_holder_all(removal->filename);
    if (holders != NULL) {
        return g_strdup_printf("it is in use by %s", holders);
    }
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    char *why = NULL;
    if (at < 0 || fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        why = errno == ENOENT ? NULL : g_strdup(g_strerror(errno));
    } else if ((gint64)status.st_dev != removal->device ||
               (gint64)status.st_ino != removal->inode || !S_ISREG(status.st_mode)) {
        why = g_strdup("another file has its name now");
    } else if (unlinkat(at, name, 0) != 0) {
        why = g_strdup(g_strerror(errno));
    }
    if (at >= 0) {
        close(at);
    }
    return why;
}

/* What the images that stay have taken in, headers included, has to be on disk before what had it
 * goes: QEMU leaves that to the guest's next flush. */
static gboolean
sync_image(const char *filename)
{
    int fd = open(filename, O_RDONLY | O_CLOEXEC);
    gboolean done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return done;
}

static gboolean
sync_images(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->after->len; i++) {
        const QblkExpectation *layer = plan->after->pdata[i];
        gboolean is_file = layer->filename != NULL && layer->filename[0] == '/';
        if (is_file && !sync_image(layer->filename)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "the chain of '%s' was changed as planned, but nothing was deleted: '%s' "
                        "cannot be synced: %s",
                        plan->target, layer->filename, g_strerror(errno));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
is_any_doomed(const QblkPlan *plan)
{
    gboolean is_any = FALSE;
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemoval *removal = plan->removed->pdata[i];
        is_any = is_any || removal->is_doomed;
    }
    return is_any;
}

gboolean
qblk_removal_delete(const QblkPlan *plan, GError **error)
{
    g_autoptr(GString) faults = g_string_new(NULL);
    if (is_any_doomed(plan) && !sync_images(plan, error)) {
        return FALSE;
    }
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemoval *removal = plan->removed->pdata[i];
        g_autofree char *why = removal->is_doomed ? delete_file(removal) : NULL;
        if (why != NULL) {
            g_string_append_printf(faults, "%s'%s' was not deleted: %s",
                                   faults->len == 0 ? "" : "; ", removal->filename, why);
        }
    }
    if (faults->len == 0) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the chain of '%s' was changed as planned, but %s", plan->target, faults->str);
    return FALSE;
}
