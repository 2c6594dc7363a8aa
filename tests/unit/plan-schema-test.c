/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a plan can send, each QEMU that is tested takes it: by the schema recorded from it. */
#include "blockjob/plan-check.h"
#include "blockjob/plan-commit.h"
#include "blockjob/plan-copy.h"
#include "blockjob/plan-job.h"
#include "blockjob/plan-pull.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"

static const char *const versions[] = {"5.2", "7.2", "10.0", "11.1"};

typedef struct {
    const char *version;
    QblkSchema *schema;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    QblkPlanContext context;
} Case;

static void
case_init(Case *test, const char *version, const char *topology)
{
    g_autofree char *name = g_strdup_printf("%s/%s", version, topology);
    test->version = version;
    test->schema = fake_qmp_read_schema(version);
    test->replies = graph_fixture_load(name);
    test->snapshot = graph_fixture_snapshot(test->replies);
    test->context =
        (QblkPlanContext){.snapshot = test->snapshot, .target = "vda", .speed = 1 << 20};
    qblk_plan_check_features(&test->context, test->schema);
}

static void
case_clear(Case *test)
{
    qblk_snapshot_free(test->snapshot);
    qblk_replies_free(test->replies);
    qblk_schema_free(test->schema);
}

/* Takes @plan. */
static void
assert_taken(const Case *test, QblkPlan *plan, GError *error)
{
    g_autoptr(QblkPlan) made = plan;
    g_autoptr(GError) cause = error;
    assert_no_error(cause);
    assert_non_null(made);
    gboolean is_taken = qblk_plan_check_schema(made, test->schema, &cause);
    assert_no_error(cause);
    assert_true(is_taken);
}

static void
every_qemu_takes_commits_and_pulls(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        case_init(&test, versions[i], "virtio-5-deep");
        for (QblkCommitEnd end = QBLK_COMMIT_INNER; end <= QBLK_COMMIT_KEEP_OVERLAY; end++) {
            GError *error = NULL;
            const QblkCommitOptions options = {.top = end == QBLK_COMMIT_INNER ? "vda[1]" : NULL,
                                               .end = end};
            QblkPlan *plan = qblk_plan_commit(&test.context, &options, &error);
            assert_taken(&test, plan, error);
        }
        for (guint has_base = FALSE; has_base <= TRUE; has_base++) {
            GError *error = NULL;
            const QblkPullOptions options = {.base = has_base ? "vda[2]" : NULL};
            QblkPlan *plan = qblk_plan_pull(&test.context, &options, &error);
            assert_taken(&test, plan, error);
        }
        case_clear(&test);
    }
}

static void
every_qemu_takes_copies(void **state)
{
    static const QblkCopyOptions kinds[] = {
        {.format = "qcow2", .end = QBLK_COPY_PIVOT},
        {.format = "qcow2", .end = QBLK_COPY_PIVOT, .shallow = TRUE},
        {.format = "qed", .end = QBLK_COPY_FINISH, .shallow = TRUE},
        {.format = "raw", .end = QBLK_COPY_FINISH, .is_block = TRUE},
        {.format = "raw",
         .end = QBLK_COPY_STAY,
         .synchronous = TRUE,
         .granularity = 65536,
         .buffer_size = 1 << 20},
        {.format = "vmdk", .end = QBLK_COPY_PIVOT, .reuse = TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        case_init(&test, versions[i], "virtio-5-deep");
        for (gsize j = 0; j < G_N_ELEMENTS(kinds); j++) {
            GError *error = NULL;
            QblkCopyOptions options = kinds[j];
            options.destination = "/nowhere/copy";
            QblkPlan *plan = qblk_plan_copy(&test.context, &options, &error);
            assert_taken(&test, plan, error);
        }
        case_clear(&test);
    }
}

static void
every_qemu_takes_what_jobs_are_told(void **state)
{
    static const struct {
        const char *topology;
        QblkJobAction action;
    } cases[] = {
        {"mirror-ready", QBLK_JOB_PIVOT},         {"mirror-ready", QBLK_JOB_FINISH},
        {"commit-ready", QBLK_JOB_PIVOT},         {"mirror-running", QBLK_JOB_ABORT},
        {"mirror-running", QBLK_JOB_PAUSE},       {"mirror-running", QBLK_JOB_LIMIT},
        {"commit-middle-running", QBLK_JOB_WAIT}, {"stream-pending", QBLK_JOB_WAIT},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(versions) * G_N_ELEMENTS(cases); i++) {
        Case test;
        const QblkJobRequest request = {.action = cases[i % G_N_ELEMENTS(cases)].action};
        case_init(&test, versions[i / G_N_ELEMENTS(cases)],
                  cases[i % G_N_ELEMENTS(cases)].topology);
        GError *error = NULL;
        const QblkJob *job = qblk_plan_job_find(test.snapshot, "vda");
        assert_non_null(job);
        QblkPlan *plan = qblk_plan_job(&test.context, job, &request, &error);
        assert_taken(&test, plan, error);
        case_clear(&test);
    }
}

/* `backing-mask-protocol` came with 9.0. */
static void
what_is_new_is_used_where_it_is_known(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        case_init(&test, versions[i], "virtio-5-deep");
        gboolean is_new = g_str_equal(versions[i], "10.0") || g_str_equal(versions[i], "11.1");
        assert_int_equal(test.context.masks_protocol, is_new);
        assert_false(test.context.lacks_hmp);
        case_clear(&test);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_qemu_takes_commits_and_pulls),
        cmocka_unit_test(every_qemu_takes_copies),
        cmocka_unit_test(every_qemu_takes_what_jobs_are_told),
        cmocka_unit_test(what_is_new_is_used_where_it_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
