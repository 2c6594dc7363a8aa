/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/old-top.h"

#include <errno.h>
#include <sys/stat.h>

#define SECOND   G_GINT64_CONSTANT(1000000000)
#define COARSEST (2 * SECOND) /* between two times of a file system that counts whole seconds */

/* TRUE if a file whose time is @written shows the same one if it is written right now. */
static gboolean
may_repeat(gint64 written)
{
    return written % SECOND == 0 && g_get_real_time() * 1000 < written + COARSEST;
}

gboolean
qblk_old_top_read(QblkOldTop *old, const char *path, gboolean is_closed)
{
    struct stat status;
    *old = (QblkOldTop){0};
    if (stat(path, &status) != 0) {
        return FALSE;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL; /* writing to a block device does not change the time of its name */
        return FALSE;
    }
    if (!qblk_marked_file_read(&old->file, path)) {
        return FALSE;
    }

    old->written = (gint64)status.st_mtim.tv_sec * SECOND + (gint64)status.st_mtim.tv_nsec;
    old->size = (gint64)status.st_size;
    old->is_closed = is_closed;
    old->may_repeat = may_repeat(old->written);
    return TRUE;
}

void
qblk_old_top_clear(QblkOldTop *old)
{
    qblk_marked_file_clear(&old->file);
    *old = (QblkOldTop){0};
}

gboolean
qblk_old_top_is_known(const QblkOldTop *old)
{
    return old->written != 0 && qblk_marked_file_is_known(&old->file);
}

/* A copy that has kept the time has the same content.  A time that is earlier now was set back, or
 * was lost with the power: it tells nothing. */
QblkOldTopChange
qblk_old_top_compare(const QblkOldTop *recorded, const QblkOldTop *now)
{
    gboolean is_same_time = recorded->written == now->written;
    if (!qblk_old_top_is_known(recorded) || !qblk_old_top_is_known(now)) {
        return QBLK_OLD_TOP_UNKNOWN;
    }
    if (is_same_time && recorded->size == now->size) {
        return recorded->may_repeat ? QBLK_OLD_TOP_UNKNOWN : QBLK_OLD_TOP_UNCHANGED;
    }
    if (now->written < recorded->written ||
        !qblk_marked_file_is_same(&recorded->file, &now->file)) {
        return QBLK_OLD_TOP_UNKNOWN;
    }
    return recorded->is_closed ? QBLK_OLD_TOP_WRITTEN : QBLK_OLD_TOP_MAY_BE_QEMUS;
}

QblkOldTopChange
qblk_old_top_look(const QblkOldTop *recorded, const char *path)
{
    g_auto(QblkOldTop) now = {0};
    if (path == NULL) {
        return QBLK_OLD_TOP_UNKNOWN;
    }
    if (!qblk_old_top_read(&now, path, TRUE)) {
        return errno == ENOENT ? QBLK_OLD_TOP_UNCHANGED : QBLK_OLD_TOP_UNKNOWN;
    }
    return qblk_old_top_compare(recorded, &now);
}

char *
qblk_old_top_describe_time(const char *path)
{
    struct stat status;
    gboolean is_file = path != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode);
    g_autoptr(GDateTime) time =
        is_file ? g_date_time_new_from_unix_utc((gint64)status.st_mtim.tv_sec) : NULL;
    char *text = time == NULL ? NULL : g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC");
    return text == NULL ? g_strdup("an unknown time") : text;
}

/* ---- JSON ---- */

QblkJson *
qblk_old_top_json_new(const QblkOldTop *old)
{
    QblkJson *object = qblk_json_new_object();
    qblk_marked_file_add(&old->file, object);
    qblk_json_set_integer(object, "written", old->written);
    qblk_json_set_integer(object, "size", old->size);
    qblk_json_set_boolean(object, "closed", old->is_closed);
    qblk_json_set_boolean(object, "may-repeat", old->may_repeat);
    return object;
}

void
qblk_old_top_parse(QblkOldTop *old, const QblkJson *object)
{
    *old = (QblkOldTop){0};
    qblk_marked_file_parse(&old->file, object);
    (void)qblk_json_integer(qblk_json_get(object, "written"), &old->written);
    (void)qblk_json_integer(qblk_json_get(object, "size"), &old->size);
    old->is_closed = qblk_json_true(qblk_json_get(object, "closed"));
    old->may_repeat = qblk_json_true(qblk_json_get(object, "may-repeat"));
}
