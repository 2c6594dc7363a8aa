/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The nodes and jobs that journals name: their operations may need them.
 */
#pragma once

#include "blockjob/journal.h"

/**
 * Find a journal in @directory that names the node or job @name, of any VM, also one that another
 * process works on.  One that cannot be read may name anything.
 *
 * @own: (nullable): a journal that does not count
 *
 * Returns: (transfer full) (nullable): its path; @directory if that cannot be read
 */
char *qblk_journal_names_find(const char *directory, const char *name,
                              const QblkJournal *own) G_GNUC_WARN_UNUSED_RESULT;
