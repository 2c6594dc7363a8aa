/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * An operation that runs the plan of a RunCase on its server, with a journal in its directory.
 */
#pragma once

#include "lib/run-case.h"

#include <qblk/operation.h>

typedef struct {
    RunCase *run; /* owned: the plan, the server, and the script */
    QblkClient *client;
    QblkPlans *plans;
    QblkOperationOptions *options;
    QblkOperation *operation; /* NULL: it was released */
    char *directory;          /* of the journals */
    GString *states;          /* that were reported */
} OperationCase;

/** A case for an inner commit, whose script is still empty and whose plan promises the chain that
 * was recorded. */
OperationCase *operation_case_new(void);

/** Start the server, connect to it, and start the operation. */
void operation_case_start(OperationCase *test);

/** The script before the first command: the chain is checked, and a journal begun. */
void operation_case_script_begin(OperationCase *test);

/** The script of a run without any trouble. */
void operation_case_script(OperationCase *test);

/** The script up to the running job. */
void operation_case_script_start(OperationCase *test);

/** Drive the operation with poll() until @state was reported, or its end.  Returns: FALSE at its
 * end. */
gboolean operation_case_drive(OperationCase *test, const char *state);

/** Let the operation wait once with poll().  Returns: FALSE at its end. */
gboolean operation_case_turn(OperationCase *test);

/** Returns: the number of journals. */
guint operation_case_count_journals(const OperationCase *test);

/** Check that the operation has succeeded, or has failed with @part in its error. */
void operation_case_succeeded(const OperationCase *test);
void operation_case_failed(const OperationCase *test, GQuark domain, int code, const char *part);

/** Release all, and check that the server has received the script and nothing else. */
void operation_case_free(OperationCase *test);
