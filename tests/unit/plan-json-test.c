/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-json.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"
#include "plan/plan-job.h"
#include "plan/plan-pull.h"

#include <qblk/error.h>

static QblkPlan *
plan_commit(const QblkPlanContext *context, GError **error)
{
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT, .delete_removed = TRUE};
    return qblk_plan_make_commit(context, &options, error);
}

static QblkPlan *
plan_inner(const QblkPlanContext *context, GError **error)
{
    const QblkCommitOptions options = {.top = "vda[1]", .keep_relative = TRUE};
    return qblk_plan_make_commit(context, &options, error);
}

static QblkPlan *
plan_pull(const QblkPlanContext *context, GError **error)
{
    const QblkPullOptions options = {.base = NULL};
    return qblk_plan_make_pull(context, &options, error);
}

static QblkPlan *
plan_copy(const QblkPlanContext *context, GError **error)
{
    const QblkCopyOptions options = {
        .destination = "/d/copy", .shallow = TRUE, .end = QBLK_COPY_PIVOT};
    return qblk_plan_make_copy(context, &options, error);
}

static QblkPlan *
plan_wait(const QblkPlanContext *context, GError **error)
{
    const QblkJobRequest request = {.action = QBLK_JOB_WAIT};
    const QblkJob *job = qblk_plan_job_find(context->snapshot, context->target);
    assert_non_null(job);
    return qblk_plan_make_job(context, job, &request, error);
}

static const struct {
    const char *topology;
    QblkPlan *(*make)(const QblkPlanContext *context, GError **error);
} kinds[] = {
    {"drive-5-deep", plan_commit}, {"drive-5-deep", plan_inner},
    {"drive-5-deep", plan_pull},   {"virtio-5-deep", plan_pull},
    {"drive-5-deep", plan_copy},   {"throttle-blockdev", plan_copy},
    {"mirror-ready", plan_wait},   {"commit-middle-running", plan_wait},
    {"stream-pending", plan_wait}, {"stream-concluded", plan_wait},
};

static QblkJson *
json_of(gsize kind)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_load(kinds[kind].topology);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda", .speed = 7};
    g_autoptr(QblkPlan) plan = kinds[kind].make(&context, &error);
    assert_no_error(error);
    return qblk_plan_json_new(plan);
}

static void
every_kind_of_plan_is_read_as_it_was_written(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkJson) json = json_of(i);
        g_autoptr(QblkPlan) plan = qblk_plan_json_read(json, &error);
        assert_no_error(error);
        g_autoptr(QblkJson) again = qblk_plan_json_new(plan);
        g_autofree char *before = qblk_json_print(json, QBLK_JSON_COMPACT);
        g_autofree char *after = qblk_json_print(again, QBLK_JSON_COMPACT);
        assert_string_equal(before, after);
    }
}

static void
created_files_and_a_joint_step_are_read_as_they_were_written(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = json_of(0);
    g_autoptr(QblkPlan) plan = qblk_plan_json_read(json, &error);
    assert_no_error(error);
    assert_false(qblk_json_is(qblk_json_get(json, "created"), QBLK_JSON_ARRAY));

    qblk_plan_add_created(plan, "/d/overlay", "qcow2", 65536, "base.qcow2");
    QblkStep *written = plan->steps->pdata[0];
    written->is_joint = TRUE;
    g_autoptr(QblkJson) with = qblk_plan_json_new(plan);
    g_autoptr(QblkPlan) again = qblk_plan_json_read(with, &error);
    assert_no_error(error);

    const QblkStep *step = again->steps->pdata[0], *other = again->steps->pdata[1];
    assert_true(step->is_joint);
    assert_false(other->is_joint);
    assert_int_equal(again->created->len, 1);
    const QblkCreatedFile *file = again->created->pdata[0];
    assert_string_equal(file->filename, "/d/overlay");
    assert_string_equal(file->path, "/d/overlay");
    assert_string_equal(file->format, "qcow2");
    assert_string_equal(file->backing_name, "base.qcow2");
    assert_int_equal(file->size, 65536);
}

/* Each of @members of @object, a part of @root, is put out of place and back. */
static void
assert_needed(const QblkJson *root, QblkJson *object, const char *const *members)
{
    for (gsize i = 0; members[i] != NULL; i++) {
        GError *error = NULL;
        QblkJson *value = qblk_json_ref(qblk_json_get(object, members[i]));
        qblk_json_set(object, members[i], qblk_json_new_null());
        assert_null(qblk_plan_json_read(root, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, members[i]);
        qblk_json_set(object, members[i], value);
    }
}

/* A new reference, to be changed. */
static QblkJson *
first_of(const QblkJson *object, const char *list)
{
    const QblkJson *first = qblk_json_at(qblk_json_get(object, list), 0);
    assert_non_null(first);
    return qblk_json_ref(first);
}

static void
a_missing_or_wrong_member_is_not_a_plan(void **state)
{
    static const char *const of_plan[] = {"kind",         "target",      "job",   "fingerprint",
                                          "steps",        "before",      "after", "removed",
                                          "existing-job", "stays-ready", NULL};
    static const char *const of_step[] = {"purpose",  "arguments", "start", "final",
                                          "may-fail", "undo",      NULL};
    static const char *const of_undo[] = {"purpose", "arguments", "may-fail", NULL};
    static const char *const of_layer[] = {"names-next", "device", "inode", NULL};
    static const char *const of_removal[] = {"file", "local", "delete", "device", "inode", NULL};
    g_autoptr(QblkJson) root = json_of(0);
    g_autoptr(QblkJson) step = first_of(root, "steps");
    g_autoptr(QblkJson) undo = first_of(step, "undo");
    g_autoptr(QblkJson) layer = first_of(root, "before");
    g_autoptr(QblkJson) removal = first_of(root, "removed");
    assert_needed(root, root, of_plan);
    assert_needed(root, step, of_step);
    assert_needed(root, undo, of_undo);
    assert_needed(root, layer, of_layer);
    assert_needed(root, removal, of_removal);
    g_autoptr(QblkPlan) unharmed = qblk_plan_json_read(root, NULL);
    assert_non_null(unharmed);
}

static void
a_plan_is_an_object(void **state)
{
    static const char *const texts[] = {"{}", "[]", "null", "'plan'", "{'kind': 'commit'}"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        GError *error = NULL;
        g_autoptr(QblkJson) json = graph_fixture_json(texts[i]);
        assert_null(qblk_plan_json_read(json, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "not a plan");
    }
}

static void
a_text_of_another_type_is_not_a_plan(void **state)
{
    static const char *const members[] = {"qdev", "reads", "merged"};
    g_autoptr(QblkJson) recorded = json_of(0);
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        GError *error = NULL;
        g_autoptr(QblkJson) root = qblk_json_copy(recorded);
        qblk_json_set_integer(root, members[i], 5);
        assert_null(qblk_plan_json_read(root, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, members[i]);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_plan_is_read_as_it_was_written),
        cmocka_unit_test(created_files_and_a_joint_step_are_read_as_they_were_written),
        cmocka_unit_test(a_missing_or_wrong_member_is_not_a_plan),
        cmocka_unit_test(a_plan_is_an_object),
        cmocka_unit_test(a_text_of_another_type_is_not_a_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
