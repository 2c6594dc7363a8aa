/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-change.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <string.h>

/* Reads @text as the arguments of qblk-plan.  @change: to be cleared */
static const QblkLocalKind *
read_plan(const char *text, QblkLocalChange *change, GError **error)
{
    g_autoptr(QblkJson) json = graph_fixture_json(text);
    return qblk_local_change_read_plan(json, change, error);
}

/* ---- arguments ---- */

static const char *const accepted[] = {
    "{'operation': 'commit', 'disk': 'vda', 'pivot': true}",
    "{'operation': 'commit', 'all-disks': true, 'keep': 2}",
    "{'operation': 'commit', 'disk': 'vda', 'keep': 0, 'pivot': true, 'delete': true}",
    "{'operation': 'commit', 'disk': 'vda', 'active': true, 'detach': true}",
    "{'operation': 'commit', 'disk': 'vda', 'pivot': false, 'keep-overlay': true}",
    "{'operation': 'pull', 'disk': 'vda', 'base': 'vda[2]', 'bandwidth': 1000}",
    "{'operation': 'copy', 'disk': 'vda', 'destination': '/d/copy', 'granularity': 65536}",
    "{'operation': 'copy', 'disk': 'vda', 'destination': 'nbd://host/x', 'reuse-external': true}",
    "{'operation': 'snapshot', 'disks': ['vda', 'vdb'], 'file': ['vda=/d/a=b']}",
    "{'operation': 'snapshot', 'all-disks': true, 'secret': ['k=/d/key'], 'encrypt': 'k'}",
};

static void
arguments_of_each_kind_are_accepted(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(accepted); i++) {
        g_autoptr(GError) error = NULL;
        QblkLocalChange change = {0};
        assert_non_null(read_plan(accepted[i], &change, &error));
        assert_no_error(error);
        qblk_local_change_clear(&change);
    }
}

static const struct {
    const char *arguments, *message;
} refused[] = {
    {"{'disk': 'vda'}", "Parameter 'operation' is missing"},
    {"{'operation': 'rebase'}", "Parameter 'operation' does not accept value 'rebase'"},
    {"{'operation': 'pull', 'disk': 'vda', 'top': 'x'}", "Parameter 'top' is unexpected"},
    {"{'operation': 'copy', 'disk': 'vda'}", "Parameter 'destination' is missing"},
    {"{'operation': 'copy', 'destination': '/d'}", "Parameter 'disk' is missing"},
    {"{'operation': 'commit'}", "a disk, or 'all-disks', is missing"},
    {"{'operation': 'commit', 'all-disks': false}", "a disk, or 'all-disks', is missing"},
    {"{'operation': 'snapshot', 'disks': ['vda', 'vdb'], 'expect': 'x'}",
     "parameter 'expect' is for one disk"},
    {"{'operation': 'snapshot', 'disks': []}", "a disk, or 'all-disks', is missing"},
    {"{'operation': 'commit', 'disk': 'vda', 'all-disks': true}",
     "parameters 'disk' and 'all-disks' exclude each other"},
    {"{'operation': 'commit', 'disk': 'vda', 'pivot': true, 'keep-overlay': true}",
     "parameters 'pivot' and 'keep-overlay' exclude each other"},
    {"{'operation': 'commit', 'disk': 'vda', 'active': true, 'delete': true}",
     "parameters 'delete' and 'active' exclude each other"},
    {"{'operation': 'commit', 'disk': 'vda', 'delete-internal-snapshots': true}",
     "parameter 'delete-internal-snapshots' needs 'delete'"},
    {"{'operation': 'commit', 'disk': 'vda', 'keep': 1, 'top': 'vda[1]'}",
     "parameters 'keep' and 'top' exclude each other"},
    {"{'operation': 'commit', 'disk': 'vda', 'keep': 0}", "parameter 'keep' with 0 needs 'pivot'"},
    {"{'operation': 'commit', 'disk': 'vda', 'keep': 1, 'pivot': true}",
     "parameter 'keep' with 0 needs 'pivot'"},
    {"{'operation': 'commit', 'disk': 'vda', 'keep': -1}", "parameter 'keep' needs the number"},
    {"{'operation': 'commit', 'disk': 'vda', 'pivot': true, 'detach': true}",
     "parameters 'detach' and 'pivot' exclude each other"},
    {"{'operation': 'pull', 'disk': 'vda', 'bandwidth': -1}",
     "parameter 'bandwidth' must not be negative"},
    {"{'operation': 'pull', 'disk': 'vda', 'timeout': 3000000000}",
     "parameter 'timeout' needs at most"},
    {"{'operation': 'pull', 'disk': 'vda', 'bitmaps': 'keep'}",
     "Parameter 'bitmaps' does not accept value 'keep'"},
    {"{'operation': 'copy', 'disk': 'vda', 'destination': 'copy'}",
     "parameter 'destination' has the relative path 'copy'"},
    {"{'operation': 'copy', 'disk': 'vda', 'destination': '/d', 'granularity': 1000}",
     "parameter 'granularity' needs a power of 2 from 512 to 67108864"},
    {"{'operation': 'snapshot', 'all-disks': true, 'file': ['vda=a']}",
     "parameter 'file' has the relative path 'a'"},
    {"{'operation': 'snapshot', 'all-disks': true, 'file': ['=/d/a']}",
     "parameter 'file' needs NAME=PATH"},
    {"{'operation': 'pull', 'disk': 'vda', 'secret': ['k=key']}",
     "parameter 'secret' has the relative path 'key'"},
};

static void
arguments_that_mean_nothing_are_refused(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        QblkLocalChange change = {0};
        assert_null(read_plan(refused[i].arguments, &change, &error));
        if (error == NULL) {
            fail_msg("accepted: %s", refused[i].arguments);
        }
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, refused[i].message);
        qblk_local_change_clear(&change);
    }
}

/* ---- plans ---- */

/* Returns: (transfer full): the JSON of the plans that @text means for @snapshot */
static char *
plan_of(const QblkSnapshot *snapshot, const char *text)
{
    GError *error = NULL;
    QblkLocalChange change = {0};
    const QblkLocalKind *kind = read_plan(text, &change, &error);
    assert_no_error(error);

    const QblkLocalPlanner planner = {.snapshot = snapshot};
    g_autoptr(QblkPlans) plans = qblk_local_change_plan(kind, &planner, &change, &error);
    assert_no_error(error);
    qblk_local_change_clear(&change);
    return qblk_plans_to_json(plans);
}

/* @plan: (transfer full) */
static char *
json_of(QblkPlan *plan, GError **error)
{
    assert_no_error(*error);
    g_autoptr(QblkPlan) only = plan;
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    qblk_plans_add(plans, only);
    return qblk_plans_to_json(plans);
}

static void
the_plan_is_that_of_the_options_with_the_same_names(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    GError *error = NULL;

    g_autoptr(QblkCommitOptions) commit = qblk_commit_options_new();
    g_autoptr(QblkPlanOptions) plan = qblk_plan_options_new();
    qblk_commit_options_set_end(commit, QBLK_COMMIT_PIVOT);
    qblk_commit_options_set_base(commit, "vda[1]");
    qblk_plan_options_set_speed(plan, 4096);
    g_autofree char *expected_commit =
        json_of(qblk_plan_commit(NULL, snapshot, "vda", commit, plan, &error), &error);
    g_autofree char *commit_json =
        plan_of(snapshot, "{'operation': 'commit', 'disk': 'vda', 'base': 'vda[1]', 'pivot': true, "
                          "'bandwidth': 4096}");
    assert_string_equal(commit_json, expected_commit);

    g_autoptr(QblkPullOptions) pull = qblk_pull_options_new();
    qblk_pull_options_set_base(pull, "vda[2]");
    g_autofree char *expected_pull =
        json_of(qblk_plan_pull(NULL, snapshot, "vda", pull, NULL, &error), &error);
    g_autofree char *pull_json =
        plan_of(snapshot, "{'operation': 'pull', 'disk': 'vda', 'base': 'vda[2]'}");
    assert_string_equal(pull_json, expected_pull);
}

static void
another_chain_than_expected_is_refused(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkLocalPlanner planner = {.snapshot = snapshot};
    GError *error = NULL;
    QblkLocalChange change = {0};

    const QblkLocalKind *kind =
        read_plan("{'operation': 'pull', 'disk': 'vda', 'expect': 'x'}", &change, &error);
    assert_no_error(error);
    assert_null(qblk_local_change_plan(kind, &planner, &change, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "vda");
    qblk_local_change_clear(&change);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_of_each_kind_are_accepted),
        cmocka_unit_test(arguments_that_mean_nothing_are_refused),
        cmocka_unit_test(the_plan_is_that_of_the_options_with_the_same_names),
        cmocka_unit_test(another_chain_than_expected_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
