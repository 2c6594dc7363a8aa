/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The table of commands that crash QEMU at certain times, and what is looked at before each.
 */
#pragma once

#include "bridge/job-table.h"
#include "graph/job.h"
#include "qmp/client.h"

/** A command of a client of the bridge; all is borrowed. */
typedef struct {
    QblkJobTable *table;
    const QblkJson *version; /* (nullable): as of query-version */
    QblkQemuVersion number;
    QblkClient *client; /* for queries */
    const char *command;
    const QblkJson *arguments; /* (nullable) */
    const char *subject;       /* (nullable): the value of the member that the row names */
} QblkGuardLook;

typedef struct {
    const char *command;
    const char *subject; /* the member that names what it is about, or NULL */

    /** Returns: TRUE if it may crash this version */
    gboolean (*needs)(const QblkQemuVersion *version);

    /** Returns: FALSE with the reason not to send it now */
    gboolean (*check)(const QblkGuardLook *look, GError **error);
} QblkGuardRow;

/** Returns: (nullable): the row of @command */
const QblkGuardRow *qblk_guard_row_find(const char *command);
