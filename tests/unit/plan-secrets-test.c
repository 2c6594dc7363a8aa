/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-secrets.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <qblk/error.h>

static QblkSecretFile key = {.id = (char[]){"k"}, .path = (char[]){"/d/key"}};

/* A context with the secret k, and with the objects of @objects. */
typedef struct {
    GPtrArray *secrets;
    QblkJson *objects;
    QblkPlanContext context;
} Case;

static Case
case_new(const char *objects)
{
    Case test = {.secrets = g_ptr_array_new(),
                 .objects = objects == NULL ? NULL : graph_fixture_json(objects)};
    g_ptr_array_add(test.secrets, &key);
    test.context.secrets = test.secrets;
    test.context.objects = test.objects;
    return test;
}

static void
case_clear(Case *test)
{
    g_ptr_array_unref(test->secrets);
    qblk_json_unref(test->objects);
}

static QblkPlan *
new_plan(void)
{
    QblkPlan *plan = qblk_plan_new_empty();
    plan->kind = g_strdup("copy");
    plan->target = g_strdup("vda");
    plan->job = g_strdup("j");
    plan->fingerprint = g_strdup("");
    return plan;
}

static void
assert_step(const QblkStep *step, const char *command, const char *arguments)
{
    g_autofree char *text = qblk_json_print(step->arguments, QBLK_JSON_COMPACT);
    assert_string_equal(step->command, command);
    assert_string_equal(text, arguments);
}

static void
an_object_is_created_and_deleted(void **state)
{
    Case test = case_new(NULL);
    g_autoptr(QblkPlan) plan = new_plan();

    qblk_plan_secrets_add(plan, &test.context, "k");
    qblk_plan_secrets_remove(plan, &test.context, "k");
    assert_int_equal(plan->steps->len, 2);

    const QblkStep *step = plan->steps->pdata[0];
    assert_step(step, "object-add", "{\"qom-type\":\"secret\",\"id\":\"k\",\"file\":\"/d/key\"}");
    assert_step(step->undo->pdata[0], "object-del", "{\"id\":\"k\"}");
    const QblkStep *last = plan->steps->pdata[1];
    assert_step(last, "object-del", "{\"id\":\"k\"}");
    assert_true(last->may_fail);
    case_clear(&test);
}

static void
an_object_of_qemu_is_neither_created_nor_deleted(void **state)
{
    Case test = case_new("[{'name': 'other', 'type': 'child<secret>'}]");
    g_autoptr(QblkPlan) plan = new_plan();

    qblk_plan_secrets_add(plan, &test.context, "other");
    qblk_plan_secrets_remove(plan, &test.context, "other");
    test.context.has_secret_objects = TRUE;
    qblk_plan_secrets_add(plan, &test.context, "k");
    qblk_plan_secrets_remove(plan, &test.context, "k");
    assert_int_equal(plan->steps->len, 0);
    case_clear(&test);
}

static void
the_daemon_of_an_image_has_the_keys_of_the_image(void **state)
{
    Case test = case_new("[{'name': 'k', 'type': 'child<secret>'}]");
    Case other = case_new("[]");
    g_autoptr(QblkPlan) plan = new_plan();
    g_autoptr(GPtrArray) layers = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    test.context.image_layers = layers;
    assert_true(qblk_plan_secrets_check(&test.context, "k", &error));
    qblk_plan_secrets_add(plan, &test.context, "k");
    assert_int_equal(plan->steps->len, 0);
    assert_true(qblk_plan_secrets_check_used(plan, &test.context, &error));

    other.context.image_layers = layers;
    assert_true(qblk_plan_secrets_check(&other.context, "k", &error));
    qblk_plan_secrets_add(plan, &other.context, "k");
    assert_int_equal(plan->steps->len, 1);
    assert_no_error(error);
    case_clear(&test);
    case_clear(&other);
}

static void
an_object_has_to_exist_or_to_be_new(void **state)
{
    static const struct {
        const char *objects, *id, *part; /* of the refusal; NULL: it is accepted */
    } rows[] = {
        {"[]", "k", NULL},
        {"[{'name': 'other'}]", "other", NULL},
        {NULL, "k", NULL},
        {NULL, "other", NULL}, /* its objects are not known */
        {"[{'name': 'k'}]", "k", "already has an object 'k'"},
        {"[]", "other", "has no secret object 'other': use --secret other=FILE"},
        {"[{'name': '1'}]", "1", "invalid id '1'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Case test = case_new(rows[i].objects);
        GError *error = NULL;
        gboolean is_accepted = qblk_plan_secrets_check(&test.context, rows[i].id, &error);
        assert_int_equal(is_accepted, rows[i].part == NULL);
        if (!is_accepted) {
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, rows[i].part);
        }
        case_clear(&test);
    }
}

static void
a_secret_that_is_not_used_is_refused(void **state)
{
    Case test = case_new(NULL);
    g_autoptr(QblkPlan) plan = new_plan();
    GError *error = NULL;

    assert_false(qblk_plan_secrets_check_used(plan, &test.context, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "omit --secret k=/d/key");
    qblk_plan_secrets_add(plan, &test.context, "k");
    error = NULL;
    assert_true(qblk_plan_secrets_check_used(plan, &test.context, &error));
    assert_no_error(error);
    case_clear(&test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_created_and_deleted),
        cmocka_unit_test(an_object_of_qemu_is_neither_created_nor_deleted),
        cmocka_unit_test(the_daemon_of_an_image_has_the_keys_of_the_image),
        cmocka_unit_test(an_object_has_to_exist_or_to_be_new),
        cmocka_unit_test(a_secret_that_is_not_used_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
