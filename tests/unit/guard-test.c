/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/guard.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"

#include <qblk/error.h>

#include <string.h>

static QblkJson *
json(const char *text)
{
    QblkJson *value = qblk_json_parse(text, strlen(text), NULL);
    assert_non_null(value);
    return value;
}

static QblkGuard *
guard_of_version(int major, int minor, int micro)
{
    QblkGuard *guard = qblk_guard_new();
    g_autofree char *text =
        g_strdup_printf("{\"QMP\": {\"version\": {\"qemu\": {\"major\": %d, \"minor\": %d, "
                        "\"micro\": %d}, \"package\": \"\"}, \"capabilities\": []}}",
                        major, minor, micro);
    g_autoptr(QblkJson) greeting = json(text);
    qblk_guard_begin(guard, greeting);
    return guard;
}

static gboolean
wants(const QblkGuard *guard, const char *command, const char *arguments)
{
    g_autoptr(QblkJson) value = arguments == NULL ? NULL : json(arguments);
    return qblk_guard_wants(guard, &(QblkGuarded){command, value});
}

/* Look at a command, with a QEMU that answers as @fake. */
static gboolean
check(QblkGuard *guard, QblkClient *client, const char *command, const char *arguments,
      GError **error)
{
    g_autoptr(QblkJson) value = arguments == NULL ? NULL : json(arguments);
    return qblk_guard_check(guard, client, &(QblkGuarded){command, value}, error);
}

static void
note(QblkGuard *guard, const char *command, const char *arguments)
{
    g_autoptr(QblkJson) value = json(arguments);
    qblk_guard_note(guard, &(QblkGuarded){command, value});
}

static void
report(QblkGuard *guard, const char *id, const char *status)
{
    g_autofree char *text = g_strdup_printf("{\"event\": \"JOB_STATUS_CHANGE\", \"data\": "
                                            "{\"id\": \"%s\", \"status\": \"%s\"}}",
                                            id, status);
    g_autoptr(QblkJson) event = json(text);
    qblk_guard_event(guard, event);
}

/* The next queries for jobs find one of @type, in @status. */
static void
script_job(FakeQmp *fake, const char *type, const char *status)
{
    g_autofree char *job =
        type == NULL ? g_strdup("[]")
                     : g_strdup_printf("[{\"id\": \"j\", \"type\": \"%s\", \"status\": \"%s\", "
                                       "\"current-progress\": 0, \"total-progress\": 1}]",
                                       type, status);
    fake_qmp_expect(fake, "query-jobs", "{}");
    fake_qmp_reply(fake, job);
    fake_qmp_expect(fake, "query-block-jobs", "{}");
    fake_qmp_reply(fake, "[]");
}

/* ---- what is looked at ---- */

static void
only_what_crashes_this_version_is_looked_at(void **state)
{
    static const struct {
        const char *command, *arguments;
        gboolean in_5_2, in_7_2, in_10_0, in_11_1;
    } cases[] = {
        {"query-named-block-nodes", NULL, FALSE, TRUE, FALSE, FALSE},
        {"human-monitor-command", "{\"command-line\": \"info block -n\"}", FALSE, TRUE, FALSE,
         FALSE},
        {"human-monitor-command", "{\"command-line\": \"info block\"}", FALSE, FALSE, FALSE, FALSE},
        {"human-monitor-command", "{\"command-line\": 1}", FALSE, FALSE, FALSE, FALSE},
        {"human-monitor-command", NULL, FALSE, FALSE, FALSE, FALSE},
        {"human-monitor-command", "{\"command-line\": \"block_job_complete j\"}", TRUE, TRUE, FALSE,
         FALSE},
        {"job-complete", NULL, TRUE, TRUE, FALSE, FALSE},
        {"block-job-complete", NULL, TRUE, TRUE, FALSE, FALSE},
        {"job-finalize", NULL, FALSE, TRUE, FALSE, FALSE},
        {"job-cancel", NULL, FALSE, TRUE, FALSE, FALSE},
        {"block-commit", NULL, FALSE, TRUE, FALSE, FALSE},
        {"blockdev-mirror", NULL, TRUE, TRUE, TRUE, TRUE},
        {"blockdev-del", NULL, TRUE, TRUE, TRUE, TRUE},
        {"block-stream", NULL, FALSE, FALSE, FALSE, FALSE},
    };
    g_autoptr(QblkGuard) old = guard_of_version(5, 2, 0);
    g_autoptr(QblkGuard) middle = guard_of_version(7, 2, 22);
    g_autoptr(QblkGuard) fixed = guard_of_version(10, 0, 13);
    g_autoptr(QblkGuard) newest = guard_of_version(11, 1, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *command = cases[i].command, *arguments = cases[i].arguments;
        gboolean is_right = wants(old, command, arguments) == cases[i].in_5_2 &&
                            wants(middle, command, arguments) == cases[i].in_7_2 &&
                            wants(fixed, command, arguments) == cases[i].in_10_0 &&
                            wants(newest, command, arguments) == cases[i].in_11_1;
        if (!is_right) {
            fail_msg("%s %s", command, arguments == NULL ? "" : arguments);
        }
    }
}

static void
the_policy_leaves_these_commands_to_the_bridge(void **state)
{
    static const char *const commands[] = {
        "query-named-block-nodes",
        "job-complete",
        "block-job-complete",
        "job-finalize",
        "block-job-finalize",
        "job-cancel",
        "block-job-cancel",
        "block-commit",
        "blockdev-mirror",
        "drive-mirror",
        "blockdev-del",
        "human-monitor-command",
        "block-stream",
        "query-block-jobs",
    };
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *reason = NULL;
        QblkPolicyVerdict verdict =
            qblk_policy_check(policy, QBLK_ACCESS_FULL, commands[i], FALSE, &reason);
        if ((verdict == QBLK_POLICY_DECIDE) != qblk_guard_knows(commands[i])) {
            fail_msg("%s", commands[i]);
        }
    }
}

/* ---- nodes ---- */

static void
nothing_is_asked_while_there_is_no_job(void **state)
{
    g_autoptr(QblkGuard) guard = guard_of_version(7, 2, 22);
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("7.2");
    script_job(fake, NULL, NULL);
    script_job(fake, "stream", "pending");
    QblkClient *client = fake_qmp_connect(fake);
    for (guint i = 0; i < 3; i++) { /* only the first time */
        assert_true(check(guard, client, "query-named-block-nodes", NULL, &error));
    }
    report(guard, "j", "created");
    assert_true(check(guard, client, "query-named-block-nodes", NULL, &error));
    report(guard, "j", "null");
    assert_true(check(guard, client, "query-named-block-nodes", NULL, &error));
    assert_no_error(error);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
nodes_are_not_queried_while_a_stream_ends(void **state)
{
    static const char *const commands[][2] = {
        {"query-named-block-nodes", "{\"flat\": true}"},
        {"human-monitor-command", "{\"command-line\": \"info block -n\"}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(QblkGuard) guard = guard_of_version(7, 2, 22);
        g_autoptr(GError) error = NULL;
        FakeQmp *fake = fake_qmp_new("7.2");
        script_job(fake, "stream", "concluded");
        QblkClient *client = fake_qmp_connect(fake);
        assert_false(check(guard, client, commands[i][0], commands[i][1], &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                     "stream job 'j' is concluded and not dismissed");
        qblk_client_unref(client);
        fake_qmp_finish(fake);
    }
}

/* ---- a second completion ---- */

static void
check_second(QblkGuard *guard, const char *type, gboolean is_safe)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("7.2");
    script_job(fake, type, "ready");
    QblkClient *client = fake_qmp_connect(fake);
    assert_int_equal(check(guard, client, "job-complete", "{\"id\": \"j\"}", &error), is_safe);
    if (!is_safe) {
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                     "job 'j' was told to complete before");
    }
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_mirror_is_completed_once(void **state)
{
    static const char *const firsts[][2] = {
        {"job-complete", "{\"id\": \"j\"}"},
        {"block-job-complete", "{\"device\": \"j\"}"},
        {"human-monitor-command", "{\"command-line\": \"block_job_complete j\"}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++) {
        g_autoptr(QblkGuard) guard = guard_of_version(5, 2, 0);
        report(guard, "j", "ready");
        check_second(guard, "mirror", TRUE); /* it was looked at, and not sent */
        note(guard, firsts[i][0], firsts[i][1]);
        check_second(guard, "mirror", FALSE);
        check_second(guard, "commit", TRUE);
        report(guard, "j", "null");
        report(guard, "j", "created");
        check_second(guard, "mirror", TRUE);
    }
}

static void
a_mirror_without_replaces_can_be_completed_again(void **state)
{
    static const struct {
        const char *start;
        gboolean is_safe;
    } cases[] = {
        {"{\"job-id\": \"j\", \"device\": \"disk\"}", TRUE},
        {"{\"job-id\": \"j\", \"device\": \"disk\", \"replaces\": \"node\"}", FALSE},
        {"{\"device\": \"j\"}", TRUE},
        {"{\"job-id\": \"other\", \"device\": \"j\"}", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkGuard) guard = guard_of_version(5, 2, 0);
        note(guard, "blockdev-mirror", cases[i].start);
        report(guard, "j", "created");
        qblk_guard_changed(guard, "blockdev-mirror");
        note(guard, "job-complete", "{\"id\": \"j\"}");
        check_second(guard, "mirror", cases[i].is_safe);
    }
}

static void
an_operation_of_the_bridge_may_have_completed_the_mirror(void **state)
{
    g_autoptr(QblkGuard) guard = guard_of_version(5, 2, 0);
    report(guard, "j", "ready");
    qblk_guard_changed(guard, "job-complete");
    check_second(guard, "mirror", FALSE);
}

static void
another_qemu_has_other_jobs(void **state)
{
    g_autoptr(QblkGuard) guard = guard_of_version(5, 2, 0);
    note(guard, "job-complete", "{\"id\": \"j\"}");
    qblk_guard_begin(guard, NULL);
    assert_true(wants(guard, "query-named-block-nodes", NULL)); /* its version is not known */
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("7.2");
    script_job(fake, "mirror", "ready");
    QblkClient *client = fake_qmp_connect(fake);
    assert_true(check(guard, client, "job-complete", "{\"id\": \"j\"}", &error));
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_crashes_this_version_is_looked_at),
        cmocka_unit_test(the_policy_leaves_these_commands_to_the_bridge),
        cmocka_unit_test(nothing_is_asked_while_there_is_no_job),
        cmocka_unit_test(nodes_are_not_queried_while_a_stream_ends),
        cmocka_unit_test(a_mirror_is_completed_once),
        cmocka_unit_test(a_mirror_without_replaces_can_be_completed_again),
        cmocka_unit_test(an_operation_of_the_bridge_may_have_completed_the_mirror),
        cmocka_unit_test(another_qemu_has_other_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
