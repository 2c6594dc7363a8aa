/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A valid journal has a plan and a VM, and its plan is written as it was read. */
#include "blockjob/journal.h"
#include "fuzz/fuzz.h"
#include "plan/plan-json.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJournalRecord) record = qblk_journal_parse((const char *)data, size, &error);
    fuzz_check_error(record != NULL, error);
    if (record == NULL) {
        return 0;
    }
    g_assert_nonnull(record->vm.address);
    g_assert_nonnull(qblk_stage_name(record->stage));
    g_autoptr(QblkJson) written = qblk_plan_json_new(record->plan);
    g_autoptr(QblkPlan) again = qblk_plan_json_read(written, &error);
    g_assert_no_error(error);
    g_autoptr(QblkJson) rewritten = qblk_plan_json_new(again);
    g_assert_true(qblk_json_equal(rewritten, written));
    return 0;
}
