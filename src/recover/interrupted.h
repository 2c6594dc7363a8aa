/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A list of journals, for programs.
 */
#pragma once

#include "base/json.h"
#include "blockjob/journal.h"

#include <qblk/interrupted-list.h>

struct QblkInterrupted {
    QblkInterruptedList *list;       /* it belongs to */
    const QblkJournalRecord *record; /* borrowed from the list */
};

struct QblkInterruptedList {
    gatomicrefcount references;
    GPtrArray *records;          /* of QblkJournalRecord, owned */
    QblkInterrupted *operations; /* one for each record, owned */
};

/** Returns: (transfer full): the document of qblk_interrupted_list_to_json() */
QblkJson *qblk_interrupted_list_json_new(const QblkInterruptedList *list) G_GNUC_WARN_UNUSED_RESULT;
