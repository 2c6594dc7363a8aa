/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal.h"

#include "base/enum.h"
#include "base/limits.h"
#include "blockjob/file-sync.h"
#include "blockjob/journal-lock.h"
#include "plan/plan-json.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <qblk/snapshot.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX  ".journal"
#define VERSION 3 /* 1 had other words in its plan, 2 no paths */

struct QblkJournal {
    char *path;
    char *directory;
    int fd;
    gsize whole; /* bytes of the complete lines; an incomplete one may follow */
};

static const char *const stages[] = {"planned", "started", "pivoting", "cleaning"};

const char *
qblk_stage_name(QblkStage stage)
{
    return qblk_enum_name(stages, G_N_ELEMENTS(stages), (int)stage);
}

/* Set @error from errno; @what is the whole first part of the message.  Before anything was sent
 * @code is _STATE; afterwards the job fails because of it. */
static gboolean
set_write_error(GError **error, QblkBlockjobError code, const char *what, const char *path)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, (gint)code,
                "%s '%s': %s; use --state-dir for another directory", what, path,
                g_strerror(errno));
    return FALSE;
}

/* ---- the file ---- */

/* The same if it is not known whether an operation was interrupted. */
static gboolean
set_read_error(GError **error, const char *what, const char *path)
{
    return set_write_error(error, QBLK_BLOCKJOB_ERROR_RESULT, what, path);
}

/* @text stays NULL if there is nothing to resume: the journal was removed, or its first line
 * is incomplete, and nothing was sent yet. */
static gboolean
read_text(int fd, const char *path, char **text, gsize *length, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return set_read_error(error, "cannot read the journal", path);
    }

    if (!S_ISREG(status.st_mode)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "'%s' is not a journal: not a regular file", path);
        return FALSE;
    }

    if (status.st_size > QBLK_LIMIT_JOURNAL_BYTES) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "'%s' is not a journal: more than %d bytes (QBLK_LIMIT_JOURNAL_BYTES)", path,
                    QBLK_LIMIT_JOURNAL_BYTES);
        return FALSE;
    }

    if (!qblk_journal_lock_is_current(fd, path)) {
        return TRUE;
    }

    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, text, length, &cause)) {
        gboolean is_gone = g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        g_propagate_error(is_gone ? NULL : error, g_steal_pointer(&cause));
        return is_gone;
    }

    if (memchr(*text, '\n', *length) == NULL) {
        g_clear_pointer(text, g_free);
    }

    return TRUE;
}

/* ---- writing ---- */

static gboolean
append_line(QblkJournal *journal, const QblkJson *json, QblkBlockjobError code, GError **error)
{
    g_autofree char *text = qblk_json_print(json, QBLK_JSON_COMPACT);
    if (qblk_file_sync_append_line(journal->fd, &journal->whole, text)) {
        return TRUE;
    }
    return set_write_error(error, code, "cannot write the journal", journal->path);
}

/* One file for each disk of a QEMU, whichever of its monitors is used. */
static char *
file_name(const QblkJournalVm *vm, const QblkPlan *plan)
{
    g_autofree char *key = qblk_journal_vm_key(vm);
    g_autofree char *target = qblk_plan_id_part(plan->target);
    return g_strdup_printf("%s-%s" SUFFIX, key, target);
}

static QblkJournal *
journal_new(const char *directory, char *path, int fd)
{
    QblkJournal *journal = g_new0(QblkJournal, 1);
    journal->directory = g_strdup(directory);
    journal->path = path;
    journal->fd = fd;
    return journal;
}

void
qblk_journal_leave(QblkJournal *journal)
{
    if (journal == NULL) {
        return;
    }

    if (journal->fd >= 0) {
        close(journal->fd);
    }

    g_free(journal->path);
    g_free(journal->directory);
    g_free(journal);
}

void
qblk_journal_end(QblkJournal *journal)
{
    (void)g_unlink(journal->path);
    (void)qblk_file_sync_directory(journal->directory);
    qblk_journal_leave(journal);
}

/* A journal without a complete first line is empty.  It is cut off when that line is written, and
 * not when it is listed: the file is locked then. */
static gboolean
check_is_empty(const QblkJournal *journal, const QblkPlan *plan, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!read_text(journal->fd, journal->path, &text, &length, error)) {
        return FALSE;
    }

    if (text != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "an operation on '%s' was interrupted: run 'qblk recover' first (journal: "
                    "'%s')",
                    plan->target, journal->path);
        return FALSE;
    }

    return TRUE;
}

static gboolean
append_header(QblkJournal *journal, const QblkJournalVm *vm, const QblkPlan *plan, GError **error)
{
    g_autoptr(QblkJson) header = qblk_json_new_object();
    qblk_json_set_integer(header, "qblk-journal", VERSION);
    qblk_json_set(header, "vm", qblk_journal_vm_to_json(vm));
    qblk_json_set(header, "plan", qblk_plan_json_new(plan));
    return append_line(journal, header, QBLK_BLOCKJOB_ERROR_STATE, error);
}

static gboolean
sync_directory(const char *directory, GError **error)
{
    return qblk_file_sync_directory(directory) ||
           set_write_error(error, QBLK_BLOCKJOB_ERROR_STATE,
                           "cannot write the directory for journals", directory);
}

QblkJournal *
qblk_journal_begin(const char *directory, const QblkJournalVm *vm, const QblkPlan *plan,
                   GError **error)
{
    if (!qblk_file_sync_make_directory(directory)) {
        set_write_error(error, QBLK_BLOCKJOB_ERROR_STATE,
                        "cannot create the directory for journals", directory);
        return NULL;
    }

    g_autofree char *name = file_name(vm, plan);
    char *path = g_build_filename(directory, name, NULL);
    int fd = qblk_journal_lock_open(path, O_CREAT, error);
    if (fd < 0) {
        g_free(path);
        return NULL;
    }

    g_autoptr(QblkJournal) journal = journal_new(directory, path, fd);
    if (!check_is_empty(journal, plan, error)) {
        return NULL;
    }

    if (!append_header(journal, vm, plan, error) || !sync_directory(directory, error)) {
        (void)g_unlink(path);
        return NULL;
    }
    return g_steal_pointer(&journal);
}

gboolean
qblk_journal_is_of(const QblkJournal *journal, const QblkJournalVm *vm, const QblkPlan *plan)
{
    g_autofree char *name = file_name(vm, plan);
    g_autofree char *own = g_path_get_basename(journal->path);
    return g_str_equal(name, own);
}

QblkJournal *
qblk_journal_replace(QblkJournal *earlier, const QblkJournalVm *vm, const QblkPlan *plan,
                     GError **error)
{
    char *path = g_strconcat(earlier->path, ".new", NULL);
    (void)g_unlink(path); /* of a process that ended; @earlier is locked */
    int fd = qblk_journal_lock_open(path, O_CREAT | O_EXCL, error);
    if (fd < 0) {
        g_free(path);
        return NULL;
    }

    g_autoptr(QblkJournal) journal = journal_new(earlier->directory, path, fd);
    if (!append_header(journal, vm, plan, error)) {
        (void)g_unlink(path);
        return NULL;
    }
    if (g_rename(path, earlier->path) != 0) {
        set_write_error(error, QBLK_BLOCKJOB_ERROR_STATE, "cannot write the journal", path);
        (void)g_unlink(path);
        return NULL;
    }

    g_free(journal->path);
    journal->path = g_strdup(earlier->path);
    (void)qblk_file_sync_directory(journal->directory); /* until then it is the earlier one */
    qblk_journal_leave(earlier);
    return g_steal_pointer(&journal);
}

gboolean
qblk_journal_note(QblkJournal *journal, QblkStage stage, const QblkOldTop *old, GError **error)
{
    g_autoptr(QblkJson) line = qblk_json_new_object();
    qblk_json_set_string(line, "stage", stages[stage]);
    if (old != NULL && qblk_old_top_is_known(old)) {
        qblk_json_set(line, "old-top", qblk_old_top_json_new(old));
    }
    return append_line(journal, line, QBLK_BLOCKJOB_ERROR_FAILED, error);
}

/* ---- reading ---- */

void
qblk_journal_record_free(QblkJournalRecord *record)
{
    if (record == NULL) {
        return;
    }

    g_free(record->path);
    g_free(record->text);
    g_clear_error(&record->error);
    qblk_journal_vm_clear(&record->vm);
    g_clear_pointer(&record->plan, qblk_plan_unref);
    qblk_old_top_clear(&record->old);
    g_free(record);
}

static gboolean
read_header(QblkJournalRecord *record, const QblkJson *json, GError **error)
{
    gint64 version = 0;
    if (!qblk_json_integer(qblk_json_get(json, "qblk-journal"), &version) || version != VERSION ||
        !qblk_journal_vm_read(&record->vm, qblk_json_get(json, "vm"))) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "not a journal, or one of another version of qblk");
        return FALSE;
    }

    record->plan = qblk_plan_json_read(qblk_json_get(json, "plan"), error);
    return record->plan != NULL;
}

static void
read_stage(QblkJournalRecord *record, const QblkJson *json)
{
    const char *name = qblk_json_get_string(json, "stage");
    for (gsize i = 0; i < G_N_ELEMENTS(stages); i++) {
        record->stage = g_strcmp0(stages[i], name) == 0 ? (QblkStage)i : record->stage;
    }
    qblk_old_top_clear(&record->old);
    qblk_old_top_parse(&record->old, qblk_json_get(json, "old-top"));
}

QblkJournalRecord *
qblk_journal_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(QblkJournalRecord) record = g_new0(QblkJournalRecord, 1);
    const char *end = text + length;
    for (const char *line = text; line < end;) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));
        g_autoptr(QblkJson) json = newline == NULL ? NULL
                                                   : qblk_json_parse(line, (gsize)(newline - line),
                                                                     line == text ? error : NULL);
        if (json == NULL && line != text) {
            break; /* it is incomplete: its stage has not begun */
        }
        if (json == NULL || (line == text && !read_header(record, json, error))) {
            if (error != NULL && *error == NULL) {
                g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                            "the journal has no complete line");
            }
            return NULL;
        }
        if (line != text) {
            read_stage(record, json);
        }
        line = newline + 1;
        record->whole = (gsize)(line - text);
    }

    if (record->plan == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "the journal is empty");
        return NULL;
    }

    return g_steal_pointer(&record);
}

static gint64
get_changed(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (gint64)status.st_mtim.tv_sec : QBLK_UNKNOWN;
}

QblkJournalRecord *
qblk_journal_read(const char *path)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;
    QblkJournalRecord *record = NULL;
    gboolean is_busy = FALSE;
    gint64 changed = QBLK_UNKNOWN;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
        is_busy = qblk_journal_lock_is_taken(fd);
        changed = get_changed(fd);
        if (read_text(fd, path, &text, &length, &cause) && text != NULL) {
            record = qblk_journal_parse(text, length, &cause);
            g_prefix_error(&cause, "'%s': ", path);
        }
        close(fd);
    } else if (errno != ENOENT) {
        set_read_error(&cause, "cannot read the journal", path);
    }

    if (cause != NULL) {
        record = g_new0(QblkJournalRecord, 1);
        record->error = g_steal_pointer(&cause);
    }

    if (record != NULL) {
        record->path = g_strdup(path);
        record->text = g_steal_pointer(&text);
        record->is_busy = is_busy;
        record->changed = changed;
    }

    return record;
}

static void
record_free(gpointer data)
{
    qblk_journal_record_free(data);
}

static gint
compare_paths(gconstpointer a, gconstpointer b)
{
    const QblkJournalRecord *const *left = a, *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

/* FALSE without an error if it does not exist. */
static gboolean
is_directory(const char *directory, GError **error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    } else if (errno != ENOENT) {
        set_read_error(error, "cannot read the directory for journals", directory);
    }
    return fd >= 0;
}

gboolean
qblk_journal_check_directory(const char *directory, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (is_directory(directory, &cause) || cause == NULL) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

GPtrArray *
qblk_journal_list(const char *directory, GError **error)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(record_free);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) files =
        is_directory(directory, &cause) ? g_dir_open(directory, 0, &cause) : NULL;
    const char *name = NULL;
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }

    while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        QblkJournalRecord *record = g_str_has_suffix(name, SUFFIX) ? qblk_journal_read(path) : NULL;
        if (record != NULL) {
            g_ptr_array_add(records, record);
        }
    }

    g_ptr_array_sort(records, compare_paths);
    return g_steal_pointer(&records);
}

gboolean
qblk_journal_is_named_for(const char *path, const QblkJournalVm *vm)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *key = qblk_journal_vm_key(vm);
    g_autofree char *prefix = g_strconcat(key, "-", NULL);
    return g_str_has_prefix(name, prefix);
}

/* Another process may have resumed the operation since @record was read. */
static gboolean
is_unchanged(const QblkJournal *journal, const QblkJournalRecord *record)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    return read_text(journal->fd, journal->path, &text, &length, NULL) &&
           g_strcmp0(text, record->text) == 0;
}

QblkJournal *
qblk_journal_resume(const QblkJournalRecord *record, GError **error)
{
    g_autoptr(GError) cause = NULL;
    int fd = qblk_journal_lock_open(record->path, 0, &cause);
    gboolean is_gone = fd < 0 && !g_file_test(record->path, G_FILE_TEST_EXISTS);
    if (fd < 0 && !is_gone) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }

    g_autofree char *directory = g_path_get_dirname(record->path);
    g_autoptr(QblkJournal) journal = journal_new(directory, g_strdup(record->path), fd);
    journal->whole = record->whole;
    if (is_gone || !is_unchanged(journal, record)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "another qblk process has resumed it meanwhile (journal: '%s'): run 'qblk "
                    "recover' again",
                    record->path);
        return NULL;
    }

    return g_steal_pointer(&journal);
}
