/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A directory with an image that is merged, and a state directory.
 */
#pragma once

#include "blockjob/merged-mark.h"
#include "lib/check.h"

typedef struct {
    char *directory, *state_dir;
    char *image, *base;
    char *beside; /* the mark beside the image */
} MarkCase;

int mark_case_set_up(void **state);
int mark_case_tear_down(void **state);

#define MARK_TEST(function)                                                                        \
    cmocka_unit_test_setup_teardown(function, mark_case_set_up, mark_case_tear_down)

/** Mark @image as merged into the base. */
void mark_case_write(const MarkCase *test, const char *image, gboolean is_done);

/** Make a mark beside the image impossible: a directory has the name of a new mark.  Returns:
 * (transfer full): its path */
char *mark_case_block_beside(const MarkCase *test) G_GNUC_WARN_UNUSED_RESULT;

/** Tidy.  Returns: how many marks were removed; each has a sentence that names the base. */
guint mark_case_tidy_beside(const MarkCase *test);
guint mark_case_tidy_stored(const MarkCase *test);

/** Nothing but the two images exists. */
void mark_case_assert_tidy(const MarkCase *test);
