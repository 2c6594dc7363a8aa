/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-text.h"

#include "lib/check.h"
#include "plan/plan-steps.h"

static QblkPlan *
plan_new(void)
{
    QblkPlan *plan = qblk_plan_new_empty();
    plan->kind = g_strdup("copy");
    plan->target = g_strdup("v\x1b"
                            "da");
    plan->job = g_strdup("job0");
    plan->fingerprint = g_strdup("");
    return plan;
}

static void
assert_result(const QblkPlan *plan, const char *state, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    qblk_plan_text_result(plan, state, text);
    assert_string_equal(text->str, expected);
}

static void
the_result_has_the_state_of_the_job(void **state)
{
    g_autoptr(QblkPlan) plan = plan_new();
    assert_result(plan, "done", "copy of v\\x1bda: done\n");
    assert_result(plan, "started",
                  "copy of v\\x1bda: job 'job0' has started, and does not "
                  "change the chain by itself\n");
    assert_result(plan, "ready", "copy of v\\x1bda: job 'job0' is ready\n");
}

static void
a_job_that_ended_without_a_pivot_is_not_done(void **state)
{
    static const struct {
        const char *outcome, *text;
    } cases[] = {
        {QBLK_OUTCOME_CANCELLED, "copy of v\\x1bda: cancelled\nincomplete copy: /d/partial\\x1b\n"},
        {QBLK_OUTCOME_FINISHED, "copy of v\\x1bda: finished, the disk stays on its image\n"},
        {QBLK_OUTCOME_DISMISSED,
         "copy of v\\x1bda: dismissed, it had ended before without an error\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkPlan) plan = plan_new();
        plan->partial = g_strdup("/d/partial\x1b");
        qblk_plan_set_outcome(plan, cases[i].outcome);
        assert_result(plan, cases[i].outcome, cases[i].text);
    }
}

static void
the_result_names_the_removed_files(void **state)
{
    g_autoptr(QblkPlan) plan = plan_new();

    for (guint i = 0; i < 2; i++) {
        QblkRemovedImage *removal = g_new0(QblkRemovedImage, 1);
        removal->filename = g_strdup(i == 0 ? "/d/one\n" : "/d/two");
        removal->will_delete = i == 0;
        g_ptr_array_add(plan->removed, removal);
    }
    plan->copy = g_strdup("/d/copy\t");
    assert_result(plan, "done",
                  "copy of v\\x1bda: done\ncopy of the disk: /d/copy\\t\n"
                  "deleted: /d/one\\n\nno longer in use (not deleted): /d/two\n");
}

static void
an_image_below_that_is_still_written_is_not_called_unchanged(void **state)
{
    static const char *const texts[] = {"no longer changes", "still open for writing"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(QblkPlan) plan = plan_new();
        g_free(plan->kind);
        plan->kind = g_strdup("snapshot");
        plan->keeps_writer = i == 1;
        (void)qblk_plan_expect_image(plan, "over", "qcow2", "/d/over");
        (void)qblk_plan_expect_image(plan, "old", "qcow2", "/d/old");
        g_ptr_array_add(plan->before, qblk_plan_expectation_new("old", "qcow2", "/d/old"));
        g_autofree char *text =
            g_strdup_printf("snapshot of v\\x1bda: done\nactive image: /d/over\n%s: /d/old\n"
                            "start the guest from the active image from now on\n",
                            texts[i]);
        assert_result(plan, "done", text);
    }
}

/* Its former name may be that of an image which is in use. */
static void
a_removed_file_without_a_name_is_not_offered_for_deletion(void **state)
{
    g_autoptr(QblkPlan) plan = plan_new();
    QblkRemovedImage *renamed = g_new0(QblkRemovedImage, 1);
    QblkRemovedImage *nameless = g_new0(QblkRemovedImage, 1);

    renamed->filename = g_strdup("/dev/fdset/1");
    renamed->path = g_strdup("/d/one");
    renamed->file = (QblkFileIdentity){1, 11};
    nameless->filename = g_strdup("/d/two");
    nameless->file = (QblkFileIdentity){1, 12};
    g_ptr_array_add(plan->removed, renamed);
    g_ptr_array_add(plan->removed, nameless);
    assert_result(plan, "done",
                  "copy of v\\x1bda: done\nno longer in use (not deleted): /d/one\n"
                  "no longer in use: a file that has no name, once /d/two\n");
}

static void
an_unknown_chain_is_not_printed(void **state)
{
    g_autoptr(QblkPlan) plan = plan_new();
    g_autoptr(GString) text = g_string_new(NULL);
    (void)qblk_plan_add_for_job(plan, "dismiss the job", "job-dismiss", NULL, NULL);
    qblk_plan_text(plan, text);
    assert_string_equal(text->str, "copy of v\\x1bda\n  1. dismiss the job\n"
                                   "     job-dismiss {\"id\":\"job0\"}\n");
    (void)qblk_plan_expect_image(plan, NULL, "raw", "/d/\x01");
    g_string_truncate(text, 0);
    qblk_plan_text(plan, text);
    assert_non_null(strstr(text->str, "after:\n  └─ /d/\\x01 (raw)\n"));
    assert_null(strstr(text->str, "before:"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_has_the_state_of_the_job),
        cmocka_unit_test(a_job_that_ended_without_a_pivot_is_not_done),
        cmocka_unit_test(the_result_names_the_removed_files),
        cmocka_unit_test(an_image_below_that_is_still_written_is_not_called_unchanged),
        cmocka_unit_test(a_removed_file_without_a_name_is_not_offered_for_deletion),
        cmocka_unit_test(an_unknown_chain_is_not_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
