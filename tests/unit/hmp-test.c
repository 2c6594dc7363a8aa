/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/hmp.h"

#include "lib/check.h"

static void
dangerous_commands_for_people_are_known(void **state)
{
    static const struct {
        const char *line, *command, *device;
    } cases[] = {
        {"info block -n", "query-named-block-nodes", NULL},
        {"  info\tblock  -v -n disk", "query-named-block-nodes", NULL},
        {"i block -n", "query-named-block-nodes", NULL},
        {"info block", NULL, NULL},
        {"info block -v", NULL, NULL},
        {"info block disk", "query-named-block-nodes", NULL},
        {"info block -v disk", "query-named-block-nodes", NULL},
        {"info block \"-n\"", "query-named-block-nodes", NULL},
        {"info blockstats -n", NULL, NULL},
        {"block_job_complete copy", "block-job-complete", "copy"},
        {"block_job_complete \"copy\"", "block-job-complete", "copy"},
        {"block_job_complete \"", "block-job-complete", ""},
        {"block_job_complete", NULL, NULL},
        {"block_job_cancel -f copy", "block-job-cancel", "copy"},
        {"block_job_cancel copy", "block-job-cancel", "copy"},
        {"drive_mirror -n -f disk /vm/copy.qcow2 qcow2", "drive-mirror", "disk"},
        {"block_job_pause copy", NULL, NULL},
        {"help block_job_complete copy", NULL, NULL},
        {"", NULL, NULL},
        {"   ", NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJson) arguments = NULL;
        const char *command = qblk_hmp_translate(cases[i].line, &arguments);
        if (g_strcmp0(command, cases[i].command) != 0 ||
            g_strcmp0(qblk_json_get_string(arguments, "device"), cases[i].device) != 0) {
            fail_msg("'%s' is %s", cases[i].line, command == NULL ? "unknown" : command);
        }
        assert_int_equal(command == NULL, arguments == NULL);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dangerous_commands_for_people_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
