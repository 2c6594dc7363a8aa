/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/overlay-verdict.h"

#include "lib/qcow2-image.h"
#include "lib/verdict-case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE  65536
#define OF_L1 2048

typedef enum { GONE, EMPTY, HALF, CHANGED, COMPLETE, WRITTEN } Overlay;
typedef enum { OVERLAY, BELOW, NONE } Boot;

/* Make the plan one of a new overlay. */
static char *
make_overlay(const JournalCase *test)
{
    QblkPlan *plan = test->plan;
    char *overlay = g_build_filename(test->directory, "overlay.qcow2", NULL);
    QblkExpectation *top = qblk_plan_expectation_new("overlay", "qcow2", overlay);
    g_free(top->path);
    top->path = g_strdup(overlay);
    g_ptr_array_set_size(plan->steps, 0);
    g_clear_pointer(&plan->merged, g_free);
    g_clear_pointer(&plan->merged_path, g_free);
    g_ptr_array_set_size(plan->after, 0);
    g_ptr_array_add(plan->after, top);
    qblk_plan_add_created(plan, overlay, "qcow2", SIZE, "base.qcow2");
    return overlay;
}

static void
set_overlay(const char *overlay, Overlay state)
{
    Qcow2Image image = qcow2_image(3);
    qcow2_image_put(&image, 24, 8, SIZE);
    qcow2_image_put(&image, 36, 4, 1);
    qcow2_image_put(&image, 40, 8, OF_L1);
    if (state == CHANGED) {
        qcow2_image_put_backing(&image, "other.qcow2");
    } else if (state != HALF) {
        qcow2_image_put_backing(&image, "base.qcow2");
    }
    if (state == WRITTEN || state == CHANGED) {
        qcow2_image_put(&image, OF_L1, 8, SIZE);
    }

    if (state != GONE) {
        gssize length = state == EMPTY ? 0 : (gssize)sizeof(image.bytes);
        assert_true(g_file_set_contents(overlay, (const char *)image.bytes, length, NULL));
    }
}

/* Once a journal has been settled nothing is left of it but what is needed. */
static void
check_settled(const JournalCase *test, const char *overlay, Overlay state, Boot boot)
{
    g_autoptr(QblkImageVerdict) verdict =
        verdict_case_settle(test, verdict_case_file(test->plan->before));
    g_autoptr(GPtrArray) records = journal_case_list(test);
    gboolean is_kept = boot == OVERLAY || state == CHANGED;
    assert_int_equal(records->len, 0);
    assert_int_equal(access(overlay, F_OK) == 0, is_kept);
    assert_int_equal(verdict->unused->len, boot == BELOW && is_kept ? 1 : 0);
    assert_null(qblk_merged_mark_read(verdict_case_file(test->plan->before), test->directory));
}

static void
a_complete_overlay_has_all_data(void **state)
{
    static const struct {
        QblkStage stage;
        Overlay overlay;
        Boot boot;
    } rows[] = {
        {QBLK_STAGE_PLANNED, GONE, BELOW},        {QBLK_STAGE_PLANNED, EMPTY, BELOW},
        {QBLK_STAGE_PLANNED, HALF, BELOW},        {QBLK_STAGE_PLANNED, CHANGED, BELOW},
        {QBLK_STAGE_PLANNED, COMPLETE, OVERLAY},  {QBLK_STAGE_STARTED, EMPTY, BELOW},
        {QBLK_STAGE_PIVOTING, COMPLETE, OVERLAY}, {QBLK_STAGE_PIVOTING, WRITTEN, OVERLAY},
        {QBLK_STAGE_PIVOTING, HALF, BELOW},       {QBLK_STAGE_PIVOTING, CHANGED, NONE},
        {QBLK_STAGE_PIVOTING, GONE, NONE},        {QBLK_STAGE_CLEANING, WRITTEN, OVERLAY},
        {QBLK_STAGE_CLEANING, GONE, NONE},
    };
    const JournalCase *test = *state;
    const char *below = verdict_case_file(test->plan->before);
    g_autofree char *overlay = make_overlay(test);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        print_message("row %zu\n", i);
        set_overlay(overlay, rows[i].overlay);
        qblk_journal_leave(verdict_case_begin(test, rows[i].stage));
        if (rows[i].boot == NONE) {
            verdict_case_assert_none(test, below, QBLK_BLOCKJOB_ERROR_RESULT, overlay);
            verdict_case_end(test);
        } else {
            const char *boot = rows[i].boot == OVERLAY ? overlay : below;
            verdict_case_assert_boots(test, below, boot);
            if (rows[i].overlay != GONE) {
                verdict_case_assert_boots(test, overlay, boot);
            }
            check_settled(test, overlay, rows[i].overlay, rows[i].boot);
        }
        (void)unlink(overlay);
    }
}

/* A guest was started from the image below, or has written to it until QEMU has ended. */
static void
an_image_below_that_was_written_later_counts(void **state)
{
    static const struct {
        QblkStage stage;
        Overlay overlay;
        Boot boot;
    } rows[] = {
        {QBLK_STAGE_PLANNED, COMPLETE, BELOW},  {QBLK_STAGE_PLANNED, WRITTEN, NONE},
        {QBLK_STAGE_PIVOTING, COMPLETE, BELOW}, {QBLK_STAGE_PIVOTING, WRITTEN, NONE},
        {QBLK_STAGE_CLEANING, COMPLETE, BELOW}, {QBLK_STAGE_CLEANING, WRITTEN, NONE},
    };
    const JournalCase *test = *state;
    const char *below = verdict_case_file(test->plan->before);
    g_autofree char *overlay = make_overlay(test);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct timespec past[] = {{1, 0}, {1, 0}};
        print_message("row %zu\n", i);
        set_overlay(overlay, rows[i].overlay);
        qblk_journal_leave(verdict_case_begin(test, rows[i].stage));
        assert_int_equal(utimensat(AT_FDCWD, overlay, past, 0), 0);
        if (rows[i].boot == NONE) {
            verdict_case_assert_none(test, below, QBLK_BLOCKJOB_ERROR_RESULT, "both may have data");
            verdict_case_end(test);
            (void)unlink(overlay);
        } else {
            verdict_case_assert_boots(test, overlay, below);
            check_settled(test, overlay, rows[i].overlay, rows[i].boot);
        }
    }
}

static void
an_overlay_that_is_lost_leaves_advice(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *overlay = make_overlay(test);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_CLEANING));
    verdict_case_assert_none(test, verdict_case_file(test->plan->before),
                             QBLK_BLOCKJOB_ERROR_RESULT, "and remove the journal '");
    verdict_case_end(test);
}

/* QEMU encrypts an image after it has written the rest of the header. */
static void
an_overlay_that_was_to_be_encrypted_is_complete_only_if_it_is(void **state)
{
    const JournalCase *test = *state;
    const char *below = verdict_case_file(test->plan->before);
    g_autofree char *overlay = make_overlay(test);
    QblkStep *step = qblk_plan_step_new();
    step->purpose = g_strdup("create the image of the overlay");
    step->command = g_strdup("blockdev-create");
    step->arguments = qblk_json_parse_printed("{\"options\": {\"encrypt\": {}}}");
    g_ptr_array_add(test->plan->steps, step);

    set_overlay(overlay, COMPLETE);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_PLANNED));
    verdict_case_assert_boots(test, below, below);
    verdict_case_end(test);
    assert_int_equal(unlink(overlay), 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        VERDICT_TEST(a_complete_overlay_has_all_data),
        VERDICT_TEST(an_image_below_that_was_written_later_counts),
        VERDICT_TEST(an_overlay_that_is_lost_leaves_advice),
        VERDICT_TEST(an_overlay_that_was_to_be_encrypted_is_complete_only_if_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
