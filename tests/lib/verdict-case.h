/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A journal whose images are empty files, and the verdict on an image.
 */
#pragma once

#include "blockjob/merged-mark.h"
#include "lib/journal-case.h"
#include "recover/recover-image.h"

int verdict_case_set_up(void **state);
int verdict_case_tear_down(void **state);

#define VERDICT_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, verdict_case_set_up, verdict_case_tear_down)

/** Returns: (nullable): the verdict on @image, of which a journal or a mark tells; nothing is
 * settled */
QblkImageVerdict *verdict_case_look(const JournalCase *test, const char *image,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the verdict on @image, and what is on disk is settled. */
QblkImageVerdict *verdict_case_settle(const JournalCase *test,
                                      const char *image) G_GNUC_WARN_UNUSED_RESULT;

/** The guest of @image has to boot from @boot. */
void verdict_case_assert_boots(const JournalCase *test, const char *image, const char *boot);

/** The verdict is an error of the code @code that has @part in its message. */
void verdict_case_assert_none(const JournalCase *test, const char *image, QblkBlockjobError code,
                              const char *part);

/** Returns: (transfer none): the file of the active one of @layers */
const char *verdict_case_file(const GPtrArray *layers);

/** Begin a journal in the stage @stage. */
QblkJournal *verdict_case_begin(const JournalCase *test, QblkStage stage) G_GNUC_WARN_UNUSED_RESULT;

/** End the journal that was left. */
void verdict_case_end(const JournalCase *test);

/** Mark @image as merged into @into. */
void verdict_case_mark(const char *image, const char *into, gboolean is_done);

/** Remove @image and its mark. */
void verdict_case_clear(const char *image);
