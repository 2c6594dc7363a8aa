/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-filters.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"
#include "plan/plan-pull.h"

#include <string.h>

/* top -> middle -> low -> base, on file nodes; what is between top and middle and between low and
 * base is added.  The format of base is that of the others, or raw. */
#define LAYERS(below_top, below_low, base)                                                         \
    "base-file file /d/base\nbase " base " /d/base file=base-file\n"                               \
    "low-file file /d/low\nlow qcow2 /d/low file=low-file backing=" below_low "\n"                 \
    "middle-file file /d/middle\nmiddle qcow2 /d/middle file=middle-file backing=low\n"            \
    "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=" below_top "\n"
#define LIMIT(name, below) name " throttle /d/x file=" below "\n"

#define PLAIN      LAYERS("middle", "base", "qcow2")
#define BELOW_TOP  LAYERS("one", "base", "qcow2") LIMIT("one", "middle")
#define NESTED     LAYERS("two", "base", "qcow2") LIMIT("two", "one") LIMIT("one", "middle")
#define ABOVE_BASE LAYERS("middle", "one", "qcow2") LIMIT("one", "base")
#define COPIED     LAYERS("one", "base", "qcow2") "one copy-before-write /d/x file=middle\n"
#define COPIED_LOW LAYERS("middle", "one", "qcow2") "one copy-before-write /d/x file=base\n"
#define TO_RAW     LAYERS("one", "base", "raw") LIMIT("one", "middle")
#define OVER_RAW   LAYERS("middle", "one", "raw") LIMIT("one", "base")

typedef enum { INNER, INNER_TO_BASE, PIVOT, KEEP, PULL, PULL_ABOVE_BASE, COPY, SHALLOW } Kind;

static QblkPlan *
make(Kind kind, const QblkPlanContext *context, GError **error)
{
    if (kind == PULL || kind == PULL_ABOVE_BASE) {
        const QblkPullOptions options = {.base = kind == PULL ? NULL : "node:base"};
        return qblk_plan_make_pull(context, &options, error);
    }
    if (kind == COPY || kind == SHALLOW) {
        const QblkCopyOptions options = {
            .destination = "/d/copy", .shallow = kind == SHALLOW, .end = QBLK_COPY_PIVOT};
        return qblk_plan_make_copy(context, &options, error);
    }

    gboolean is_inner = kind == INNER || kind == INNER_TO_BASE;
    const QblkCommitOptions options = {.top = is_inner ? "node:middle" : NULL,
                                       .base = kind == INNER ? "node:low" : "node:base",
                                       .end = is_inner        ? QBLK_COMMIT_INNER
                                              : kind == PIVOT ? QBLK_COMMIT_PIVOT
                                                              : QBLK_COMMIT_KEEP_OVERLAY};
    return qblk_plan_make_commit(context, &options, error);
}

static QblkPlan *
plan_for(const char *nodes, const char *root, Kind kind, GError **error)
{
    g_autofree char *blocks = g_strdup_printf("vda - %s", root);
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    return make(kind, &context, error);
}

/* The names of the nodes that the steps of @plan with @command have as @argument. */
static char *
names(const QblkPlan *plan, const char *command, const char *argument)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        const QblkJson *value = g_strcmp0(step->command, command) == 0
                                    ? qblk_json_get(step->arguments, argument)
                                    : NULL;
        const char *name = value == NULL ? NULL : qblk_json_string(value);
        if (name != NULL) {
            g_string_append_printf(text, "%s%s", text->len == 0 ? "" : " ", name);
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
the_header_above_a_filter_is_written_after_the_job(void **state)
{
    static const struct {
        const char *nodes;
        Kind kind;
        const char *written; /* the header of top */
    } cases[] = {
        {PLAIN, INNER, ""},
        {BELOW_TOP, INNER, "/d/low"},
        {NESTED, INNER, "/d/low"},
        {ABOVE_BASE, INNER, ""},
        {BELOW_TOP, INNER_TO_BASE, "/d/base"},
        {ABOVE_BASE, INNER_TO_BASE, ""},
        {BELOW_TOP, PIVOT, ""},
        {BELOW_TOP, PULL, ""},
        {BELOW_TOP, COPY, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = plan_for(cases[i].nodes, "top", cases[i].kind, &error);
        assert_no_error(error);
        g_autofree char *written = names(plan, "change-backing-file", "backing-file");
        assert_string_equal(written, cases[i].written);
        if (written[0] != '\0') {
            g_autofree char *node = names(plan, "change-backing-file", "image-node-name");
            g_autofree char *root = names(plan, "change-backing-file", "device");
            assert_string_equal(node, "top");
            assert_string_equal(root, "top");
            const QblkExpectation *overlay = plan->after->pdata[0];
            assert_string_equal(overlay->backing_name, written);
        }
    }
}

static void
a_format_that_cannot_be_recorded_is_refused(void **state)
{
    static const struct {
        const char *nodes;
        Kind kind;
        gboolean is_refused;
    } cases[] = {{TO_RAW, INNER, FALSE},
                 {TO_RAW, INNER_TO_BASE, TRUE},
                 {TO_RAW, PIVOT, FALSE},
                 {TO_RAW, PULL_ABOVE_BASE, FALSE},
                 {OVER_RAW, INNER_TO_BASE, FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = plan_for(cases[i].nodes, "top", cases[i].kind, &error);
        assert_int_equal(plan == NULL, cases[i].is_refused);
        if (plan == NULL) {
            assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
            assert_non_null(strstr(error->message, "filter 'one' (throttle) is between '/d/top'"));
        }
    }
}

static void
a_commit_below_copy_before_write_is_refused(void **state)
{
    static const struct {
        const char *nodes;
        Kind kind;
        gboolean is_refused;
    } cases[] = {{COPIED, INNER, FALSE},       {COPIED, PIVOT, TRUE},
                 {COPIED, KEEP, TRUE},         {COPIED, PULL, FALSE},
                 {COPIED, COPY, FALSE},        {COPIED_LOW, INNER, FALSE},
                 {COPIED_LOW, PIVOT, TRUE},    {COPIED_LOW, INNER_TO_BASE, TRUE},
                 {COPIED_LOW, SHALLOW, FALSE}, {COPIED_LOW, PULL_ABOVE_BASE, FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = plan_for(cases[i].nodes, "top", cases[i].kind, &error);
        assert_int_equal(plan == NULL, cases[i].is_refused);
        if (plan == NULL) {
            assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
            assert_non_null(strstr(error->message, "filter 'one' (copy-before-write) is above"));
        }
    }
}

static void
filters_that_leave_are_deleted_between_their_layers(void **state)
{
    static const struct {
        const char *nodes;
        Kind kind;
        const char *deleted;
        guint warnings;
    } cases[] = {
        {BELOW_TOP, INNER, "middle middle-file", 0},
        {NESTED, PIVOT, "top top-file two one middle middle-file low low-file", 2},
        {ABOVE_BASE, INNER_TO_BASE, "middle middle-file low low-file one", 1},
        {ABOVE_BASE, INNER, "middle middle-file", 0},
        {BELOW_TOP, KEEP, "", 0},
        {BELOW_TOP, PULL, "one middle middle-file low low-file base base-file", 1},
        {ABOVE_BASE, PULL_ABOVE_BASE, "middle middle-file low low-file one", 1},
        {BELOW_TOP, COPY, "top top-file one middle middle-file low low-file base base-file", 1},
        {BELOW_TOP, SHALLOW, "top top-file", 0},
        {BELOW_TOP "spy snapshot-access /d/x file=one\n", PULL, "", 1}, /* of what stays open */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = plan_for(cases[i].nodes, "top", cases[i].kind, &error);
        assert_no_error(error);
        g_autofree char *deleted = names(plan, "blockdev-del", "node-name");
        assert_string_equal(deleted, cases[i].deleted);
        assert_int_equal(plan->warnings->len, cases[i].warnings);
    }
}

static void
a_shallow_copy_keeps_the_filters_below_it(void **state)
{
    static const struct {
        const char *nodes, *backing;
    } cases[] = {{PLAIN, "middle"}, {BELOW_TOP, "one"}, {NESTED, "two"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = plan_for(cases[i].nodes, "top", SHALLOW, &error);
        assert_no_error(error);
        g_autofree char *backing = names(plan, "blockdev-add", "backing");
        assert_string_equal(backing, cases[i].backing);
    }
}

static void
a_node_above_the_disk_is_named(void **state)
{
    static const char above[] = PLAIN "spy qcow2 /d/spy backing=top\n";
    for (Kind kind = INNER; kind <= SHALLOW; kind++) {
        gboolean is_pull = kind == PULL || kind == PULL_ABOVE_BASE;
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = plan_for(above, "top", kind, &error);
        assert_int_equal(plan == NULL, !is_pull);
        if (plan == NULL) {
            assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
            assert_non_null(strstr(error->message, "node 'spy' (qcow2) uses node 'top'"));
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_above_a_filter_is_written_after_the_job),
        cmocka_unit_test(a_format_that_cannot_be_recorded_is_refused),
        cmocka_unit_test(a_commit_below_copy_before_write_is_refused),
        cmocka_unit_test(filters_that_leave_are_deleted_between_their_layers),
        cmocka_unit_test(a_shallow_copy_keeps_the_filters_below_it),
        cmocka_unit_test(a_node_above_the_disk_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
