/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/job.h"

#include "base/limits.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <qblk/chain.h>

#define BLOCK_JOB(finalize, dismiss)                                                               \
    "[{'device':'j','type':'stream','speed':0,'ready':false,'paused':false,'auto-finalize'"        \
    ":" finalize ",'auto-dismiss':" dismiss "}]"

static QblkReplies *
one_job(const char *version, const char *type, const char *status, const char *block_jobs)
{
    g_autofree char *jobs = g_strdup_printf(
        "[{'id':'j','type':'%s','status':'%s','current-progress':1,'total-progress':2}]", type,
        status);
    return graph_fixture_jobs(version, jobs, block_jobs);
}

static gboolean
forbids(const QblkReplies *replies)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, &error);
    assert_no_error(error);
    g_autofree char *reason = qblk_job_forbids_nodes(replies, jobs);
    return reason != NULL;
}

/* ---- reading jobs ---- */

static void
a_job_is_read_from_both_replies(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_jobs(
        "7.2.0",
        "[{'id':'m','type':'mirror','status':'ready','error':'bad: "
        "rbd:p:key=pw','current-progress':5,"
        "'total-progress':9}]",
        "[{'device':'m','speed':7,'ready':true,'paused':true,'auto-finalize':false,"
        "'auto-dismiss':false,'io-status':'nospace'}]");
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, &error);
    assert_no_error(error);
    assert_int_equal(jobs->len, 1);
    const QblkJob *job = jobs->pdata[0];
    assert_string_equal(job->id, "m");
    assert_string_equal(job->type, "mirror");
    assert_string_equal(job->status, "ready");
    assert_string_equal(job->error, "bad: rbd:p:key=***");
    assert_string_equal(job->io_status, "nospace");
    assert_int_equal(job->progress, 5);
    assert_int_equal(job->total, 9);
    assert_int_equal(job->speed, 7);
    assert_true(job->ready && job->paused && !job->auto_finalize && !job->auto_dismiss);
    assert_null(job->target);
    assert_int_equal(job->nodes->len, 0);
}

static void
a_job_that_is_not_a_block_job_has_no_speed(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = one_job("7.2.0", "create", "running", "[]");
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, &error);
    assert_no_error(error);
    const QblkJob *job = jobs->pdata[0];
    assert_int_equal(job->speed, QBLK_UNKNOWN);
    assert_false(job->ready);
    assert_null(job->io_status);
}

static void
a_block_job_started_between_the_queries_is_left_out(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_jobs("7.2.0", "[]", BLOCK_JOB("true", "true"));
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, &error);
    assert_no_error(error);
    assert_int_equal(jobs->len, 0);
}

static void
a_block_job_listed_twice_does_not_leak(void **state)
{
    g_autoptr(GError) error = NULL;
    static const char entry[] = "{'device':'j','speed':%d,'ready':false,'paused':false,"
                                "'auto-finalize':true,'auto-dismiss':true,'io-status':'ok'}";
    g_autofree char *first = g_strdup_printf(entry, 1);
    g_autofree char *second = g_strdup_printf(entry, 2);
    g_autofree char *both = g_strdup_printf("[%s,%s]", first, second);
    g_autoptr(QblkReplies) replies = one_job("7.2.0", "mirror", "running", both);
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, &error);
    assert_no_error(error);
    assert_int_equal(jobs->len, 1);
}

static void
invalid_jobs_are_refused(void **state)
{
    static const struct {
        const char *jobs, *block_jobs, *reason;
    } cases[] = {
        {"[7]", "[]", "query-jobs is not an object"},
        {"[{}]", "[]", "query-jobs: 'id' is missing"},
        {"[{'id':'j','type':7}]", "[]", "query-jobs: 'type' is not a string"},
        {"{'id':'j'}", "[]", "query-jobs is not a list"},
        {"null", "[]", "query-jobs is not a list"},
        {"'none'", "[]", "query-jobs is not a list"},
        {"[]", "[{}]", "query-block-jobs: 'device' is missing"},
        {"[]", "{}", "query-block-jobs is not a list"},
        {"[]", "false", "query-block-jobs is not a list"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies =
            graph_fixture_jobs("7.2.0", cases[i].jobs, cases[i].block_jobs);
        assert_null(qblk_job_load_all(replies, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, cases[i].reason);
    }
}

static char *
list_of(const char *entry, guint count)
{
    GString *list = g_string_new("[");
    for (guint i = 0; i < count; i++) {
        g_string_append_printf(list, "%s{%s'j%u'}", i == 0 ? "" : ",", entry, i);
    }
    g_string_append_c(list, ']');
    return g_string_free(list, FALSE);
}

static void
more_jobs_than_the_limit_are_refused_in_either_reply(void **state)
{
    static const char job[] = "'type':'commit','status':'running','current-progress':0,"
                              "'total-progress':1,'id':";
    static const char block_job[] = "'speed':0,'ready':false,'paused':false,'auto-finalize':true,"
                                    "'auto-dismiss':true,'device':";
    for (guint over = 0; over < 3; over++) {
        g_autofree char *jobs = list_of(job, QBLK_LIMIT_JOBS + (over == 1));
        g_autofree char *block_jobs = list_of(block_job, QBLK_LIMIT_JOBS + (over == 2));
        g_autoptr(QblkReplies) replies = graph_fixture_jobs("7.2.0", jobs, block_jobs);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) loaded = qblk_job_load_all(replies, &error);
        if (over == 0) {
            assert_no_error(error);
            assert_int_equal(loaded->len, QBLK_LIMIT_JOBS);
            continue;
        }
        assert_null(loaded);
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                     over == 1 ? "'query-jobs' lists more jobs than the limit of 4096"
                               : "'query-block-jobs' lists more jobs than the limit of 4096");
    }
}

static void
a_capture_may_have_no_jobs(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, &error);
    assert_no_error(error);
    assert_int_equal(jobs->len, 0);
}

/* ---- the crash guard ---- */

static void
a_stream_that_changed_the_graph_and_is_not_dismissed_forbids_the_nodes(void **state)
{
    static const struct {
        const char *status;
        const char *block_jobs;
        gboolean forbidden;
    } cases[] = {
        {"created", BLOCK_JOB("true", "true"), FALSE},
        {"running", BLOCK_JOB("true", "true"), FALSE},
        {"running", BLOCK_JOB("false", "false"), FALSE},
        {"running", BLOCK_JOB("false", "true"), FALSE},
        {"pending", BLOCK_JOB("false", "false"), FALSE},
        {"waiting", BLOCK_JOB("false", "false"), FALSE},
        /* It may get there before the next query does. */
        {"created", BLOCK_JOB("true", "false"), TRUE},
        {"running", BLOCK_JOB("true", "false"), TRUE},
        {"paused", BLOCK_JOB("true", "false"), TRUE},
        /* It is there. */
        {"aborting", BLOCK_JOB("false", "false"), TRUE},
        {"aborting", BLOCK_JOB("true", "true"), TRUE},
        {"concluded", BLOCK_JOB("false", "false"), TRUE},
        {"concluded", BLOCK_JOB("true", "true"), TRUE},
        {"concluded", "[]", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies =
            one_job("7.2.22", "stream", cases[i].status, cases[i].block_jobs);
        if (forbids(replies) != cases[i].forbidden) {
            fail_msg("stream %s with %s", cases[i].status, cases[i].block_jobs);
        }
    }
}

static void
other_jobs_forbid_nothing(void **state)
{
    static const char *const types[] = {"commit", "mirror", "backup",
                                        "create", "amend",  "snapshot-save"};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(QblkReplies) replies =
            one_job("7.2.22", types[i], "concluded", BLOCK_JOB("true", "false"));
        assert_false(forbids(replies));
    }
    g_autoptr(QblkReplies) none = graph_fixture_jobs("7.2.22", "[]", "[]");
    assert_false(forbids(none));
}

static void
one_dangerous_job_among_others_forbids_the_nodes(void **state)
{
    static const char job[] =
        "{'id':'%s','type':'%s','status':'%s','current-progress':1,'total-progress':2}";
    g_autofree char *mirror = g_strdup_printf(job, "m", "mirror", "ready");
    g_autofree char *stream = g_strdup_printf(job, "s", "stream", "concluded");
    g_autofree char *jobs = g_strdup_printf("[%s,%s]", mirror, stream);
    g_autoptr(QblkReplies) replies = graph_fixture_jobs("7.2.22", jobs, "[]");
    g_autoptr(GPtrArray) loaded = qblk_job_load_all(replies, NULL);
    g_autofree char *reason = qblk_job_forbids_nodes(replies, loaded);
    assert_string_equal(
        reason, "stream job 's' is concluded and not dismissed: querying the block nodes of "
                "QEMU 7.2.22 could crash the guest; dismiss the job, then try again");
}

static void
versions_without_the_bug_are_queried_during_any_job(void **state)
{
    static const struct {
        const char *version;
        gboolean has_bug;
    } cases[] = {
        {"5.0.0", FALSE},  {"5.2.0", FALSE},  {"5.2.94", FALSE},  {"6.0.0", TRUE},
        {"6.2.0", TRUE},   {"7.2.22", TRUE},  {"8.2.0", TRUE},    {"9.2.99", TRUE},
        {"10.0.0", TRUE},  {"10.0.12", TRUE}, {"10.0.13", FALSE}, {"10.0.99", FALSE},
        {"10.1.0", TRUE},  {"10.1.9", TRUE},  {"10.2.0", FALSE},  {"11.0.0", FALSE},
        {"11.1.0", FALSE}, {"12.0.0", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies =
            one_job(cases[i].version, "stream", "concluded", BLOCK_JOB("true", "false"));
        if (forbids(replies) != cases[i].has_bug) {
            fail_msg("version %s", cases[i].version);
        }
    }
}

static void
an_unknown_version_may_have_the_bug(void **state)
{
    g_autoptr(QblkReplies) replies =
        one_job("7.2.0", "stream", "concluded", BLOCK_JOB("true", "false"));
    graph_fixture_replace(replies, "query-version", NULL, NULL);
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, NULL);
    g_autofree char *reason = qblk_job_forbids_nodes(replies, jobs);
    assert_non_null(reason);
    assert_null(strstr(reason, "0.0.0"));
}

static void
jobs_that_qemu_does_not_list_may_be_dangerous(void **state)
{
    g_autoptr(QblkReplies) silent = graph_fixture_jobs("7.2.0", NULL, "[]");
    g_autoptr(QblkReplies) safe = graph_fixture_jobs("11.0.0", NULL, "[]");
    assert_true(forbids(silent));
    assert_false(forbids(safe));
    /* Whether it dismisses itself is in the second reply only. */
    g_autoptr(QblkReplies) half = one_job("7.2.0", "stream", "running", NULL);
    assert_true(forbids(half));
    /* Listed in the first only, it has ended and is gone. */
    g_autoptr(QblkReplies) gone = one_job("7.2.0", "stream", "running", "[]");
    assert_false(forbids(gone));
}

static void
freeing_nothing_is_allowed(void **state)
{
    qblk_job_free(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_read_from_both_replies),
        cmocka_unit_test(a_job_that_is_not_a_block_job_has_no_speed),
        cmocka_unit_test(a_block_job_started_between_the_queries_is_left_out),
        cmocka_unit_test(a_block_job_listed_twice_does_not_leak),
        cmocka_unit_test(invalid_jobs_are_refused),
        cmocka_unit_test(more_jobs_than_the_limit_are_refused_in_either_reply),
        cmocka_unit_test(a_capture_may_have_no_jobs),
        cmocka_unit_test(a_stream_that_changed_the_graph_and_is_not_dismissed_forbids_the_nodes),
        cmocka_unit_test(other_jobs_forbid_nothing),
        cmocka_unit_test(one_dangerous_job_among_others_forbids_the_nodes),
        cmocka_unit_test(versions_without_the_bug_are_queried_during_any_job),
        cmocka_unit_test(an_unknown_version_may_have_the_bug),
        cmocka_unit_test(jobs_that_qemu_does_not_list_may_be_dangerous),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
