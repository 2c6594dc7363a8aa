/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-size.h"

#include "lib/check.h"

#include <qblk/error.h>

static QblkLayer *
new_layer(const char *name, const char *format, QblkSourceType type, gint64 size)
{
    QblkLayer *layer = qblk_chain_layer_new();

    layer->filename = g_strdup(name);
    layer->format = g_strdup(format);
    layer->source = qblk_source_new(type);
    layer->virtual_size = size;
    return layer;
}

static void
sizes_that_will_change_are_refused_or_warned_of(void **state)
{
    static const struct {
        gint64 top, base;
        const char *format;
        QblkSourceType type;
        gboolean is_pivot;
        const char *refusal, *warning; /* each may be NULL */
    } rows[] = {
        {64, 64, "raw", QBLK_SOURCE_BLOCK, TRUE, NULL, NULL},
        {64, 32, "raw", QBLK_SOURCE_BLOCK, TRUE, "'/base' has 32 bytes", NULL},
        {64, 32, "raw", QBLK_SOURCE_BLOCK, FALSE, "'/base' has 32 bytes", NULL},
        {64, 32, "raw", QBLK_SOURCE_FILE, TRUE, NULL, "'/base' will be enlarged from 32 to 64"},
        {64, 32, "qcow2", QBLK_SOURCE_BLOCK, TRUE, NULL, "'/base' will be enlarged from 32 to 64"},
        {32, 64, "raw", QBLK_SOURCE_FILE, TRUE, NULL, "the disk of the guest will be enlarged"},
        {32, 64, "raw", QBLK_SOURCE_FILE, FALSE, NULL, NULL},
        {32, QBLK_UNKNOWN, "raw", QBLK_SOURCE_BLOCK, TRUE, NULL, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
        QblkLayer *top = new_layer("/top", "qcow2", QBLK_SOURCE_FILE, rows[i].top);
        QblkLayer *base = new_layer("/base", rows[i].format, rows[i].type, rows[i].base);
        gboolean is_accepted = qblk_plan_check_size(top, base, rows[i].is_pivot, plan, &error);

        assert_int_equal(is_accepted, rows[i].refusal == NULL);
        if (!is_accepted) {
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, rows[i].refusal);
        }
        assert_int_equal(plan->warnings->len, rows[i].warning == NULL ? 0 : 1);
        if (rows[i].warning != NULL) {
            assert_non_null(strstr(plan->warnings->pdata[0], rows[i].warning));
        }
        qblk_chain_layer_free(top);
        qblk_chain_layer_free(base);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_will_change_are_refused_or_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
