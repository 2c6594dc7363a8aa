/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/crash-guard.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"
#include "plan/plan-pull.h"

#include <string.h>

/* top -> middle -> low -> base, each a qcow2 node on a file node; what is above top is added. */
#define LAYERS(below_top)                                                                          \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "low-file file /d/low\nlow qcow2 /d/low file=low-file backing=base\n"                          \
    "middle-file file /d/middle\nmiddle qcow2 /d/middle file=middle-file backing=low\n"            \
    "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=" below_top "\n"                 \
    "copies qcow2 /d/copies\n"
#define FILTER(below) "cbw copy-before-write /d/x file=" below " target=copies\n"

#define ON_DISK LAYERS("middle") FILTER("top")

static QblkPlan *
commit(const QblkPlanContext *context, QblkCommitEnd end, GError **error)
{
    const gboolean is_inner = end == QBLK_COMMIT_INNER;
    const QblkCommitOptions options = {
        .top = is_inner ? "node:middle" : NULL, .base = is_inner ? "node:low" : NULL, .end = end};
    return qblk_plan_make_commit(context, &options, error);
}

static QblkPlan *
copy(const QblkPlanContext *context, QblkCopyEnd end, GError **error)
{
    const QblkCopyOptions options = {.destination = "/d/copy", .end = end};
    return qblk_plan_make_copy(context, &options, error);
}

static QblkPlan *
make(const char *kind, const QblkPlanContext *context, GError **error)
{
    if (g_str_equal(kind, "pivot")) {
        return commit(context, QBLK_COMMIT_PIVOT, error);
    }
    if (g_str_equal(kind, "keep")) {
        return commit(context, QBLK_COMMIT_KEEP_OVERLAY, error);
    }
    if (g_str_equal(kind, "inner")) {
        return commit(context, QBLK_COMMIT_INNER, error);
    }
    if (g_str_equal(kind, "copy")) {
        return copy(context, QBLK_COPY_PIVOT, error);
    }
    if (g_str_equal(kind, "finish")) {
        return copy(context, QBLK_COPY_FINISH, error);
    }
    const QblkPullOptions options = {0};
    assert_string_equal(kind, "pull");
    return qblk_plan_make_pull(context, &options, error);
}

/* Look again at the graph @nodes with what the plan of @kind, made for the disk without filter, has
 * to look at. */
static gboolean
is_refused_later(const char *version, const char *kind, const char *nodes, const char *root)
{
    g_autoptr(QblkReplies) before = graph_fixture_machine(LAYERS("middle"), "vda - top");
    g_autofree char *blocks = g_strdup_printf("vda - %s", root);
    g_autoptr(QblkReplies) after = graph_fixture_machine(nodes, blocks);
    graph_fixture_set_version(before, version);
    graph_fixture_set_version(after, version);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(before);
    g_autoptr(QblkSnapshot) later = graph_fixture_snapshot(after);

    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = make(kind, &context, &error);
    assert_no_error(error);
    if (plan->replaced_node == NULL) {
        return FALSE;
    }
    gboolean is_safe = qblk_crash_guard_check_again(plan, later, &error);
    assert_true(is_safe ||
                g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
    return !is_safe;
}

/* The message with which the plan is refused; NULL: it is not. */
static char *
refusal(const char *version, const char *nodes, const char *blocks, const char *kind)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    graph_fixture_set_version(replies, version);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = make(kind, &context, &error);
    if (plan != NULL) {
        return NULL;
    }
    assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
    return g_strdup(error->message);
}

static void
assert_crash(const char *version, const char *nodes, const char *root, const char *kind,
             gboolean expected)
{
    g_autofree char *blocks = g_strdup_printf("vda - %s", root);
    g_autofree char *message = refusal(version, nodes, blocks, kind);
    gboolean is_refused = message != NULL;
    if (is_refused != expected) {
        fail_msg("%s on QEMU %s below %s: %s", kind, version, root, message);
    }
    assert_true(!is_refused || strstr(message, "would crash this QEMU") != NULL);
}

static void
only_the_versions_that_crash_are_refused(void **state)
{
    static const struct {
        const char *version;
        gboolean is_refused;
    } cases[] = {{"5.2.0", FALSE}, {"6.1.1", FALSE}, {"6.2.0", TRUE},    {"7.2.22", TRUE},
                 {"9.0.2", TRUE},  {"9.1.0", FALSE}, {"10.0.13", FALSE}, {"11.1.0", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_crash(cases[i].version, ON_DISK, "cbw", "pivot", cases[i].is_refused);
        assert_crash(cases[i].version, ON_DISK, "cbw", "copy", cases[i].is_refused);
    }
}

static void
only_the_node_that_is_replaced_counts(void **state)
{
    static const struct {
        const char *nodes, *root, *kind;
        gboolean is_refused;
    } cases[] = {
        {ON_DISK, "cbw", "keep", FALSE},
        {ON_DISK, "cbw", "finish", FALSE},
        {ON_DISK, "cbw", "inner", FALSE},
        {ON_DISK, "cbw", "pull", FALSE},
        {ON_DISK "limits throttle /d/x file=cbw\n", "limits", "pivot", TRUE},
        {ON_DISK "limits throttle /d/x file=cbw\n", "limits", "copy", TRUE},
        {LAYERS("middle") "limits throttle /d/x file=top\n" FILTER("limits"), "cbw", "pivot",
         FALSE},
        {LAYERS("middle") FILTER("low"), "top", "copy", FALSE},
        {LAYERS("cbw") FILTER("middle"), "top", "inner", TRUE},
        {LAYERS("cbw") FILTER("middle"), "top", "copy", FALSE},
        {ON_DISK, "top", "pivot", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_crash("7.2.22", cases[i].nodes, cases[i].root, cases[i].kind, cases[i].is_refused);
    }
}

static void
the_commands_that_remove_the_filter_are_named(void **state)
{
    g_autofree char *message = refusal("7.2.22", ON_DISK "reader snapshot-access /d/x file=cbw\n",
                                       "/machine/peripheral/vda/virtio-backend - cbw", "pivot");
    assert_non_null(message);
    assert_non_null(strstr(message, "filter 'cbw' (copy-before-write) above node 'top'"));
    assert_non_null(strstr(message, "(7.2.22)"));
    static const char commands[] =
        ": {\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"reader\"}} "
        "{\"execute\":\"qom-set\",\"arguments\":"
        "{\"path\":\"/machine/peripheral/vda/virtio-backend\",\"property\":\"drive\","
        "\"value\":\"top\"}} "
        "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"cbw\"}}";
    assert_non_null(strstr(message, commands));
}

static void
below_another_filter_no_command_is_named(void **state)
{
    g_autofree char *message =
        refusal("7.2.22", ON_DISK "limits throttle /d/x file=cbw\n", "vda - limits", "pivot");
    assert_non_null(message);
    assert_null(strstr(message, "execute"));
    assert_non_null(strstr(message, "remove the filter"));
}

static void
a_mirror_that_starts_at_a_filter_may_stop_qemu(void **state)
{
    static const char compressed[] = LAYERS("middle") "small compress /d/x file=top\n";
    static const char nested[] = LAYERS("middle") "small compress /d/x file=top\n"
                                                  "limits throttle /d/x file=small\n";
    static const struct {
        const char *version, *nodes, *root, *kind;
        gboolean is_refused;
    } cases[] = {
        {"5.2.0", compressed, "small", "copy", FALSE},
        {"7.2.22", compressed, "small", "copy", FALSE},
        {"8.0.0", compressed, "small", "copy", TRUE},
        {"10.0.13", compressed, "small", "copy", TRUE},
        {"11.1.0", compressed, "small", "finish", TRUE},
        {"11.1.0", compressed, "small", "pivot", FALSE},
        {"11.1.0", compressed, "small", "pull", FALSE},
        {"11.1.0", nested, "limits", "copy", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *blocks = g_strdup_printf("vda - %s", cases[i].root);
        g_autofree char *message = refusal(cases[i].version, cases[i].nodes, blocks, cases[i].kind);
        assert_int_equal(message != NULL, cases[i].is_refused);
        assert_true(message == NULL || strstr(message, "would stop responding") != NULL);
    }
}

static void
a_filter_is_found_that_was_added_while_the_job_ran(void **state)
{
    static const char during[] = LAYERS("middle") "job mirror_top /d/x backing=top\n" FILTER("job");
    static const struct {
        const char *version, *kind, *nodes, *root;
        gboolean is_refused;
    } cases[] = {
        {"7.2.22", "pivot", ON_DISK, "cbw", TRUE},
        {"7.2.22", "pivot", during, "cbw", TRUE},
        {"7.2.22", "copy", during, "cbw", TRUE},
        {"7.2.22", "pivot", LAYERS("middle"), "top", FALSE},
        {"7.2.22", "inner", ON_DISK, "cbw", FALSE},
        {"7.2.22", "inner", LAYERS("cbw") FILTER("middle"), "top", TRUE},
        {"7.2.22", "keep", ON_DISK, "cbw", FALSE},
        {"7.2.22", "finish", ON_DISK, "cbw", FALSE},
        {"7.2.22", "pull", ON_DISK, "cbw", FALSE},
        {"11.1.0", "pivot", during, "cbw", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(
            is_refused_later(cases[i].version, cases[i].kind, cases[i].nodes, cases[i].root),
            cases[i].is_refused);
    }
}

static void
the_replaced_node_is_noted_for_a_qemu_that_crashes(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(LAYERS("middle"), "vda - top");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = make("pivot", &context, &error);
    assert_no_error(error);
    assert_null(plan->replaced_node);
}

/* A bitmap of @node_name that an export uses. */
static void
make_busy(const QblkSnapshot *snapshot, const char *node_name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) list = graph_fixture_json(
        "[{'name': 'changes', 'granularity': 65536, 'count': 0, 'recording': false, 'busy': true, "
        "'persistent': false}]");
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        QblkNode *node = snapshot->nodes->pdata[i];
        if (g_str_equal(node->name, node_name)) {
            assert_true(qblk_bitmap_load_all(list, "node", &node->bitmaps, &error));
            assert_no_error(error);
        }
    }
}

static void
a_node_with_a_bitmap_in_use_is_not_closed(void **state)
{
    static const struct {
        const char *node, *kind;
        gboolean is_refused;
    } cases[] = {
        {"top", "pivot", TRUE},   {"low", "pivot", TRUE},    {"base", "pivot", FALSE},
        {"top", "keep", FALSE},   {"middle", "inner", TRUE}, {"top", "inner", FALSE},
        {"low", "inner", FALSE},  {"top", "pull", FALSE},    {"middle", "pull", TRUE},
        {"base", "pull", TRUE},   {"top", "copy", TRUE},     {"base", "copy", TRUE},
        {"top", "finish", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(LAYERS("middle"), "vda - top");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const QblkPlanContext context = {
            .snapshot = snapshot, .target = "vda", .drops_bitmaps = i % 2 == 0};
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) before = make(cases[i].kind, &context, &error);
        assert_no_error(error);

        make_busy(snapshot, cases[i].node);
        g_autoptr(QblkPlan) plan = make(cases[i].kind, &context, &error);
        assert_int_equal(plan == NULL, cases[i].is_refused);
        if (plan == NULL) {
            assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
            assert_non_null(strstr(error->message, "bitmap 'changes' of "));
            g_clear_error(&error);
        }

        /* It was not in use when the plan was made. */
        gboolean is_seen =
            before->closed_node != NULL && !qblk_crash_guard_check_again(before, snapshot, &error);
        assert_int_equal(is_seen, cases[i].is_refused);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_versions_that_crash_are_refused),
        cmocka_unit_test(only_the_node_that_is_replaced_counts),
        cmocka_unit_test(the_commands_that_remove_the_filter_are_named),
        cmocka_unit_test(below_another_filter_no_command_is_named),
        cmocka_unit_test(a_mirror_that_starts_at_a_filter_may_stop_qemu),
        cmocka_unit_test(a_filter_is_found_that_was_added_while_the_job_ran),
        cmocka_unit_test(the_replaced_node_is_noted_for_a_qemu_that_crashes),
        cmocka_unit_test(a_node_with_a_bitmap_in_use_is_not_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
