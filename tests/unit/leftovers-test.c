/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "plan/leftovers.h"

static void
a_job_is_ours_by_its_whole_id(void **state)
{
    static const struct {
        const char *id, *target;
        gboolean is_ours;
    } rows[] = {
        {"qblk-commit-vda", "vda", TRUE},      {"qblk-copy-vda-create", "vda", TRUE},
        {"qblk-mend-vda-header", "vda", TRUE}, {"qblk-copy-a_b", "a b", TRUE},
        {"qblk-commit-vda", "vdb", FALSE},     {"qblk-commit-x-vda", "vda", FALSE},
        {"commit-vda", "vda", FALSE},          {"qblk-commit-vda2", "vda", FALSE},
        {"qblk-backup-vda", "vda", FALSE},     {"qblk-vda", "vda", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(qblk_leftovers_is_job(rows[i].id, rows[i].target), rows[i].is_ours);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_ours_by_its_whole_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
