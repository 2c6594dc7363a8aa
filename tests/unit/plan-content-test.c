/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-content.h"

#include "lib/check.h"

#include <qblk/error.h>

static char names[1][8] = {"before"};

/* A chain of three layers, top first; @encrypted and @with_snapshot are positions, or -1. */
static QblkChain *
new_chain(int encrypted, int with_snapshot)
{
    QblkChain *chain = qblk_chain_new("vda");

    for (int i = 0; i < 3; i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->position = (guint)i;
        layer->filename = g_strdup_printf("/d/%d", i);
        layer->encryption = i == encrypted ? g_strdup("luks") : NULL;
        if (i == with_snapshot) {
            QblkInternalSnapshot *snapshot = g_new0(QblkInternalSnapshot, 1);
            snapshot->name = names[0];
            layer->internal_snapshots = g_ptr_array_new_with_free_func(g_free);
            g_ptr_array_add(layer->internal_snapshots, snapshot);
        }
        g_ptr_array_add(chain->layers, layer);
    }
    return chain;
}

static void
encrypted_data_stay_encrypted(void **state)
{
    static const struct {
        int encrypted; /* position */
        guint first, end;
        gboolean target_is_encrypted, is_allowed, is_accepted;
    } rows[] = {
        {0, 0, 2, FALSE, FALSE, FALSE}, {1, 0, 2, FALSE, FALSE, FALSE},
        {2, 0, 2, FALSE, FALSE, TRUE}, /* its data are not moved */
        {-1, 0, 3, FALSE, FALSE, TRUE}, {0, 0, 2, TRUE, FALSE, TRUE},
        {0, 0, 2, FALSE, TRUE, TRUE},   {0, 1, 3, FALSE, FALSE, TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(QblkChain) chain = new_chain(rows[i].encrypted, -1);
        const QblkPlanContext context = {.allow_plaintext = rows[i].is_allowed};
        gboolean is_accepted =
            qblk_plan_check_plaintext(&context, chain, rows[i].first, rows[i].end, "/d/to",
                                      rows[i].target_is_encrypted, &error);
        assert_int_equal(is_accepted, rows[i].is_accepted);
        if (!is_accepted) {
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                         "is encrypted (luks), and '/d/to'");
        }
    }
}

static void
internal_snapshots_are_not_deleted(void **state)
{
    static const struct {
        int with_snapshot; /* position */
        gboolean is_deleted, is_allowed, is_accepted, is_warned_of;
    } rows[] = {
        {0, TRUE, FALSE, FALSE, FALSE}, {1, TRUE, FALSE, FALSE, FALSE},
        {0, TRUE, TRUE, TRUE, FALSE},   {0, FALSE, FALSE, TRUE, TRUE},
        {2, TRUE, FALSE, TRUE, FALSE}, /* it stays in the chain */
        {-1, TRUE, FALSE, TRUE, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(QblkChain) chain = new_chain(-1, rows[i].with_snapshot);
        g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
        const QblkPlanContext context = {.delete_internal_snapshots = rows[i].is_allowed};
        gboolean is_accepted = qblk_plan_check_internal_snapshots(&context, chain, 0, 2,
                                                                  rows[i].is_deleted, plan, &error);
        assert_int_equal(is_accepted, rows[i].is_accepted);
        assert_int_equal(plan->warnings->len, rows[i].is_warned_of ? 1 : 0);
        if (!is_accepted) {
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                         "would be deleted with it: 'before'");
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encrypted_data_stay_encrypted),
        cmocka_unit_test(internal_snapshots_are_not_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
