/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph-kinds.h"

#include "lib/check.h"

#include <qblk/difference.h>
#include <qblk/open-file.h>
#include <qblk/operation.h>
#include <qblk/recover-result.h>
#include <qblk/stage.h>

static void
each_bus_is_found_by_its_name(void **state)
{
    for (guint bus = QBLK_BUS_VIRTIO; bus < QBLK_BUS_OTHER; bus++) {
        assert_int_equal(qblk_bus_find(qblk_bus_name((QblkBus)bus)), bus);
    }
    assert_int_equal(qblk_bus_find(NULL), QBLK_BUS_UNKNOWN);
    assert_int_equal(qblk_bus_find("xen"), QBLK_BUS_OTHER);
    assert_null(qblk_bus_name(QBLK_BUS_UNKNOWN));
    assert_null(qblk_bus_name(QBLK_BUS_OTHER));
}

static void
names_are_the_words_of_json(void **state)
{
    assert_string_equal(qblk_name_source_name(QBLK_NAME_SOURCE_ENUMERATION), "enumeration");
    assert_string_equal(qblk_device_kind_name(QBLK_DEVICE_KIND_FIRMWARE), "firmware");
    assert_string_equal(qblk_node_kind_name(QBLK_NODE_KIND_MULTI_CHILD), "multi-child");
    assert_null(qblk_node_kind_name(QBLK_NODE_KIND_UNKNOWN));
    assert_string_equal(qblk_job_kind_name(QBLK_JOB_KIND_ACTIVE_COMMIT), "active-commit");
    assert_null(qblk_job_kind_name(QBLK_JOB_KIND_OTHER));
    assert_string_equal(qblk_export_access_name(QBLK_EXPORT_ACCESS_WRITABLE), "rw");
    assert_string_equal(qblk_edge_source_name(QBLK_EDGE_SOURCE_BLOCKSTATS), "blockstats");
    assert_null(qblk_edge_source_name(QBLK_EDGE_SOURCE_BEST));
    assert_string_equal(qblk_user_kind_name(QBLK_USER_KIND_NODE), "node");
}

/* A program may pass on a number that it has read from a file. */
static void
a_value_that_does_not_exist_has_no_name(void **state)
{
    const guint beyond = 1000;
    assert_null(qblk_bus_name((QblkBus)beyond));
    assert_null(qblk_node_kind_name((QblkNodeKind)beyond));
    assert_null(qblk_job_kind_name((QblkJobKind)beyond));
    assert_null(qblk_export_access_name((QblkExportAccess)beyond));
    assert_null(qblk_edge_source_name((QblkEdgeSource)beyond));
    assert_string_equal(qblk_user_kind_name((QblkUserKind)beyond), "unknown");
    assert_string_equal(qblk_device_kind_name((QblkDeviceKind)beyond), "unknown");
    assert_string_equal(qblk_name_source_name((QblkNameSource)beyond), "unknown");
    assert_string_equal(qblk_stage_name((QblkStage)beyond), "unknown");
    assert_string_equal(qblk_recover_outcome_name((QblkRecoverOutcome)beyond), "unknown");
    assert_string_equal(qblk_difference_kind_name((QblkDifferenceKind)beyond), "unknown");
    assert_string_equal(qblk_file_state_name((QblkFileState)beyond), "unknown");
    assert_string_equal(qblk_plan_state_name((QblkPlanState)beyond), "unknown");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bus_is_found_by_its_name),
        cmocka_unit_test(names_are_the_words_of_json),
        cmocka_unit_test(a_value_that_does_not_exist_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
