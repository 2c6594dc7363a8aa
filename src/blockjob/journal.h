/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The journal: what was to be done, on disk before it is done, so that a crash loses nothing.
 *
 * One file an operation, for one disk.  Its first line is the plan and the VM, each line after it a
 * stage that begins; both are synced before they count.  A line that was torn by a crash is not
 * there.  The file is locked while somebody works on the disk, and gone when all is done.
 */
#pragma once

#include "blockjob/journal-vm.h"
#include "plan/plan.h"

/** How far an operation is.  In their order. */
typedef enum {
    QBLK_STAGE_PLANNED,  /* nothing was started that could change the chain */
    QBLK_STAGE_STARTED,  /* the job may have started */
    QBLK_STAGE_PIVOTING, /* the command that changes the chain may have been sent */
    QBLK_STAGE_CLEANING, /* the chain was changed */
} QblkStage;

/** "planned", "started", "pivoting", "cleaning". */
const char *qblk_journal_stage_name(QblkStage stage);

typedef struct QblkJournal QblkJournal;

/**
 * Begin the journal of @plan on @vm in @directory, which is made if it is not there.
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED where another process works on the disk or an operation was left
 * unfinished there, _FAILED where the journal cannot be written.
 */
QblkJournal *qblk_journal_begin(const char *directory, const QblkJournalVm *vm,
                                const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Write down that @stage begins; _FAILED where that is not certain to be on disk. */
gboolean qblk_journal_note(QblkJournal *journal, QblkStage stage,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** All is done, or nothing: the file goes.  Frees @journal. */
void qblk_journal_end(QblkJournal *journal);

/** Leave the file for somebody who takes the operation up.  Frees @journal. */
void qblk_journal_leave(QblkJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJournal, qblk_journal_leave)

/** What a journal has. */
typedef struct {
    char *path;
    char *text;       /* all of it, as it was read */
    gsize whole;      /* bytes of it in lines that count; the rest was torn */
    GError *error;    /* QBLK_BLOCKJOB_ERROR_RESULT: it cannot be read; another: it is no journal;
                       * then nothing else is known.  NULL: it is one */
    gboolean is_busy; /* somebody works on it right now */
    QblkJournalVm vm;
    QblkPlan *plan;
    QblkStage stage;
} QblkJournalRecord;

void qblk_journal_record_free(QblkJournalRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkJournalRecord, qblk_journal_record_free)

/** Read the text of a journal.  QBLK_BLOCKJOB_ERROR_FAILED where it is none. */
QblkJournalRecord *qblk_journal_parse(const char *text, gsize length,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What the journal @path has now; NULL where there is nothing to take up (any more). */
QblkJournalRecord *qblk_journal_read(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @path is the name of a journal of the VM @vm, whatever it has. */
gboolean qblk_journal_is_named_for(const char *path, const QblkJournalVm *vm);

/**
 * All journals in @directory, of QblkJournalRecord, owned, those of one VM one after the other in
 * the order of its disks' names.  A directory that is not there has none; one that cannot be read
 * is an error, QBLK_BLOCKJOB_ERROR_RESULT, and a journal that cannot be is among them and says so.
 */
GPtrArray *qblk_journal_list(const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Take up the operation of @record: the journal goes on.  REFUSED where somebody else works on it,
 * or has since @record was read. */
QblkJournal *qblk_journal_resume(const QblkJournalRecord *record,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
