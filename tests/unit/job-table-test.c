/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/job-table.h"

#include "lib/check.h"

#include <string.h>

static void
report(QblkJobTable *table, const char *id, const char *status)
{
    g_autofree char *text = g_strdup_printf("{\"event\": \"JOB_STATUS_CHANGE\", \"data\": "
                                            "{\"id\": \"%s\", \"status\": \"%s\"}}",
                                            id, status);
    g_autoptr(QblkJson) event = qblk_json_parse(text, strlen(text), NULL);
    qblk_job_table_event(table, event);
}

static void
list(QblkJobTable *table, const char *text, guint64 events)
{
    g_autoptr(QblkJson) jobs = qblk_json_parse(text, strlen(text), NULL);
    assert_non_null(jobs);
    qblk_job_table_load(table, jobs, events);
}

static void
jobs_are_followed_by_events_once_all_are_known(void **state)
{
    g_autoptr(QblkJobTable) table = qblk_job_table_new();
    assert_true(qblk_job_table_may_have_jobs(table));
    list(table, "[]", 0);
    assert_false(qblk_job_table_may_have_jobs(table));

    report(table, "a", "created");
    report(table, "a", "running");
    assert_true(qblk_job_table_may_have_jobs(table));
    report(table, "a", "null");
    assert_false(qblk_job_table_may_have_jobs(table));
    assert_int_equal(qblk_job_table_events(table), 3);
}

static void
a_reply_that_is_older_than_an_event_is_ignored(void **state)
{
    g_autoptr(QblkJobTable) table = qblk_job_table_new();
    guint64 events = qblk_job_table_events(table);
    report(table, "a", "created");
    list(table, "[]", events);
    assert_true(qblk_job_table_may_have_jobs(table));

    /* All jobs are not known even when this one has gone. */
    report(table, "a", "null");
    assert_true(qblk_job_table_may_have_jobs(table));
    list(table, "[]", qblk_job_table_events(table));
    assert_false(qblk_job_table_may_have_jobs(table));
}

static void
other_events_are_ignored(void **state)
{
    static const char *const texts[] = {
        "{\"event\": \"STOP\"}",
        "{\"event\": \"JOB_STATUS_CHANGE\"}",
        "{\"event\": \"JOB_STATUS_CHANGE\", \"data\": {\"id\": 1, \"status\": \"null\"}}",
        "[]",
    };
    g_autoptr(QblkJobTable) table = qblk_job_table_new();
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(QblkJson) event = qblk_json_parse(texts[i], strlen(texts[i]), NULL);
        qblk_job_table_event(table, event);
    }
    assert_int_equal(qblk_job_table_events(table), 0);
}

static void
a_completed_job_is_remembered_until_it_has_gone(void **state)
{
    g_autoptr(QblkJobTable) table = qblk_job_table_new();
    list(table, "[{\"id\": \"a\"}, {\"id\": \"b\"}]", 0);
    qblk_job_table_complete(table, "a", FALSE);
    assert_true(qblk_job_table_is_completed(table, "a"));
    assert_false(qblk_job_table_is_completed(table, "b"));
    report(table, "a", "ready");
    list(table, "[{\"id\": \"a\"}, {\"id\": \"b\"}]", 1);
    assert_true(qblk_job_table_is_completed(table, "a"));

    report(table, "a", "null");
    report(table, "a", "created");
    assert_false(qblk_job_table_is_completed(table, "a"));
}

static void
what_qemu_refused_did_not_complete_the_job(void **state)
{
    g_autoptr(QblkJobTable) table = qblk_job_table_new();
    qblk_job_table_complete(table, "a", FALSE);
    qblk_job_table_complete(table, "a", TRUE);
    assert_false(qblk_job_table_is_completed(table, "a"));
}

static void
a_command_of_the_bridge_may_have_completed_any_job(void **state)
{
    g_autoptr(QblkJobTable) table = qblk_job_table_new();
    list(table, "[{\"id\": \"a\"}]", 0);
    qblk_job_table_complete_any(table);
    assert_true(qblk_job_table_is_completed(table, "a"));
    report(table, "b", "created");
    assert_false(qblk_job_table_is_completed(table, "b"));
}

static void
a_mirror_replaces_its_source_only_if_it_was_seen_to_start(void **state)
{
    g_autoptr(QblkJobTable) table = qblk_job_table_new();
    assert_true(qblk_job_table_may_replace(table, "a"));
    qblk_job_table_start(table, "a", FALSE);
    report(table, "a", "created");
    qblk_job_table_end_starts(table);
    assert_false(qblk_job_table_may_replace(table, "a"));

    /* A command that QEMU refuses is no job, nor does it change one. */
    qblk_job_table_start(table, "a", TRUE);
    qblk_job_table_end_starts(table);
    assert_false(qblk_job_table_may_replace(table, "a"));
    qblk_job_table_start(table, "b", FALSE);
    qblk_job_table_end_starts(table);
    report(table, "b", "created");
    assert_true(qblk_job_table_may_replace(table, "b"));
}

static void
of_two_mirrors_with_one_id_either_may_start(void **state)
{
    for (guint first = 0; first < 2; first++) {
        g_autoptr(QblkJobTable) table = qblk_job_table_new();
        qblk_job_table_start(table, "a", first == 0);
        qblk_job_table_start(table, "a", first == 1);
        report(table, "a", "created");
        assert_true(qblk_job_table_may_replace(table, "a"));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_followed_by_events_once_all_are_known),
        cmocka_unit_test(a_reply_that_is_older_than_an_event_is_ignored),
        cmocka_unit_test(other_events_are_ignored),
        cmocka_unit_test(a_completed_job_is_remembered_until_it_has_gone),
        cmocka_unit_test(what_qemu_refused_did_not_complete_the_job),
        cmocka_unit_test(a_command_of_the_bridge_may_have_completed_any_job),
        cmocka_unit_test(a_mirror_replaces_its_source_only_if_it_was_seen_to_start),
        cmocka_unit_test(of_two_mirrors_with_one_id_either_may_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
