/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/joint-case.h"

#include "plan/plan-steps.h"

#include <glib/gstdio.h>

static QblkPlan *
new_plan(const RunCase *recorded, const char *target, const char *overlay)
{
    QblkPlan *plan = qblk_plan_new_empty();
    plan->kind = g_strdup("snapshot");
    plan->target = g_strdup(target);
    plan->qdev = g_strdup(recorded->plan->qdev);
    plan->backend = g_strdup(recorded->plan->backend);
    plan->job = g_strdup_printf("qblk-snapshot-%s", target);
    plan->fingerprint = g_strdup("0123456789abcdef");

    g_autofree char *node = g_strdup_printf("qblk-%s-1", target);
    g_autofree char *text =
        g_strdup_printf("{\"driver\": \"file\", \"filename\": \"%s\"}", overlay);
    QblkJson *options = qblk_json_parse_printed(text);
    qblk_plan_add_open(plan, "open the file of the overlay", node, options);

    g_autofree char *actions = g_strdup_printf(
        "{\"actions\": [{\"type\": \"blockdev-snapshot\", \"data\": {\"node\": \"node-%s\", "
        "\"overlay\": \"%s\"}}]}",
        target, node);
    QblkStep *step = qblk_plan_add(plan, "put the overlay over the disk", "transaction",
                                   qblk_json_parse_printed(actions));
    step->is_final = TRUE;
    step->is_joint = TRUE;

    for (guint i = 0; i < recorded->plan->before->len; i++) {
        const QblkExpectation *layer = recorded->plan->before->pdata[i];
        g_ptr_array_add(plan->before, qblk_plan_expectation_new(layer->node_name, layer->format,
                                                                layer->filename));
        g_ptr_array_add(plan->after, qblk_plan_expectation_new(layer->node_name, layer->format,
                                                               layer->filename));
    }
    g_ptr_array_insert(plan->after, 0, qblk_plan_expectation_new(node, "qcow2", overlay));
    qblk_plan_add_created(plan, overlay, "qcow2", 1024, NULL);
    return plan;
}

Joint *
joint_new(guint n_plans)
{
    static const char *const targets[] = {"vda", "vdb"};
    Joint *joint = g_new0(Joint, 1);
    g_autoptr(GError) error = NULL;
    char address[] = "/run/vm.qmp";
    const QblkJournalVm vm = {.address = address};
    joint->one = run_case_new(QBLK_COMMIT_PIVOT);
    joint->states = g_string_new(NULL);
    joint->stop_at = QBLK_RUN_STATES;
    joint->changes_at = QBLK_RUN_STATES;
    joint->n_plans = n_plans;
    joint->one->directory = g_dir_make_tmp("qblk-joint-XXXXXX", &error);
    assert_no_error(error);

    for (guint i = 0; i < n_plans; i++) {
        g_autofree char *name = g_strconcat(targets[i], ".overlay", NULL);
        joint->overlays[i] = g_build_filename(joint->one->directory, name, NULL);
        assert_true(g_file_set_contents(joint->overlays[i], "", 0, NULL));
        joint->plans[i] = new_plan(joint->one, targets[i], joint->overlays[i]);
        joint->journals[i] =
            qblk_journal_begin(joint->one->directory, &vm, joint->plans[i], &error);
        assert_no_error(error);
    }
    joint->one->options.journals = joint->journals;
    joint->one->options.is_local = TRUE;
    joint->one->options.control = &joint->control;
    return joint;
}

void
joint_promise_recorded(Joint *joint)
{
    for (guint i = 0; i < joint->n_plans; i++) {
        g_ptr_array_remove_index(joint->plans[i]->after, 0);
        g_ptr_array_remove_index(joint->plans[i]->before, 0);
    }
}

void
joint_free(Joint *joint)
{
    for (guint i = 0; i < joint->n_plans; i++) {
        g_clear_pointer(&joint->journals[i], qblk_journal_leave);
        (void)g_unlink(joint->overlays[i]);
        qblk_plan_unref(joint->plans[i]);
        g_free(joint->overlays[i]);
    }
    g_string_free(joint->states, TRUE);
    run_case_free(joint->one);
    g_free(joint);
}

void
joint_assert_left(const Joint *joint, guint overlays, guint journals)
{
    g_autoptr(GPtrArray) records = qblk_journal_list(joint->one->directory, NULL);
    guint found = 0;
    for (guint i = 0; i < joint->n_plans; i++) {
        found += g_file_test(joint->overlays[i], G_FILE_TEST_EXISTS) ? 1 : 0;
    }
    assert_int_equal(found, overlays);
    assert_int_equal(records->len, journals);
}
