/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal-names.h"

#include "plan/plan-json.h"

/* What is looked for. */
typedef struct {
    const char *name; /* borrowed */
    gboolean is_found;
} Search;

/* Nothing is changed. */
static char *
compare_string(const char *key, const char *value, gpointer user_data)
{
    Search *search = user_data;
    search->is_found = search->is_found || g_str_equal(value, search->name);
    return NULL;
}

/* TRUE if a string of the plan is @name: its job, an argument of a step, or of a rollback. */
static gboolean
names(const QblkJournalRecord *record, const char *name)
{
    Search search = {.name = name};
    if (record->plan == NULL) {
        return TRUE;
    }

    g_autoptr(QblkJson) json = qblk_plan_json_new(record->plan);
    g_autoptr(QblkJson) same = qblk_json_map_strings(json, compare_string, &search);
    return search.is_found;
}

static gboolean
is_own(const QblkJournalRecord *record, const QblkJournal *own)
{
    return own != NULL && record->plan != NULL &&
           qblk_journal_is_of(own, &record->vm, record->plan);
}

char *
qblk_journal_names_find(const char *directory, const char *name, const QblkJournal *own)
{
    g_autoptr(GPtrArray) records = qblk_journal_list(directory, NULL);
    if (records == NULL) {
        return g_strdup(directory);
    }

    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        if (!is_own(record, own) && names(record, name)) {
            return g_strdup(record->path);
        }
    }
    return NULL;
}
