/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The journal: a record of an operation, on disk before the operation is carried out, so that a
 * crash loses nothing.
 *
 * Each operation, on one disk, has a file.  Its first line is the plan and the VM, each line after
 * it a stage that begins.  A line is synced before it counts; one that a crash left incomplete is
 * ignored.  The file is locked while a process works on the disk, and removed at the end.
 */
#pragma once

#include "blockjob/journal-vm.h"
#include "blockjob/old-top.h"
#include "plan/plan.h"

#include <qblk/stage.h>

typedef struct QblkJournal QblkJournal;

/**
 * Begin the journal of @plan on @vm in @directory, which is created if it does not exist.
 *
 * Returns: (transfer full): the journal; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if another process
 * works on the disk or an operation on it was interrupted, _STATE if it cannot be written.
 */
QblkJournal *qblk_journal_begin(const char *directory, const QblkJournalVm *vm,
                                const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Begin the journal of @plan on @vm in the place of @earlier, the interrupted operation on the same
 * disk, which the user has decided on: one of the two is on disk at any time.
 *
 * @earlier: (transfer full) on success; otherwise it stays as it is
 *
 * Returns: (transfer full): the journal; NULL with QBLK_BLOCKJOB_ERROR_STATE if it cannot be
 * written, _REFUSED if another process works on the disk
 */
QblkJournal *qblk_journal_replace(QblkJournal *earlier, const QblkJournalVm *vm,
                                  const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @journal is that of the disk of @plan on @vm. */
gboolean qblk_journal_is_of(const QblkJournal *journal, const QblkJournalVm *vm,
                            const QblkPlan *plan);

/** Record that @stage begins, or continues with the old active image in the state @old (nullable);
 * _FAILED if that may not be on disk. */
gboolean qblk_journal_note(QblkJournal *journal, QblkStage stage, const QblkOldTop *old,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** End the operation, and remove the file.  @journal: (transfer full). */
void qblk_journal_end(QblkJournal *journal);

/** Keep the file, for the operation to be resumed.  @journal: (transfer full) (nullable). */
void qblk_journal_leave(QblkJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJournal, qblk_journal_leave)

/** The contents of a journal. */
typedef struct {
    char *path;
    char *text;       /* all of it, as it was read */
    gsize whole;      /* bytes of its complete lines */
    GError *error;    /* NULL: none.  QBLK_BLOCKJOB_ERROR_RESULT: it cannot be read; another one: it
                       * is not a journal.  Nothing else is known then */
    gboolean is_busy; /* another process works on it */
    gint64 changed;   /* when it was written last, in seconds since 1970, or QBLK_UNKNOWN */
    QblkJournalVm vm;
    QblkPlan *plan;
    QblkStage stage;
    QblkOldTop old; /* the old active image when its guest had left it, if that was recorded */
} QblkJournalRecord;

void qblk_journal_record_free(QblkJournalRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJournalRecord, qblk_journal_record_free)

/** Parse the text of a journal.  QBLK_BLOCKJOB_ERROR_FAILED if it is not one. */
QblkJournalRecord *qblk_journal_parse(const char *text, gsize length,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Read the journal @path.  Returns: (transfer full): NULL if there is nothing to resume. */
QblkJournalRecord *qblk_journal_read(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @path is the name of a journal of the VM @vm, whatever it contains. */
gboolean qblk_journal_is_named_for(const char *path, const QblkJournalVm *vm);

/** Returns: TRUE if @directory can be read or does not exist; FALSE with QBLK_BLOCKJOB_ERROR_RESULT
 * otherwise. */
gboolean qblk_journal_check_directory(const char *directory,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read all journals in @directory.  One that cannot be read is among them, with its error.
 *
 * Returns: (transfer full): of QblkJournalRecord, owned, grouped by VM and ordered by disk; empty
 * if @directory does not exist; NULL with QBLK_BLOCKJOB_ERROR_RESULT if it cannot be read.
 */
GPtrArray *qblk_journal_list(const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Resume the operation of @record.  _REFUSED if another process works on it, or has since @record
 * was read. */
QblkJournal *qblk_journal_resume(const QblkJournalRecord *record,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
