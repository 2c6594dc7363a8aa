/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/policy.h"

#include "lib/check.h"

static QblkPolicyVerdict
check(const QblkPolicy *policy, QblkAccess access, const char *command)
{
    g_autofree char *reason = NULL;
    QblkPolicyVerdict verdict = qblk_policy_check(policy, access, command, FALSE, &reason);
    assert_true((verdict == QBLK_POLICY_REFUSE) == (reason != NULL));
    return verdict;
}

static void
a_read_only_client_may_only_look(void **state)
{
    static const char *const refused[] = {
        "quit",
        "stop",
        "human-monitor-command",
        "block-commit",
        "qom-set",
        "qblk-commit",
        "qblk-recover",
        "getfd",
        "x-query",
        "querystatus",
        "device_add",
        "system_wakeup",
        "",
        "Query-block",
        "qblk-cancel",
        "qmp_quit",
        "blockdev-add",
        "job-complete",
        "transaction",
        "dump-guest-memory",
    };
    static const char *const allowed[] = {
        "query-block",      "query-status", "qom-get", "qom-list", "x-debug-query-block-graph",
        "qmp_capabilities",
    };
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, refused[i]), QBLK_POLICY_REFUSE);
        assert_false(qblk_policy_is_read_only(refused[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
        assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, allowed[i]), QBLK_POLICY_FORWARD);
        assert_true(qblk_policy_is_read_only(allowed[i]));
    }
    assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, "qblk-query-chains"), QBLK_POLICY_DECIDE);
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "quit"), QBLK_POLICY_FORWARD);

    g_autofree char *reason = NULL;
    (void)qblk_policy_check(policy, QBLK_ACCESS_READ_ONLY, "quit", FALSE, &reason);
    assert_string_equal(reason, "command 'quit' is not allowed on this socket: it is read-only");
}

static void
patterns_add_and_remove_commands(void **state)
{
    static const char *const allow[] = {"stop", "block-*", NULL};
    static const char *const deny[] = {"*-commit", "human-monitor-comman?", "query-name", NULL};
    g_autoptr(QblkPolicy) policy = qblk_policy_new(allow, deny);
    assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, "stop"), QBLK_POLICY_FORWARD);
    assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, "block-stream"), QBLK_POLICY_FORWARD);
    assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, "block-commit"), QBLK_POLICY_REFUSE);
    assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, "query-name"), QBLK_POLICY_REFUSE);
    assert_int_equal(check(policy, QBLK_ACCESS_READ_ONLY, "cont"), QBLK_POLICY_REFUSE);
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "qblk-commit"), QBLK_POLICY_REFUSE);
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "human-monitor-command"), QBLK_POLICY_REFUSE);
    assert_int_equal(check(policy, QBLK_ACCESS_INTERNAL, "block-commit"), QBLK_POLICY_FORWARD);
}

static void
the_bridge_decides_on_its_own_commands_and_on_dangerous_ones(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autofree char *reason = NULL;
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "qblk-commit"), QBLK_POLICY_DECIDE);
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "qblk-unknown"), QBLK_POLICY_DECIDE);
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "query-named-block-nodes"),
                     QBLK_POLICY_DECIDE);
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "job-complete"), QBLK_POLICY_DECIDE);
    assert_int_equal(check(policy, QBLK_ACCESS_FULL, "block-job-complete"), QBLK_POLICY_DECIDE);
    assert_int_equal(qblk_policy_check(policy, QBLK_ACCESS_FULL, "block-commit", TRUE, &reason),
                     QBLK_POLICY_DECIDE);
    assert_int_equal(qblk_policy_check(policy, QBLK_ACCESS_READ_ONLY, "quit", TRUE, &reason),
                     QBLK_POLICY_REFUSE);
    assert_int_equal(check(policy, QBLK_ACCESS_INTERNAL, "job-complete"), QBLK_POLICY_FORWARD);
    assert_int_equal(check(policy, QBLK_ACCESS_INTERNAL, "query-named-block-nodes"),
                     QBLK_POLICY_DECIDE);
    assert_int_equal(check(policy, QBLK_ACCESS_DECIDER, "query-named-block-nodes"),
                     QBLK_POLICY_FORWARD);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_only_client_may_only_look),
        cmocka_unit_test(patterns_add_and_remove_commands),
        cmocka_unit_test(the_bridge_decides_on_its_own_commands_and_on_dangerous_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
