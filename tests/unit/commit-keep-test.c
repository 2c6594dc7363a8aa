/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/commit-keep.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"

/* vda has four overlays over a base. */
#define TOPOLOGY "virtio-5-deep"

static QblkPlan *
plan(const QblkCommitOptions *options, GError **error)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load(TOPOLOGY);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    return qblk_plan_make_commit(&context, options, error);
}

static QblkPlan *
plan_keeping(guint keep, QblkCommitEnd end, GError **error)
{
    const QblkCommitOptions options = {.has_keep = TRUE, .keep = keep, .end = end};
    return plan(&options, error);
}

static void
assert_same_steps(const QblkPlan *actual, const QblkPlan *expected)
{
    assert_int_equal(actual->steps->len, expected->steps->len);
    for (guint i = 0; i < actual->steps->len; i++) {
        const QblkStep *a = actual->steps->pdata[i], *b = expected->steps->pdata[i];
        assert_string_equal(a->command, b->command);
        assert_true(qblk_json_equal(a->arguments, b->arguments));
    }
}

static void
the_oldest_layers_are_merged_into_the_bottom(void **state)
{
    static const char *const tops[] = {NULL, "vda[1]", "vda[2]", "vda[3]"};
    for (guint keep = 0; keep < G_N_ELEMENTS(tops); keep++) {
        g_autoptr(GError) error = NULL;
        QblkCommitEnd end = keep == 0 ? QBLK_COMMIT_PIVOT : QBLK_COMMIT_INNER;
        g_autoptr(QblkPlan) made = plan_keeping(keep, end, &error);
        assert_no_error(error);
        const QblkCommitOptions options = {.top = tops[keep], .end = end};
        g_autoptr(QblkPlan) expected = plan(&options, &error);
        assert_no_error(error);
        assert_same_steps(made, expected);
        assert_int_equal(made->after->len, keep + 1);
    }
}

static void
without_more_overlays_there_is_nothing_to_do(void **state)
{
    for (guint keep = 4; keep < 6; keep++) {
        GError *error = NULL;
        assert_null(plan_keeping(keep, QBLK_COMMIT_INNER, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO,
                     "nothing to do: vda has 4 overlays");
    }
}

static void
layers_cannot_be_chosen_as_well(void **state)
{
    static const QblkCommitOptions cases[] = {
        {.top = "vda[1]"},
        {.base = "vda[3]"},
        {.shallow = TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        QblkCommitOptions options = cases[i];
        options.has_keep = TRUE;
        options.keep = 1;
        assert_null(plan(&options, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "set no top");
    }
}

static void
the_end_fits_the_number(void **state)
{
    for (QblkCommitEnd end = QBLK_COMMIT_INNER; end <= QBLK_COMMIT_KEEP_OVERLAY; end++) {
        GError *error = NULL;
        if (end != QBLK_COMMIT_PIVOT) {
            assert_null(plan_keeping(0, end, &error));
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                         "has to end with a pivot");
        }
        if (end != QBLK_COMMIT_INNER) {
            assert_null(plan_keeping(1, end, &error));
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                         "does not merge the active layer");
        }
    }
}

static void
a_negative_number_is_no_number(void **state)
{
    g_autoptr(QblkCommitOptions) options = qblk_commit_options_new();
    assert_false(qblk_commit_keeps(options));
    qblk_commit_options_set_keep(options, 0);
    assert_true(qblk_commit_keeps(options));
    qblk_commit_options_set_keep(options, 7);
    assert_int_equal(options->keep, 7);
    qblk_commit_options_set_keep(options, -1);
    assert_false(qblk_commit_keeps(options));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_layers_are_merged_into_the_bottom),
        cmocka_unit_test(without_more_overlays_there_is_nothing_to_do),
        cmocka_unit_test(layers_cannot_be_chosen_as_well),
        cmocka_unit_test(the_end_fits_the_number),
        cmocka_unit_test(a_negative_number_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
