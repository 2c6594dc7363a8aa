/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark.h"

#include "blockjob/file-sync.h"
#include "blockjob/merged-mark-place.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define VERSION    2 /* 1 had the members of the file in the mark itself */
#define MOST_BYTES 65536

/* ---- reading ---- */

/* NULL if the file @place is not a mark. */
static QblkMergedMark *
read_place(const char *place)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    struct stat status;
    if (lstat(place, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > MOST_BYTES ||
        !g_file_get_contents(place, &text, &length, NULL)) {
        return NULL;
    }

    g_autoptr(QblkJson) json = qblk_json_parse(text, length, NULL);
    const QblkJson *file = qblk_json_get(json, "file");
    const char *state = qblk_json_get_string(json, "state");
    QblkMergedMark *mark = g_new0(QblkMergedMark, 1);
    mark->place = g_strdup(place);
    mark->image = g_strdup(qblk_json_get_string(json, "image"));
    mark->is_done = g_strcmp0(state, "merged") == 0;
    mark->is_copy = g_strcmp0(state, "incomplete") == 0;
    mark->into = g_strdup(qblk_json_get_string(json, mark->is_copy ? "copy-of" : "merged-into"));
    (void)qblk_json_integer(qblk_json_get(json, "directory"), &mark->directory);
    qblk_marked_file_parse(&mark->file, file == NULL ? json : file);
    qblk_marked_file_parse(&mark->into_file, qblk_json_get(json, "into-file"));
    qblk_old_top_parse(&mark->old, qblk_json_get(json, "old-top"));
    return mark;
}

static void
mark_free(gpointer data)
{
    qblk_merged_mark_free(data);
}

struct QblkMergedMarks {
    GPtrArray *list; /* of QblkMergedMark, owned */
};

QblkMergedMarks *
qblk_merged_marks_load(const char *state_dir)
{
    QblkMergedMarks *marks = g_new0(QblkMergedMarks, 1);
    marks->list = g_ptr_array_new_with_free_func(mark_free);
    if (state_dir == NULL) {
        return marks;
    }

    g_autofree char *directory = qblk_merged_mark_place_directory(state_dir);
    g_autoptr(GDir) files = g_dir_open(directory, 0, NULL);
    const char *name = NULL;
    while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
        g_autofree char *place = g_build_filename(directory, name, NULL);
        g_autoptr(QblkMergedMark) mark =
            qblk_merged_mark_place_is_name(name) ? read_place(place) : NULL;
        if (mark != NULL && mark->image != NULL && qblk_marked_file_is_known(&mark->file)) {
            g_ptr_array_add(marks->list, g_steal_pointer(&mark));
        }
    }
    return marks;
}

void
qblk_merged_marks_free(QblkMergedMarks *marks)
{
    if (marks != NULL) {
        g_ptr_array_unref(marks->list);
        g_free(marks);
    }
}

/* Links to a directory lead to the same mark, and are not resolved: a command may look for the
 * marks of hundreds of layers. */
static QblkMergedMark *
read_beside(const char *image)
{
    gboolean is_link = g_file_test(image, G_FILE_TEST_IS_SYMLINK);
    g_autofree char *real = is_link ? qblk_merged_mark_place_real(image) : g_strdup(image);
    g_autofree char *place = qblk_merged_mark_place_beside(real);
    return read_place(place);
}

/* A damaged mark counts as one of the file. */
static gboolean
is_of(const QblkMergedMark *mark, const QblkMarkedFile *file)
{
    return !qblk_marked_file_is_known(&mark->file) || qblk_marked_file_is_same(&mark->file, file);
}

QblkMergedMark *
qblk_merged_marks_find(const QblkMergedMarks *marks, const char *image)
{
    g_autoptr(QblkMergedMark) found = read_beside(image);
    g_auto(QblkMarkedFile) file = {0};
    gboolean is_any = found != NULL || marks->list->len > 0;
    if (!is_any || !qblk_marked_file_read(&file, image)) {
        return NULL;
    }
    if (found != NULL && (qblk_marked_file_is_block(&file) || !is_of(found, &file))) {
        g_clear_pointer(&found, qblk_merged_mark_free);
    }

    /* One that could not be made final beside the image is final in the state directory. */
    for (guint i = 0; i < marks->list->len; i++) {
        const QblkMergedMark *mark = marks->list->pdata[i];
        gboolean is_better = found == NULL || (mark->is_done && !found->is_done);
        if (is_better && is_of(mark, &file)) {
            g_clear_pointer(&found, qblk_merged_mark_free);
            found = read_place(mark->place);
        }
    }
    return g_steal_pointer(&found);
}

QblkMergedMark *
qblk_merged_mark_read(const char *image, const char *state_dir)
{
    if (image == NULL) {
        return NULL;
    }
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(state_dir);
    return qblk_merged_marks_find(marks, image);
}

/* ---- writing ---- */

/* A mark that is to be written. */
typedef struct {
    QblkMarkedFile file;
    gboolean has_other_names; /* hard links, beside which there is no mark */
    char *text;
    char *beside; /* NULL: of a block device */
    char *stored; /* NULL: there is no state directory */
    int beside_error, stored_error;
} Draft;

static void
draft_clear(Draft *draft)
{
    qblk_marked_file_clear(&draft->file);
    g_free(draft->text);
    g_free(draft->beside);
    g_free(draft->stored);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)

static QblkJson *
file_json(const QblkMarkedFile *file)
{
    QblkJson *object = qblk_json_new_object();
    qblk_marked_file_add(file, object);
    return object;
}

/* The path of @image without links, unless it is a block device: the links to it are its lasting
 * names. */
static char *
lasting_path(const char *image, gboolean is_block)
{
    return is_block ? g_canonicalize_filename(image, NULL) : qblk_merged_mark_place_real(image);
}

static char *
mark_text(const Draft *draft, const char *real, const QblkMergedImages *images, gboolean is_done)
{
    const char *into = images->into;
    const char *state = is_done ? "merged" : "pivoting";
    g_autofree char *directory = g_path_get_dirname(real);
    g_autoptr(QblkJson) json = qblk_json_new_object();
    g_auto(QblkMarkedFile) into_file = {0};
    struct stat status = {0};

    gboolean is_path = g_path_is_absolute(into);
    gboolean is_file = is_path && qblk_marked_file_read(&into_file, into);
    gboolean is_block = is_file && qblk_marked_file_is_block(&into_file);
    g_autofree char *into_path = is_path ? lasting_path(into, is_block) : g_strdup(into);

    (void)stat(directory, &status);
    qblk_json_set_integer(json, "qblk-merged-mark", VERSION);
    qblk_json_set_string(json, "image", real);
    qblk_json_set_integer(json, "directory", (gint64)status.st_ino);
    qblk_json_set(json, "file", file_json(&draft->file));
    qblk_json_set_string(json, images->is_copy ? "copy-of" : "merged-into", into_path);
    if (is_file) {
        qblk_json_set(json, "into-file", file_json(&into_file));
    }
    qblk_json_set_string(json, "state", images->is_copy ? "incomplete" : state);
    if (images->old != NULL && qblk_old_top_is_known(images->old)) {
        qblk_json_set(json, "old-top", qblk_old_top_json_new(images->old));
    }

    g_autofree char *text = qblk_json_print(json, QBLK_JSON_INDENT);
    return g_strconcat(text, "\n", NULL);
}

/* What the file of a mark in the state directory is named after: the same for the same file. */
static char *
stored_key(const QblkMarkedFile *file, const char *real)
{
    if (!qblk_marked_file_is_block(file)) {
        return g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, real, file->inode,
                               file->born);
    }
    if (file->id != NULL) {
        return g_strdup(file->id);
    }
    return g_strdup_printf("%" G_GINT64_FORMAT " %s", file->device, file->boot);
}

/* TRUE if the file that the name of the image leads to is the one that was merged. */
static gboolean
is_merged_file(const QblkMergedImages *images, const struct stat *status)
{
    const QblkFileIdentity found = qblk_file_identity(status);
    return !qblk_file_identity_is_known(&images->file) ||
           qblk_file_identity_is_same(&images->file, &found);
}

/* FALSE with errno if the image cannot be identified. */
static gboolean
draft_init(Draft *draft, const QblkMergedImages *images, const char *state_dir, gboolean is_done)
{
    struct stat status;
    if (!qblk_marked_file_read(&draft->file, images->image) || stat(images->image, &status) != 0) {
        return FALSE;
    }
    if (!is_merged_file(images, &status)) {
        errno = ENOENT;
        return FALSE;
    }

    g_autofree char *real = lasting_path(images->image, S_ISBLK(status.st_mode));
    draft->has_other_names = S_ISREG(status.st_mode) && status.st_nlink > 1;
    draft->text = mark_text(draft, real, images, is_done);
    if (!S_ISBLK(status.st_mode)) {
        draft->beside = qblk_merged_mark_place_beside(real);
    }
    if (state_dir != NULL) {
        g_autofree char *key = stored_key(&draft->file, real);
        draft->stored = qblk_merged_mark_place_stored(state_dir, key);
    }
    return TRUE;
}

typedef gboolean (*Write)(const char *place, const char *text);

static gboolean
write_beside(Draft *draft, Write write)
{
    gboolean done = draft->beside != NULL && write(draft->beside, draft->text);
    draft->beside_error = errno;
    return done;
}

static gboolean
write_stored(Draft *draft, Write write)
{
    if (draft->stored == NULL) {
        return FALSE;
    }

    g_autofree char *directory = g_path_get_dirname(draft->stored);
    gboolean done = qblk_file_sync_make_directory(directory) && write(draft->stored, draft->text);
    draft->stored_error = errno;
    return done;
}

static void
set_no_place(GError **error, int code, const QblkMergedImages *images, const Draft *draft)
{
    const char *image = images->image;
    const char *beside_reason = g_strerror(draft->beside_error);
    const char *stored_reason = g_strerror(draft->stored_error);

    if (images->is_copy) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, code, "cannot mark '%s' as an incomplete copy: %s",
                    image, draft->stored == NULL ? beside_reason : stored_reason);
    } else if (draft->stored == NULL && draft->beside == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, code,
                    "cannot mark '%s' as merged: it is a block device, and there is no directory "
                    "for its mark",
                    image);
    } else if (draft->stored == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, code, "cannot mark '%s' as merged in '%s': %s",
                    image, draft->beside, beside_reason);
    } else if (draft->beside == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, code,
                    "cannot mark '%s', a block device, as merged in '%s': %s; use --state-dir for "
                    "another directory",
                    image, draft->stored, stored_reason);
    } else {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, code,
                    "cannot mark '%s' as merged in '%s' (%s) or '%s' (%s): use --state-dir for "
                    "another directory",
                    image, draft->beside, beside_reason, draft->stored, stored_reason);
    }
}

gboolean
qblk_merged_mark_write(const QblkMergedImages *images, const char *state_dir, gboolean is_done,
                       GError **error)
{
    g_auto(Draft) draft = {0};
    if (images->image == NULL) {
        return TRUE;
    }
    if (!draft_init(&draft, images, state_dir, is_done)) {
        if (errno == ENOENT) {
            return TRUE;
        }
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "cannot mark '%s' as merged: %s", images->image, g_strerror(errno));
        return FALSE;
    }

    /* A mark in the state directory, of a time when there was no space beside the image, is kept up
     * to date. */
    gboolean is_beside = write_beside(&draft, qblk_merged_mark_place_write);
    gboolean is_wanted = !is_beside || draft.has_other_names ||
                         (draft.stored != NULL && g_file_test(draft.stored, G_FILE_TEST_EXISTS));
    gboolean is_stored = is_wanted && write_stored(&draft, qblk_merged_mark_place_write);
    if (!is_beside && !is_stored) {
        set_no_place(error, QBLK_BLOCKJOB_ERROR_FAILED, images, &draft);
    }
    return is_beside || is_stored;
}

gboolean
qblk_merged_mark_find_place(const QblkMergedImages *images, const char *state_dir, GError **error)
{
    g_auto(Draft) draft = {0};
    if (images->image == NULL) {
        return TRUE;
    }
    if (!draft_init(&draft, images, state_dir, FALSE)) {
        if (errno == ENOENT) {
            return TRUE;
        }
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot mark '%s' as merged: %s", images->image, g_strerror(errno));
        return FALSE;
    }

    gboolean is_found = write_beside(&draft, qblk_merged_mark_place_try);
    if (!is_found) {
        is_found = write_stored(&draft, qblk_merged_mark_place_try);
    }
    if (!is_found) {
        set_no_place(error, QBLK_BLOCKJOB_ERROR_REFUSED, images, &draft);
    }
    return is_found;
}

/* ---- removing ---- */

/* The name of a device, such as that of a logical volume, is a link.  The name that the kernel has
 * given, such as /dev/dm-1, is given to another device after a reboot, and proves nothing. */
static gboolean
is_obsolete_device(const QblkMergedMark *mark)
{
    g_auto(QblkMarkedFile) file = {0};
    if (mark->file.id == NULL) {
        return !qblk_marked_file_is_of_this_boot(&mark->file);
    }
    return g_file_test(mark->image, G_FILE_TEST_IS_SYMLINK) &&
           qblk_marked_file_read(&file, mark->image) && !is_of(mark, &file);
}

/* The file may be in a file system that is not mounted. */
static gboolean
is_gone(const QblkMergedMark *mark)
{
    g_autofree char *directory = g_path_get_dirname(mark->image);
    struct stat status;
    return stat(directory, &status) == 0 && (gint64)status.st_ino == mark->directory;
}

/* TRUE if the file of @mark, in the state directory, is known to be replaced or deleted. */
static gboolean
is_obsolete(const QblkMergedMark *mark)
{
    g_auto(QblkMarkedFile) file = {0};
    if (qblk_marked_file_is_block(&mark->file)) {
        return is_obsolete_device(mark);
    }
    if (qblk_marked_file_read(&file, mark->image)) {
        return !is_of(mark, &file);
    }
    return errno == ENOENT && is_gone(mark);
}

static void
remove_obsolete(const QblkMergedMark *mark, const char *image, GPtrArray *removed)
{
    if (qblk_merged_mark_place_remove(mark->place)) {
        g_ptr_array_add(removed, qblk_merged_mark_describe_removed(mark, image));
    }
}

void
qblk_merged_marks_tidy(const QblkMergedMarks *marks, GPtrArray *removed)
{
    for (guint i = 0; i < marks->list->len; i++) {
        const QblkMergedMark *mark = marks->list->pdata[i];
        if (is_obsolete(mark)) {
            remove_obsolete(mark, mark->image, removed);
        }
    }
}

QblkMergedMark *
qblk_merged_mark_find_obsolete(const char *image)
{
    g_autoptr(QblkMergedMark) mark = read_beside(image);
    g_auto(QblkMarkedFile) file = {0};
    if (mark == NULL) {
        return NULL;
    }

    gboolean is_there = qblk_marked_file_read(&file, image);
    gboolean is_obsolete = is_there ? !is_of(mark, &file) : errno == ENOENT;
    return is_obsolete ? g_steal_pointer(&mark) : NULL;
}

void
qblk_merged_mark_tidy_beside(const char *image, GPtrArray *removed)
{
    g_autoptr(QblkMergedMark) mark = image == NULL ? NULL : qblk_merged_mark_find_obsolete(image);
    if (mark != NULL) {
        remove_obsolete(mark, image, removed);
    }
}

void
qblk_merged_mark_remove(const char *image, const char *state_dir)
{
    g_auto(QblkMarkedFile) file = {0};
    if (image == NULL) {
        return;
    }

    gboolean is_there = qblk_marked_file_read(&file, image);
    g_autofree char *real = qblk_merged_mark_place_real(image);
    g_autofree char *beside = qblk_merged_mark_place_beside(real);
    (void)qblk_merged_mark_place_remove(beside);

    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(state_dir);
    for (guint i = 0; i < marks->list->len; i++) {
        const QblkMergedMark *mark = marks->list->pdata[i];
        gboolean is_wanted =
            is_there ? is_of(mark, &file) : g_str_equal(mark->image, real) && is_obsolete(mark);
        if (is_wanted) {
            (void)qblk_merged_mark_place_remove(mark->place);
        }
    }
}
