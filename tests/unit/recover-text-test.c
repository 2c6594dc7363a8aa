/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs show of interrupted operations and of images after a crash. */
#include "recover/image-verdict.h"
#include "recover/recover-result.h"

#include "lib/check.h"

#include <string.h>

static QblkRecoverResult *
result_of(QblkRecoverOutcome outcome)
{
    QblkRecoverResult *result = g_new0(QblkRecoverResult, 1);
    result->vm = g_strdup("/vm.sock");
    result->kind = g_strdup("commit");
    result->target = g_strdup("vda");
    result->stage = QBLK_STAGE_STARTED;
    result->outcome = outcome;
    return result;
}

static void
an_outcome_is_one_sentence(void **state)
{
    static const struct {
        QblkRecoverOutcome outcome;
        const char *part;
    } cases[] = {
        {QBLK_RECOVER_COMPLETED, "'started': completed"},
        {QBLK_RECOVER_READY, "'started': the job is ready"},
        {QBLK_RECOVER_ROLLED_BACK, "'started': rolled back"},
        {QBLK_RECOVER_BUSY, "another qblk"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkRecoverResult) result = result_of(cases[i].outcome);
        g_autofree char *text = qblk_recover_result_to_text(result);
        assert_true(g_str_has_prefix(text, "commit of 'vda'"));
        assert_non_null(strstr(text, cases[i].part));
    }
}

/* The disk of each image is vda, and it has no guest. */
static void
an_operation_on_an_image_names_its_path(void **state)
{
    g_autoptr(QblkRecoverResult) result = result_of(QBLK_RECOVER_WOULD_COMPLETE);
    g_free(result->vm);
    result->vm = g_strdup("image:/d/top.qcow2");
    result->new_top = g_strdup("/d/base.qcow2");
    result->found = QBLK_RUN_CHAIN_AFTER;
    g_autofree char *text = qblk_recover_result_to_text(result);
    assert_string_equal(text, "commit of '/d/top.qcow2', interrupted in stage 'started': would be "
                              "completed, with all data in '/d/base.qcow2' afterwards: the chain "
                              "is as planned");
}

static void
a_preview_has_its_reason(void **state)
{
    static const struct {
        QblkRecoverOutcome outcome;
        QblkRunEvent found;
        const char *job, *new_top, *end;
    } cases[] = {
        {QBLK_RECOVER_WOULD_COMPLETE, QBLK_RUN_JOB_FOUND, "running", NULL,
         "would be completed: its job is running"},
        {QBLK_RECOVER_WOULD_COMPLETE, QBLK_RUN_JOB_FOUND, "ready", "/base",
         "would be completed, with the guest on '/base' afterwards: its job is ready"},
        {QBLK_RECOVER_WOULD_COMPLETE, QBLK_RUN_ENDED_WELL, "concluded", NULL,
         "would be completed: its job has succeeded"},
        {QBLK_RECOVER_WOULD_COMPLETE, QBLK_RUN_CHAIN_AFTER, NULL, NULL,
         "would be completed: the chain is as planned"},
        {QBLK_RECOVER_WOULD_ROLL_BACK, QBLK_RUN_NOT_STARTED, NULL, NULL,
         "would be rolled back: its job was not started"},
        {QBLK_RECOVER_WOULD_ROLL_BACK, QBLK_RUN_JOB_FAILED, "concluded", NULL,
         "would be rolled back: its job has failed"},
        {QBLK_RECOVER_WOULD_ROLL_BACK, QBLK_RUN_CHAIN_BEFORE, NULL, NULL,
         "would be rolled back: its job has ended, and the chain is unchanged"},
        {QBLK_RECOVER_WOULD_ROLL_BACK, QBLK_RUN_NOT_RECEIVED, "ready", NULL,
         "would be rolled back: its job is ready"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkRecoverResult) result = result_of(cases[i].outcome);
        result->found = cases[i].found;
        result->job_state = g_strdup(cases[i].job);
        result->new_top = g_strdup(cases[i].new_top);
        g_autofree char *text = qblk_recover_result_to_text(result);
        g_autofree char *expected =
            g_strconcat("commit of 'vda', interrupted in stage 'started': ", cases[i].end, NULL);
        assert_string_equal(text, expected);
        assert_true(qblk_recover_result_would_change(result));
    }
}

static void
a_failure_is_reported_by_its_error_only(void **state)
{
    g_autoptr(QblkRecoverResult) result = result_of(QBLK_RECOVER_FAILED);
    assert_null(qblk_recover_result_to_text(result));
}

static void
after_a_restart_the_image_is_named(void **state)
{
    static const struct {
        QblkRestart restart;
        const char *part;
    } cases[] = {
        {QBLK_RESTART_ALL_DATA, "'/now': it has all data"},
        {QBLK_RESTART_OTHER_IMAGE, "neither '/old' nor '/new'"},
        {QBLK_RESTART_LAST_WRITES, "only in '/old'"},
        {QBLK_RESTART_OLD_IN_DOUBT, "'/old' was written after its guest had left it"},
        {QBLK_RESTART_CHAIN_BEFORE, "unchanged"},
        {QBLK_RESTART_CHAIN_AFTER, "as planned"},
        {QBLK_RESTART_CHAIN_OTHER, "neither unchanged nor as planned"},
        {QBLK_RESTART_CHAIN_UNKNOWN, "is not known"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkRecoverResult) result = result_of(QBLK_RECOVER_RESTARTED);
        result->restart = cases[i].restart;
        result->image = g_strdup("/now");
        result->old_top = g_strdup("/old");
        result->new_top = g_strdup("/new");
        g_autofree char *text = qblk_recover_result_to_text(result);
        assert_non_null(strstr(text, "QEMU was restarted with the image '/now'"));
        assert_non_null(strstr(text, cases[i].part));
    }
}

static void
after_a_restart_a_drive_may_be_empty(void **state)
{
    g_autoptr(QblkRecoverResult) result = result_of(QBLK_RECOVER_RESTARTED);
    g_autofree char *text = qblk_recover_result_to_text(result);
    assert_non_null(strstr(text, "without an image"));
}

static void
a_result_in_json_has_the_stage_and_the_end(void **state)
{
    g_autoptr(QblkRecoverResult) result = result_of(QBLK_RECOVER_COMPLETED);
    g_autofree char *text = qblk_recover_result_to_text(result);
    g_autoptr(QblkJson) json = qblk_recover_result_json_new(result);
    assert_string_equal(qblk_json_get_string(json, "kind"), "commit");
    assert_string_equal(qblk_json_get_string(json, "target"), "vda");
    assert_string_equal(qblk_json_get_string(json, "vm"), "/vm.sock");
    assert_string_equal(qblk_json_get_string(json, "stage"), "started");
    assert_string_equal(qblk_json_get_string(json, "end"), text);
}

static void
names_of_images_are_escaped(void **state)
{
    g_autoptr(QblkImageVerdict) verdict =
        qblk_image_verdict_new("/i", "/b\x1b", QBLK_VERDICT_HAS_ALL_DATA);
    g_ptr_array_add(verdict->unused, g_strdup("/u\n"));
    verdict->incomplete = g_strdup("/c\t");
    g_autofree char *text = qblk_image_verdict_to_text(verdict);
    assert_string_equal(text, "boot from: /b\\x1b\n  (it has all data)\nincomplete copy: /c\\t\n"
                              "no longer in use: /u\\n\n");
}

static void
without_a_verdict_no_image_to_boot_from_is_named(void **state)
{
    const struct {
        QblkVerdictReason reason;
        const char *text;
    } rows[] = {
        {QBLK_VERDICT_NO_OPERATION, "no interrupted operation is known for '/i\\x1b'\n"},
        {QBLK_VERDICT_NO_OPERATION_HERE,
         "no interrupted operation is known for '/i\\x1b'\nit is a block device: if it was merged "
         "on another machine, the mark is there\n"},
        {QBLK_VERDICT_NO_READABLE_JOURNAL, "no readable journal names '/i\\x1b'\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkImageVerdict) verdict =
            qblk_image_verdict_new("/i\x1b", NULL, rows[i].reason);
        g_autofree char *text = qblk_image_verdict_to_text(verdict);
        g_autoptr(QblkJson) json = qblk_json_new_object();
        assert_string_equal(text, rows[i].text);
        qblk_image_verdict_add_json(verdict, json);
        assert_true(qblk_json_is_null(qblk_json_get(json, "boot")));
        assert_non_null(qblk_json_get_string(json, "reason"));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_on_an_image_names_its_path),
        cmocka_unit_test(a_preview_has_its_reason),
        cmocka_unit_test(an_outcome_is_one_sentence),
        cmocka_unit_test(a_failure_is_reported_by_its_error_only),
        cmocka_unit_test(after_a_restart_the_image_is_named),
        cmocka_unit_test(after_a_restart_a_drive_may_be_empty),
        cmocka_unit_test(a_result_in_json_has_the_stage_and_the_end),
        cmocka_unit_test(names_of_images_are_escaped),
        cmocka_unit_test(without_a_verdict_no_image_to_boot_from_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
