/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-managed.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-check.h"
#include "plan/plan-pull.h"

#include <qblk/error.h>

#define LAYERS                                                                                     \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "libvirt-1-storage file /d/top\n"                                                              \
    "libvirt-1-format qcow2 /d/top file=libvirt-1-storage backing=base"

#define INCUS                                                                                      \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "top-file file /d/top\nincus_root qcow2 /d/top file=top-file backing=base"

static const struct {
    const char *nodes, *blocks;
    const char *target;
    const char *name, *command;
} guests[] = {
    {LAYERS, "virtio-disk0 - libvirt-1-format", "vda", "libvirt", "virsh"},
    {INCUS, "dev-incus_root - incus_root", "dev-incus_root", "Incus", "incus"},
};

static void
the_message_names_the_manager_and_its_command(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(guests); i++) {
        GError *error = NULL;
        g_autoptr(QblkReplies) replies = graph_fixture_machine(guests[i].nodes, guests[i].blocks);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        QblkPlanContext context = {.snapshot = snapshot, .target = guests[i].target};
        g_autofree char *expected =
            g_strdup_printf("a guest of %s, which would not notice the change: use %s, or "
                            "--force-managed",
                            guests[i].name, guests[i].command);
        assert_false(qblk_plan_managed_check_disk(&context, guests[i].target, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, expected);
        context.force_managed = TRUE;
        assert_true(qblk_plan_managed_check_disk(&context, guests[i].target, NULL));
    }
}

/* Returns: the plan of a pull, which the context allows. */
static QblkPlan *
plan_in(const QblkSnapshot *snapshot, gboolean is_dry_run, gboolean force_managed)
{
    g_autoptr(GError) error = NULL;
    const QblkPlanContext context = {.snapshot = snapshot,
                                     .target = "vda",
                                     .is_dry_run = is_dry_run,
                                     .force_managed = force_managed};
    const QblkPullOptions options = {0};
    QblkPlan *plan = qblk_plan_make_pull(&context, &options, &error);
    assert_no_error(error);
    return plan;
}

static void
a_plan_that_is_only_printed_has_a_warning(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(LAYERS, guests[0].blocks);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkPlan) printed = plan_in(snapshot, TRUE, FALSE);
    assert_int_equal(printed->warnings->len, 1);
    assert_string_equal(printed->warnings->pdata[0],
                        "disk 'vda' belongs to a guest of libvirt, which would not notice the "
                        "change: without --dry-run, use virsh, or --force-managed");

    g_autoptr(QblkPlan) printed_by_force = plan_in(snapshot, TRUE, TRUE);
    assert_int_equal(printed_by_force->warnings->len, 0);
    g_autoptr(QblkPlan) forced = plan_in(snapshot, FALSE, TRUE);
    assert_int_equal(forced->warnings->len, 0);
}

static void
a_guest_without_a_manager_has_no_warning(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("b qcow2 /d/b\nt qcow2 /d/t backing=b", "vda - t");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkPlan) plan = plan_in(snapshot, TRUE, FALSE);
    assert_int_equal(plan->warnings->len, 0);
    g_autoptr(QblkPlan) run = plan_in(snapshot, FALSE, FALSE);
    assert_int_equal(run->warnings->len, 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_names_the_manager_and_its_command),
        cmocka_unit_test(a_plan_that_is_only_printed_has_a_warning),
        cmocka_unit_test(a_guest_without_a_manager_has_no_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
