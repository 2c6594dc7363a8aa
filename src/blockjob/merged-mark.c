/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark.h"

#include "base/json.h"
#include "blockjob/file-sync.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX     ".qblk-merged"
#define MOST_BYTES 65536

void
qblk_merged_mark_free(QblkMergedMark *mark)
{
    if (mark != NULL) {
        g_free(mark->image);
        g_free(mark->into);
        g_free(mark);
    }
}

static char *
path_of(const char *image)
{
    return g_strconcat(image, SUFFIX, NULL);
}

/* A new file: the directory may belong to another user, and so may a file of that name. */
static gboolean
write_synced(const char *path, const char *text)
{
    gsize length = strlen(text);
    (void)g_unlink(path);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return FALSE;
    }

    gboolean done = write(fd, text, length) == (ssize_t)length;
    if (done) {
        done = fsync(fd) == 0;
    }

    int reason = errno;
    close(fd);
    errno = reason;

    return done;
}

/* Replace the file atomically. */
static gboolean
replace(const char *path, const char *text)
{
    g_autofree char *new = g_strconcat(path, ".new", NULL);
    if (!write_synced(new, text) || g_rename(new, path) != 0) {
        return FALSE;
    }
    return qblk_file_sync_parent(path);
}

/* A device may have another number after a reboot. */
#define MASK (STATX_INO | STATX_BTIME)

static gint64
birth(const struct statx *status)
{
    const struct statx_timestamp *time = &status->stx_btime;
    return (gint64)time->tv_sec * 1000000000 + (gint64)time->tv_nsec;
}

static void
add_identity(QblkJson *mark, const char *image)
{
    struct statx status;
    if (statx(AT_FDCWD, image, 0, MASK, &status) == 0) {
        qblk_json_set_integer(mark, "inode", (gint64)status.stx_ino);
        if ((status.stx_mask & STATX_BTIME) != 0) { /* a file system reuses inodes */
            qblk_json_set_integer(mark, "born", birth(&status));
        }
    }
}

/* If it is not known it is taken for the same. */
static gboolean
is_of_another(const QblkJson *mark, const char *image)
{
    struct statx status;
    gint64 inode, born;
    if (statx(AT_FDCWD, image, 0, MASK, &status) != 0) {
        return FALSE;
    }

    gboolean has_inode = qblk_json_integer(qblk_json_get(mark, "inode"), &inode);
    gboolean has_birth = qblk_json_integer(qblk_json_get(mark, "born"), &born);
    has_birth = has_birth && (status.stx_mask & STATX_BTIME) != 0;
    return (has_inode && inode != (gint64)status.stx_ino) || (has_birth && born != birth(&status));
}

gboolean
qblk_merged_mark_write(const char *image, const char *into, gboolean is_done, GError **error)
{
    struct stat status;
    if (lstat(image, &status) != 0 && errno == ENOENT) {
        return TRUE;
    }

    g_autofree char *path = path_of(image);
    g_autoptr(QblkJson) json = qblk_json_new_object();
    qblk_json_set_integer(json, "qblk-merged-mark", 1);
    qblk_json_set_string(json, "image", image);
    qblk_json_set_string(json, "merged-into", into);
    qblk_json_set_string(json, "state", is_done ? "merged" : "pivoting");
    add_identity(json, image);
    g_autofree char *text = qblk_json_print(json, QBLK_JSON_INDENT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    if (replace(path, line)) {
        return TRUE;
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                "cannot mark '%s' as merged in '%s': %s", image, path, g_strerror(errno));
    return FALSE;
}

void
qblk_merged_mark_remove(const char *image)
{
    g_autofree char *path = path_of(image);
    if (g_unlink(path) == 0) {
        (void)qblk_file_sync_parent(path);
    }
}

QblkMergedMark *
qblk_merged_mark_read(const char *image)
{
    g_autofree char *path = path_of(image);
    g_autofree char *text = NULL;
    gsize length = 0;
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > MOST_BYTES ||
        !g_file_get_contents(path, &text, &length, NULL)) {
        return NULL;
    }

    g_autoptr(QblkJson) json = qblk_json_parse(text, length, NULL);
    QblkMergedMark *mark = g_new0(QblkMergedMark, 1);
    /* A mark that cannot be parsed is a mark as well. */
    mark->image = g_strdup(image);
    mark->into = g_strdup(qblk_json_get_string(json, "merged-into"));
    mark->is_done = g_strcmp0(qblk_json_get_string(json, "state"), "merged") == 0;
    mark->is_of_another = is_of_another(json, image);
    return mark;
}

char *
qblk_merged_mark_describe_other(const QblkMergedMark *mark)
{
    return g_strdup_printf("another file named '%s' was merged into '%s' before; the current one "
                           "was created later, or is a copy: remove '%s" SUFFIX "' if it was "
                           "created later",
                           mark->image, mark->into == NULL ? "another image" : mark->into,
                           mark->image);
}
