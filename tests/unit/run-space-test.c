/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-space.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <qblk/error.h>

/* The file system of the test has room, so only a failed write tells that the space matters. */
static void
a_failed_write_is_described_by_the_image_and_its_room(void **state)
{
    static const struct {
        const char *path, *writes; /* in the directory, or NULL */
        gboolean is_local;
        QblkBlockjobError code;
        const char *operation;
        gboolean is_described;
    } rows[] = {
        {"image", NULL, TRUE, QBLK_BLOCKJOB_ERROR_FAILED, "write", TRUE},
        {NULL, "image", TRUE, QBLK_BLOCKJOB_ERROR_FAILED, "write",
         TRUE}, /* a plan from a journal */
        {"image", "other", TRUE, QBLK_BLOCKJOB_ERROR_FAILED, "write", TRUE},
        {NULL, NULL, TRUE, QBLK_BLOCKJOB_ERROR_FAILED, "write", FALSE},
        {"image", NULL, FALSE, QBLK_BLOCKJOB_ERROR_FAILED, "write", FALSE},
        {"image", NULL, TRUE, QBLK_BLOCKJOB_ERROR_CANCELLED, "write", FALSE},
        {"image", NULL, TRUE, QBLK_BLOCKJOB_ERROR_FAILED, "read", FALSE},
        {"image", NULL, TRUE, QBLK_BLOCKJOB_ERROR_FAILED, NULL, FALSE},
    };
    g_autofree char *image = test_directory_path("image");
    assert_true(g_file_set_contents(image, "0123456789", 10, NULL));

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const QblkRunOptions options = {.is_local = rows[i].is_local};
        QblkRun run = {.options = &options};
        g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
        g_autoptr(GError) error = g_error_new(QBLK_BLOCKJOB_ERROR, (int)rows[i].code, "failed");
        QblkJobState *job = qblk_job_state_new("job");
        QblkRunTask task = {.run = &run, .plan = plan, .job = job, .error = error};
        job->operation = g_strdup(rows[i].operation);
        if (rows[i].path != NULL) {
            plan->space.path = test_directory_path(rows[i].path);
        }
        if (rows[i].writes != NULL) {
            plan->writes = test_directory_path(rows[i].writes);
        }

        g_autofree char *text = qblk_run_space_describe(&task);
        g_autofree char *start =
            g_strdup_printf("; '%s' has 10 bytes, and its file system has ", image);
        assert_int_equal(g_str_has_prefix(text, start), rows[i].is_described);
        assert_int_equal(text[0] == '\0', !rows[i].is_described);
        qblk_job_state_free(job);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_write_is_described_by_the_image_and_its_room),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
