/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-users.h"

#include "base/limits.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"
#include "plan/plan-job.h"
#include "plan/plan-pull.h"

/* vda: top -> upper -> middle -> base */
#define CHAIN                                                                                      \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "middle-file file /d/middle\nmiddle qcow2 /d/middle file=middle-file backing=base\n"           \
    "upper-file file /d/upper\nupper qcow2 /d/upper file=upper-file backing=middle\n"              \
    "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=upper\n"

#define FILTER "cbw copy-before-write x file=top target=scratch\n"

#define EXPORT(id, node) "{'id':'" id "','type':'nbd','node-name':'" node "','shutting-down':false}"

typedef enum { PIVOT, KEEP, INNER, COPY, PULL } Kind;

typedef struct {
    const char *nodes; /* beside the chain */
    const char *exports;
    Kind kind;
    const char *ignored; /* separated by commas, or NULL */
    const char *refusal; /* a part of the message; NULL: the plan is made */
} Row;

static QblkPlan *
make_plan(const Row *row, GError **error)
{
    gboolean has_filter = strstr(row->nodes, "cbw ") != NULL;
    g_autofree char *nodes = g_strconcat(CHAIN, row->nodes, NULL);
    g_autofree char *exports = g_strdup_printf("[%s]", row->exports);
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine(nodes, has_filter ? "vda - cbw" : "vda - top");
    graph_fixture_replace(replies, "query-block-exports", NULL, exports);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_auto(GStrv) ignored = row->ignored == NULL ? NULL : g_strsplit(row->ignored, ",", -1);
    const QblkPlanContext context = {
        .snapshot = snapshot, .target = "vda", .ignored_users = (const char *const *)ignored};
    const QblkCommitOptions commit = {
        .top = row->kind == INNER ? "vda[1]" : NULL,
        .end = row->kind == PIVOT  ? QBLK_COMMIT_PIVOT
               : row->kind == KEEP ? QBLK_COMMIT_KEEP_OVERLAY
                                   : QBLK_COMMIT_INNER,
    };
    const QblkPullOptions pull = {.base = NULL};
    const QblkCopyOptions copy = {.destination = "/d/copy", .end = QBLK_COPY_PIVOT};

    switch (row->kind) {
    case PULL:
        return qblk_plan_make_pull(&context, &pull, error);
    case COPY:
        return qblk_plan_make_copy(&context, &copy, error);
    case PIVOT:
    case KEEP:
    case INNER:
        break;
    }
    return qblk_plan_make_commit(&context, &commit, error);
}

static void
assert_warning(const QblkPlan *plan, const char *expected)
{
    for (guint i = 0; i < plan->warnings->len; i++) {
        if (expected != NULL && strstr(plan->warnings->pdata[i], expected) != NULL) {
            return;
        }
    }
    assert_null(expected);
    assert_int_equal(plan->warnings->len, 0);
}

static void
assert_rows(const Row *rows, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = make_plan(&rows[i], &error);
        if (rows[i].refusal == NULL) {
            assert_no_error(error);
        } else {
            assert_null(plan);
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, rows[i].refusal);
        }
    }
}

static void
a_commit_does_not_change_what_an_export_reads(void **state)
{
    static const Row rows[] = {
        {"", EXPORT("e", "base"), PIVOT, NULL,
         "export 'e' (nbd) reads '/d/base', whose data would change: remove it first, or allow "
         "that with --ignore-user e"},
        {"", EXPORT("e", "base"), KEEP, NULL, "reads '/d/base', whose data would change"},
        {"", EXPORT("e", "base"), INNER, NULL, "reads '/d/base', whose data would change"},
        {"", EXPORT("e", "base-file"), PIVOT, "e", "export 'e' (nbd) reads the file of '/d/base'"},
        {"", EXPORT("e", "upper-file"), INNER, "e", "reads the file of '/d/upper': QEMU does not"},
        {"", EXPORT("e", "base"), PIVOT, "e", NULL},
        {"", EXPORT("e", "base") "," EXPORT("f", "base"), PIVOT, "e", "--ignore-user f"},
        {"", EXPORT("e", "base") "," EXPORT("f", "base"), PIVOT, "e,f", NULL},
        /* QEMU refuses the job */
        {"", EXPORT("e", "middle"), PIVOT, NULL, "'/d/middle', which is between the top and the"},
        {"", EXPORT("e", "middle"), INNER, "e", "'/d/middle', which is between the top and the"},
        {"", EXPORT("e", "upper"), PIVOT, "e", "'/d/upper', which is between the top and the"},
        {"", EXPORT("e", "upper"), INNER, NULL,
         "export 'e' (nbd) reads '/d/upper', which would leave the chain"},
        {"", EXPORT("e", "upper"), INNER, "e", NULL},
        /* another way to the disk of the guest */
        {"", EXPORT("e", "top"), PIVOT, NULL, NULL},
        {"", EXPORT("e", "top"), KEEP, NULL, NULL},
        {"", EXPORT("e", "top"), INNER, NULL, NULL},
        {"", EXPORT("e", "top-file"), PIVOT, "e",
         "reads the file of '/d/top': QEMU does not start"},
        {"free file /d/free\n", EXPORT("e", "free"), PIVOT, NULL, NULL},
    };
    assert_rows(rows, G_N_ELEMENTS(rows));
}

static void
a_commit_does_not_change_what_a_node_reads(void **state)
{
    static const char over_base[] = "tmp qcow2 /d/tmp backing=base\n";
    static const char over_middle[] = "tmp qcow2 /d/tmp backing=middle\n";
    static const char limited[] = "tmp qcow2 /d/tmp backing=base\nlimit throttle x file=tmp\n";
    static const Row rows[] = {
        {over_base, "", PIVOT, NULL, "node 'tmp' (qcow2) reads '/d/base', whose data would change"},
        {over_base, "", PIVOT, "tmp", NULL},
        {over_base, EXPORT("e", "tmp"), PIVOT, NULL,
         "export 'e' (nbd) of node 'tmp' reads '/d/base', whose data would change: remove it "
         "first, or allow that with --ignore-user e"},
        {over_base, EXPORT("e", "tmp"), PIVOT, "e", NULL},
        {over_base, EXPORT("e", "tmp"), PIVOT, "tmp", NULL},
        {over_base, EXPORT("e", "tmp") "," EXPORT("f", "tmp"), PIVOT, "e", "--ignore-user f"},
        {limited, "", PIVOT, NULL, "filter 'limit' (throttle) of node 'tmp' reads '/d/base'"},
        {limited, EXPORT("e", "limit"), PIVOT, "limit", NULL},
        {limited, EXPORT("e", "limit"), PIVOT, "e", NULL},
        {limited, EXPORT("e", "limit"), PIVOT, NULL, "export 'e' (nbd) of node 'limit'"},
        /* a node between the layers that is not in use itself reads nothing */
        {over_middle, "", PIVOT, NULL, "node 'tmp' (qcow2) reads '/d/middle', whose data would"},
        {over_middle, "", PIVOT, "tmp", NULL},
        {over_middle, EXPORT("e", "tmp"), PIVOT, "tmp", "which is between the top and the base"},
    };
    assert_rows(rows, G_N_ELEMENTS(rows));
}

static void
the_target_of_a_filter_is_a_reader(void **state)
{
    static const char fleecing[] = "scratch qcow2 /d/scratch backing=top\n" FILTER;
    static const char reader[] =
        "scratch qcow2 /d/scratch\n" FILTER "reader snapshot-access x file=cbw\n";
    static const Row rows[] = {
        {fleecing, "", PIVOT, NULL,
         "node 'scratch' (qcow2) reads '/d/top', which would leave the chain"},
        {fleecing, "", PIVOT, "scratch", NULL},
        {fleecing, EXPORT("e", "scratch"), PIVOT, NULL, "export 'e' (nbd) of node 'scratch'"},
        {fleecing, EXPORT("e", "scratch"), PIVOT, "e", NULL},
        {fleecing, EXPORT("e", "scratch"), INNER, NULL, NULL},
        {fleecing, EXPORT("e", "scratch"), KEEP, NULL, NULL},
        {fleecing, EXPORT("e", "scratch"), PULL, NULL, NULL},
        {fleecing, "", COPY, NULL,
         "node 'scratch' (qcow2) has '/d/top' as its backing image: QEMU could not replace"},
        {reader, "", PIVOT, "reader", "node 'reader' (snapshot-access) uses node 'cbw', and"},
        {reader, "", INNER, NULL, "node 'reader' (snapshot-access) uses node 'cbw', and"},
        {reader, EXPORT("e", "reader"), COPY, NULL, "uses node 'cbw', and QEMU starts"},
        {reader, EXPORT("e", "reader"), PULL, NULL, NULL},
        {"scratch qcow2 /d/scratch\n" FILTER, "", COPY, NULL, NULL},
        {"tmp qcow2 /d/tmp backing=top\n", "", COPY, NULL,
         "node 'tmp' (qcow2) uses node 'top', and"},
    };
    assert_rows(rows, G_N_ELEMENTS(rows));
}

static void
layers_with_a_reader_stay_open(void **state)
{
    static const char warning[] = "'/d/middle' leaves the chain and stays open: export 'e' (nbd)";
    static const char over_middle[] = "tmp qcow2 /d/tmp backing=middle\n";
    static const struct {
        Row row;
        const char *warning;
        const char *closed; /* nodes, separated by spaces */
    } cases[] = {
        {{"", "", PULL, NULL, NULL}, NULL, "upper upper-file middle middle-file base base-file"},
        {{"", EXPORT("e", "middle"), PULL, NULL, NULL}, warning, "upper upper-file"},
        {{"", EXPORT("e", "middle"), COPY, NULL, NULL}, warning, "top top-file upper upper-file"},
        {{"", EXPORT("e", "top"), COPY, NULL, NULL},
         NULL,
         "top top-file upper upper-file middle middle-file base base-file"},
        {{"", EXPORT("e", "upper"), INNER, "e", NULL}, NULL, "upper upper-file middle middle-file"},
        {{"peek raw /d/upper file=upper-file\n", "", INNER, "peek", NULL},
         "'/d/upper' leaves the chain and stays open: node 'peek' (raw) uses it",
         ""},
        {{over_middle, "", PIVOT, "tmp", NULL},
         "'/d/middle' leaves the chain and stays open: node 'tmp' (qcow2) uses it",
         "top top-file upper upper-file"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) plan = make_plan(&cases[i].row, &error);
        assert_no_error(error);
        assert_warning(plan, cases[i].warning);

        g_autoptr(GString) closed = g_string_new(NULL);
        for (guint j = 0; j < plan->steps->len; j++) {
            const QblkStep *step = plan->steps->pdata[j];
            if (g_strcmp0(step->command, "blockdev-del") == 0) {
                g_string_append_printf(closed, "%s%s", closed->len == 0 ? "" : " ",
                                       qblk_json_get_string(step->arguments, "node-name"));
            }
        }
        assert_string_equal(closed->str, cases[i].closed);
    }
}

static void
an_ignored_name_has_to_be_a_user(void **state)
{
    static const char nodes[] = "tmp qcow2 /d/tmp backing=base\nfree file /d/free\n";
    static const Row rows[] = {
        {"", "", PIVOT, "e", "'e' cannot be ignored: no export and no other node uses a layer"},
        {nodes, EXPORT("e", "tmp") "," EXPORT("f", "free"), PIVOT, "tmp,f",
         "'f' cannot be ignored: it uses no layer; the exports and nodes that do are 'tmp' and "
         "'e'"},
        {nodes, "", PIVOT, "free", "the exports and nodes that do are 'tmp'"},
        {nodes, "", PIVOT, "base", "'base' cannot be ignored"},
    };
    assert_rows(rows, G_N_ELEMENTS(rows));
}

static void
an_existing_commit_names_the_readers_of_its_base(void **state)
{
    static const struct {
        const char *topology, *node;
        QblkJobAction action;
        const char *warning;
    } rows[] = {
        {"commit-ready", "disk-base", QBLK_JOB_PIVOT,
         "the job has changed the data of '/tmp/qblk-fixture/commit-ready/disk-base.qcow2', which "
         "export 'e' (nbd"},
        {"commit-ready", "disk-base", QBLK_JOB_FINISH, "which export 'e' (nbd"},
        {"commit-ready", "disk-base", QBLK_JOB_LIMIT, NULL},
        {"commit-ready", "disk-2", QBLK_JOB_PIVOT, NULL},
        {"commit-middle-running", "disk-base", QBLK_JOB_WAIT, "which export 'e' (nbd"},
        {"mirror-ready", "copy", QBLK_JOB_PIVOT, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *exports = g_strdup_printf("[" EXPORT("e", "%s") "]", rows[i].node);
        g_autoptr(QblkReplies) replies = graph_fixture_load(rows[i].topology);
        graph_fixture_replace(replies, "query-block-exports", NULL, exports);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
        const QblkJobRequest request = {.action = rows[i].action};
        g_autoptr(QblkPlan) plan =
            qblk_plan_make_job(&context, snapshot->jobs->pdata[0], &request, &error);
        assert_no_error(error);
        assert_warning(plan, rows[i].warning);
    }
}

/* More users above each other than are followed, and users that form a cycle. */
static void
long_chains_of_users_end(void **state)
{
    g_autoptr(GString) nodes = g_string_new("n0 throttle x file=base\n");
    for (guint i = 1; i < 200; i++) {
        g_string_append_printf(nodes, "n%u throttle x file=n%u\n", i, i - 1);
    }
    const Row deep = {nodes->str, EXPORT("e", "n199"), PIVOT, NULL,
                      "filter 'n100' (throttle) of node 'n99' reads '/d/base'"};
    const Row circle = {"a throttle x file=base other=b\nb throttle x file=a\n", "", PIVOT, "b",
                        NULL};
    assert_rows(&deep, 1);
    assert_rows(&circle, 1);
}

static void
a_commit_is_refused_if_not_all_users_are_known(void **state)
{
    GString *exports = g_string_new(NULL);
    for (guint i = 0; i < QBLK_LIMIT_USERS; i++) {
        g_string_append_printf(exports, "%s" EXPORT("e%u", "base"), i == 0 ? "" : ",", i);
    }
    g_autofree char *list = g_string_free(exports, FALSE);
    const Row rows[] = {{"", list, PIVOT, NULL, "'/d/base' has more than 64 users"},
                        {"", list, PULL, NULL, NULL}};
    assert_rows(rows, G_N_ELEMENTS(rows));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_does_not_change_what_an_export_reads),
        cmocka_unit_test(a_commit_does_not_change_what_a_node_reads),
        cmocka_unit_test(the_target_of_a_filter_is_a_reader),
        cmocka_unit_test(layers_with_a_reader_stay_open),
        cmocka_unit_test(an_ignored_name_has_to_be_a_user),
        cmocka_unit_test(an_existing_commit_names_the_readers_of_its_base),
        cmocka_unit_test(long_chains_of_users_end),
        cmocka_unit_test(a_commit_is_refused_if_not_all_users_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
