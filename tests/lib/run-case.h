/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A commit that is run on a fake server: vda[1] into vda[2], or vda into it, as the job "job0".
 */
#pragma once

#include "blockjob/merged-mark.h"
#include "blockjob/run.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "plan/plan-commit.h"

/**
 * A plan, the server it is run on, and how the run ended.  The server answers commands
 * that are not in the script as its topology was recorded: the chain from before the job, no jobs.
 */
typedef struct {
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    QblkPlan *plan;
    FakeQmp *fake;
    FakeQmp *next; /* the server of the second connection (nullable) */
    QblkRunOptions options;
    char *directory;      /* of what is written down, or NULL */
    QblkJournal *journal; /* if there is a directory; NULL once it has ended */
    GError *error;
    gboolean done;
} RunCase;

RunCase *run_case_new(QblkCommitEnd end);
void run_case_free(RunCase *test);

/** Make the plan, of an active commit, one for a job that existed, and that has to be finalized. */
void run_case_wait_for_finalize(RunCase *test);

/** Before run_case_run(): begin a journal, and create the merged image; QEMU is on this machine. */
void run_case_begin_journal(RunCase *test);

/** After it: the stage in the journal, -1 if it does not exist. */
int run_case_stage(RunCase *test);

/** After it: the mark of the merged image, or NULL. */
QblkMergedMark *run_case_mark(const RunCase *test);

/** A server with an empty script. */
FakeQmp *run_case_server(void);

/* ---- what the server does ---- */

/** The job goes through @states, parted by spaces. */
void run_case_status(FakeQmp *fake, const char *states);

/** Take @command; the job goes through @before, the answer comes, it goes through @after. */
void run_case_accept(FakeQmp *fake, const char *command, const char *before, const char *after);
void run_case_refuse(FakeQmp *fake, const char *command);

/** Answer query-jobs: the job in @state with @error, or NULL for no job. */
void run_case_answer_jobs(FakeQmp *fake, const char *state, const char *error);

/** Close the connection when @command has come, or was taken and is not answered. */
void run_case_disconnect(FakeQmp *fake, const char *command, gboolean is_taken);

/** Flush what was written, as an inner commit does at `pending`. */
void run_case_accept_flush(FakeQmp *fake);

/** From `pending` to the end of an inner commit. */
void run_case_accept_end(FakeQmp *fake);

/** Cancel the job, which is in the state @from, and dismiss it. */
void run_case_accept_rollback(FakeQmp *fake, const char *from);

/* ---- how it ends ---- */

void run_case_run(RunCase *test);

/** Run to success, and go on looking at @test. */
void run_case_run_well(RunCase *test);

/** The recorded chain, which is the one before the job, is what the plan promises. */
void run_case_promise_recorded(RunCase *test);

/** Run to success (@part is NULL), or to the error with @part in it; frees @test. */
void run_case_end(RunCase *test, GQuark domain, int code, const char *part);
void run_case_succeed(RunCase *test);
void run_case_fail(RunCase *test, int code, const char *part);
