/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/cli-check.h"
#include "lib/graph-fixture.h"
#include "lib/qcow2-image.h"
#include "lib/run-case.h"

#define TOPOLOGY  "throttle-blockdev"
#define DIRECTORY "/tmp/qblk-fixture/" TOPOLOGY

static char *
moved_to(const char *directory, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, DIRECTORY, -1);
    return g_strjoinv(directory, parts);
}

/* The recorded chain, with images in @directory, is the one promised; the header of its active
 * layer is written anew. */
static RunCase *
case_in(const char *directory)
{
    gsize length;
    g_autofree char *recorded = graph_fixture_text(TOPOLOGY, &length);
    g_autofree char *text = moved_to(directory, recorded);
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    fake_qmp_finish(test->fake);
    test->fake = fake_qmp_new_capture("7.2", text);
    for (guint i = 0; i < test->plan->before->len; i++) {
        QblkExpectation *layer = test->plan->before->pdata[i];
        g_autofree char *old = layer->filename;
        layer->filename = moved_to(directory, old);
        layer->names_next = i == 0;
    }
    run_case_accept(test->fake, "block-commit", NULL, "created running waiting pending");
    run_case_accept_end(test->fake);
    return test;
}

static void
save_header(const char *directory, const char *backing)
{
    Qcow2Image image = qcow2_image(3);
    qcow2_image_put_extension(&image, 104, QCOW2_BACKING_FORMAT, "qcow2");
    qcow2_image_put_backing(&image, backing);
    g_autofree char *path = g_build_filename(directory, "disk-2.qcow2", NULL);
    assert_true(g_file_set_contents(path, (const char *)image.bytes, sizeof(image.bytes), NULL));
}

static void
a_header_that_names_another_image_is_an_error(void **state)
{
    char *directory = cli_check_directory();
    static const struct {
        const char *backing;
        gboolean is_local, is_right;
    } cases[] = {
        {"disk-1.qcow2", TRUE, TRUE},
        {"stranger.qcow2", TRUE, FALSE},
        {"stranger.qcow2", FALSE, TRUE}, /* it is an image of another machine */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        RunCase *test = case_in(directory);
        save_header(directory, cases[i].backing);
        test->options.is_local = cases[i].is_local;
        if (cases[i].is_right) {
            run_case_succeed(test);
            continue;
        }
        run_case_promise_recorded(test);
        run_case_fail(test, QBLK_BLOCKJOB_ERROR_RESULT, "the header of '");
    }
    cli_check_remove(directory);
}

static void
a_connection_lost_after_the_job_is_opened_again(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->next = run_case_server();
    run_case_accept(test->fake, "block-commit", NULL, "created running waiting pending");
    run_case_accept_end(test->fake);
    run_case_disconnect(test->fake, "query-jobs", FALSE);
    run_case_succeed(test);
}

static void
a_chain_that_cannot_be_read_is_an_error(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", NULL, "created running waiting pending");
    run_case_accept_end(test->fake);
    run_case_disconnect(test->fake, "query-jobs", FALSE);
    run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                 "the job succeeded, but the chain could not be read again: ");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_that_names_another_image_is_an_error),
        cmocka_unit_test(a_connection_lost_after_the_job_is_opened_again),
        cmocka_unit_test(a_chain_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
