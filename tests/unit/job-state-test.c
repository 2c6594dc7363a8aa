/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/job-state.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <string.h>

static void
hear(QblkJobState *job, const char *event)
{
    g_autoptr(QblkJson) json = graph_fixture_json(event);
    qblk_job_state_handle_event(job, json);
}

static void
see(QblkJobState *job, const char *jobs)
{
    g_autoptr(QblkJson) json = graph_fixture_json(jobs);
    qblk_job_state_update(job, json);
}

static void
a_job_handles_only_its_own_events(void **state)
{
    char id[] = "a";
    QblkJobState job = {.id = id};
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':{'id':'b','status':'ready'}}");
    hear(&job, "{'event':'BLOCK_JOB_READY','data':{'device':'a'}}");
    hear(&job, "{'event':'BLOCK_JOB_ERROR','data':{'device':'b','operation':'read'}}");
    hear(&job, "{'event':'STOP'}");
    assert_null(job.state);
    assert_null(job.operation);
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':{'id':'a','status':'running'}}");
    hear(&job, "{'event':'BLOCK_JOB_ERROR','data':{'device':'a','operation':'write'}}");
    assert_string_equal(job.state, "running");
    assert_string_equal(job.operation, "write");
    qblk_job_state_clear(&job);
}

static void
an_event_without_a_state_is_ignored(void **state)
{
    char id[] = "a";
    QblkJobState job = {.id = id};
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':{'id':'a','status':'running'}}");
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':{'id':'a','status':7}}");
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':{'id':'a'}}");
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':[]}");
    hear(&job, "{'event':'JOB_STATUS_CHANGE'}");
    assert_string_equal(job.state, "running");
    qblk_job_state_clear(&job);
}

static void
an_event_shows_how_a_job_has_ended(void **state)
{
    static const struct {
        const char *event;
        gboolean is_cancelled, has_completed;
    } cases[] = {
        {"{'event':'BLOCK_JOB_CANCELLED','data':{'device':'a'}}", TRUE, FALSE},
        {"{'event':'BLOCK_JOB_COMPLETED','data':{'device':'a'}}", FALSE, TRUE},
        {"{'event':'BLOCK_JOB_COMPLETED','data':{'device':'a','error':'x'}}", FALSE, FALSE},
        {"{'event':'BLOCK_JOB_CANCELLED','data':{'device':'b'}}", FALSE, FALSE},
        {"{'event':'BLOCK_JOB_COMPLETED','data':{'device':'b'}}", FALSE, FALSE},
        {"{'event':'BLOCK_JOB_CANCELLED','data':{'device':7}}", FALSE, FALSE},
        {"{'event':'BLOCK_JOB_CANCELLED'}", FALSE, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char id[] = "a";
        QblkJobState job = {.id = id};
        hear(&job, cases[i].event);
        assert_int_equal(job.is_cancelled, cases[i].is_cancelled);
        assert_int_equal(job.has_completed, cases[i].has_completed);
        qblk_job_state_clear(&job);
        assert_false(job.is_cancelled || job.has_completed);
    }
}

static void
only_a_list_of_jobs_with_states_is_accepted(void **state)
{
    static const struct {
        const char *text;
        gboolean is_list;
    } cases[] = {
        {"[]", TRUE},
        {"[{'id':'a','status':'running'}]", TRUE},
        {"[{'id':'a','status':'running'},{'id':'b','status':'null','error':'x'}]", TRUE},
        {"{}", FALSE},
        {"null", FALSE},
        {"[7]", FALSE},
        {"[{'id':'a'}]", FALSE},
        {"[{'status':'running'}]", FALSE},
        {"[{'id':'a','status':'running'},{'id':'b','status':7}]", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autoptr(QblkJson) json = graph_fixture_json(cases[i].text);
        assert_int_equal(qblk_job_state_check(json, &error), cases[i].is_list);
        if (cases[i].is_list) {
            assert_no_error(error);
        } else {
            assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "not a list of jobs");
        }
    }
}

static void
a_job_that_began_and_is_not_listed_is_gone(void **state)
{
    char id[] = "a";
    QblkJobState job = {.id = id};
    qblk_job_state_begin(&job);
    assert_string_equal(job.state, "created");
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':{'id':'a','status':'running'}}");
    qblk_job_state_begin(&job);
    assert_string_equal(job.state, "running");
    see(&job, "[]");
    assert_string_equal(job.state, "null");
    qblk_job_state_clear(&job);
}

static void
a_job_that_existed_and_is_not_listed_is_gone(void **state)
{
    char id[] = "a";
    QblkJobState job = {.id = id};
    see(&job, "[{'id':'b','status':'running'}]");
    assert_null(job.state);
    see(&job, "[{'id':'b','status':'running'},{'id':'a','status':'concluded','error':'full'}]");
    assert_string_equal(job.state, "concluded");
    assert_string_equal(job.error, "full");
    see(&job, "[]");
    assert_string_equal(job.state, "null");
    assert_string_equal(job.error, "full");
    qblk_job_state_clear(&job);
}

static void
the_failure_of_a_job_that_dismisses_itself_is_known(void **state)
{
    char id[] = "a";
    QblkJobState job = {.id = id};
    hear(&job, "{'event':'BLOCK_JOB_COMPLETED','data':{'device':'b','error':'theirs'}}");
    assert_null(job.error);
    hear(&job, "{'event':'JOB_STATUS_CHANGE','data':{'id':'a','status':'concluded'}}");
    hear(&job, "{'event':'BLOCK_JOB_COMPLETED','data':{'device':'a','error':'full'}}");
    see(&job, "[]");
    assert_string_equal(job.error, "full");
    see(&job, "[{'id':'a','status':'concluded','error':'no http://u:secret@h/x there'}]");
    assert_null(strstr(job.error, "secret"));
    qblk_job_state_clear(&job);
}

static void
progress_is_known_after_a_query(void **state)
{
    g_autofree QblkJobState *job = qblk_job_state_new("a");
    g_autofree char *id = job->id;
    assert_int_equal(job->done, -1);
    assert_false(qblk_job_state_is_there(job));
    see(job, "[{'id':'a','status':'running','current-progress':3,'total-progress':8}]");
    assert_int_equal(job->done, 3);
    assert_int_equal(job->total, 8);
    assert_true(qblk_job_state_is_there(job));
    see(job, "[]");
    assert_false(qblk_job_state_is_there(job));
    qblk_job_state_clear(job);
}

static void
states_have_an_order(void **state)
{
    static const struct {
        const char *is, *wanted;
        gboolean reached, passed;
    } cases[] = {
        {"running", "ready", FALSE, FALSE},    {"standby", "ready", FALSE, FALSE},
        {"ready", "ready", TRUE, FALSE},       {"waiting", "ready", FALSE, TRUE},
        {"pending", "ready", FALSE, TRUE},     {"ready", "pending", FALSE, FALSE},
        {"aborting", "pending", FALSE, FALSE}, {"concluded", "pending", FALSE, TRUE},
        {"null", "pending", FALSE, TRUE},      {"null", "concluded", TRUE, FALSE},
        {"paused", "pending", FALSE, FALSE},   {"unheard-of", "pending", FALSE, FALSE},
    };
    char id[] = "a";
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        QblkJobState job = {.id = id, .state = g_strdup(cases[i].is)};
        assert_int_equal(qblk_job_state_has_reached(&job, cases[i].wanted), cases[i].reached);
        assert_int_equal(qblk_job_state_has_passed(&job, cases[i].wanted), cases[i].passed);
        qblk_job_state_clear(&job);
    }
    QblkJobState gone = {.id = id, .state = g_strdup("null")};
    assert_true(qblk_job_state_has_left(&gone, "concluded"));
    assert_false(qblk_job_state_has_left(&gone, "null"));
    qblk_job_state_clear(&gone);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_handles_only_its_own_events),
        cmocka_unit_test(an_event_without_a_state_is_ignored),
        cmocka_unit_test(an_event_shows_how_a_job_has_ended),
        cmocka_unit_test(only_a_list_of_jobs_with_states_is_accepted),
        cmocka_unit_test(a_job_that_began_and_is_not_listed_is_gone),
        cmocka_unit_test(a_job_that_existed_and_is_not_listed_is_gone),
        cmocka_unit_test(the_failure_of_a_job_that_dismisses_itself_is_known),
        cmocka_unit_test(progress_is_known_after_a_query),
        cmocka_unit_test(states_have_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
