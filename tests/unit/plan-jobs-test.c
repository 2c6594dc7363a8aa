/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-jobs.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"
#include "plan/plan-pull.h"

#include <string.h>

/* vda: top -> upper -> middle -> base; another image, of no disk, is above middle. */
#define NODES                                                                                      \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "middle-file file /d/middle\nlimit throttle /d/middle file=middle-file\n"                      \
    "middle qcow2 /d/middle file=limit backing=base\n"                                             \
    "upper-file file /d/upper\nupper qcow2 /d/upper file=upper-file backing=middle\n"              \
    "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=upper\n"                         \
    "other-file file /d/other\nother qcow2 /d/other file=other-file backing=middle"

static const char *const nodes[] = {"base-file", "base",       "middle-file", "limit",
                                    "middle",    "upper-file", "upper",       "top-file",
                                    "top",       "other-file", "other"};

/* Plans on vda while a job works on @node by @edge; the job has no disk. */
static QblkSnapshot *
new_snapshot(const char *edge, const char *node)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(NODES, "vda - top");
    graph_fixture_add_job(replies,
                          "[{'id':'foreign','type':'commit','status':'running',"
                          "'current-progress':0,'total-progress':9}]",
                          "[]");
    g_autoptr(GString) vertices = g_string_new("20 block-job foreign");
    g_autoptr(GString) edges = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(nodes); i++) {
        g_string_append_printf(vertices, ";%u block-driver %s", i + 1, nodes[i]);
        if (g_str_equal(nodes[i], node)) {
            g_string_append_printf(edges, "20 %u %s", i + 1, edge);
        }
    }
    g_autofree char *graph = graph_fixture_graph(vertices->str, edges->str);
    graph_fixture_add(replies, "x-debug-query-block-graph", NULL, graph);
    return graph_fixture_snapshot(replies);
}

static QblkPlan *
plan_commit(const QblkPlanContext *context, const char *top, const char *base, GError **error)
{
    const QblkCommitOptions options = {
        .top = top, .base = base, .end = top == NULL ? QBLK_COMMIT_PIVOT : QBLK_COMMIT_INNER};
    return qblk_plan_make_commit(context, &options, error);
}

static QblkPlan *
plan_pull(const QblkPlanContext *context, const char *base, GError **error)
{
    const QblkPullOptions options = {.base = base};
    return qblk_plan_make_pull(context, &options, error);
}

static QblkPlan *
plan_copy(const QblkPlanContext *context, gboolean is_shallow, GError **error)
{
    const QblkCopyOptions options = {.destination = "/d/copy", .shallow = is_shallow};
    return qblk_plan_make_copy(context, &options, error);
}

typedef enum {
    ACTIVE_COMMIT, /* of top into upper */
    MIDDLE_COMMIT, /* of middle into base; the header of upper changes */
    COMMIT_BELOW,  /* of upper into middle */
    PULL,          /* of upper and middle */
    SHORT_PULL,    /* of upper; middle stays */
    COPY,
    SHALLOW_COPY,
    KINDS
} Kind;

static QblkPlan *
make_plan(Kind kind, const QblkPlanContext *context, GError **error)
{
    switch (kind) {
    case ACTIVE_COMMIT:
        return plan_commit(context, NULL, "vda[1]", error);
    case MIDDLE_COMMIT:
        return plan_commit(context, "vda[2]", "vda[3]", error);
    case COMMIT_BELOW:
        return plan_commit(context, "vda[1]", "vda[2]", error);
    case PULL:
        return plan_pull(context, "vda[3]", error);
    case SHORT_PULL:
        return plan_pull(context, "vda[2]", error);
    case COPY:
        return plan_copy(context, FALSE, error);
    case SHALLOW_COPY:
        return plan_copy(context, TRUE, error);
    case KINDS:
    default:
        return NULL;
    }
}

/* A letter for each kind of plan, in their order: 'x' if it is refused, with @part in its error. */
static char *
find_refused(const char *edge, const char *node, const char *part)
{
    g_autoptr(QblkSnapshot) snapshot = new_snapshot(edge, node);
    static const char *const ignored[] = {"other", NULL};
    const QblkPlanContext context = {
        .snapshot = snapshot, .target = "vda", .ignored_users = ignored};
    g_autoptr(GString) text = g_string_new(NULL);
    for (Kind kind = 0; kind < KINDS; kind++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = make_plan(kind, &context, &error);
        if (plan == NULL) {
            assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
            if (strstr(error->message, part) == NULL) {
                fail_msg("%s", error->message);
            };
        }
        g_string_append_c(text, plan == NULL ? 'x' : '.');
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
a_plan_is_refused_if_a_layer_that_it_needs_has_a_job(void **state)
{
    static const struct {
        const char *edge, *node, *refused, *part;
    } rows[] = {
        {"target", "base", ".x.x.xx", "node 'base' of disk 'vda' has a job"},
        {"base", "base", ".x.x.xx", "node 'base' of disk 'vda' has a job"},
        {"target", "middle", ".xxxxxx", "node 'middle' of disk 'vda' has a job"},
        /* one of the disk */
        {"intermediate node", "middle", "xxxxxxx",
         "disk 'vda' has a job already: 'foreign' (commit, running)"},
        {"target", "limit", ".xxxxxx", "node 'limit' of disk 'vda' has a job"},
        {"target", "middle-file", ".xxxxxx", "node 'middle-file' of disk 'vda' has a job"},
        {"target", "other-file", ".......", "node 'other-file' of disk 'vda' has a job"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *refused = find_refused(rows[i].edge, rows[i].node, rows[i].part);
        if (!g_str_equal(refused, rows[i].refused)) {
            fail_msg("%s of %s: %s", rows[i].edge, rows[i].node, refused);
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_refused_if_a_layer_that_it_needs_has_a_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
