/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-options.h"
#include "lib/check.h"

static void
an_assignment_is_a_name_and_a_device(void **state)
{
    static const char *const cases[][3] = {
        {"vda=virtio-disk0", "vda", "virtio-disk0"},
        {"system=/machine/peripheral-anon/device[2]/virtio-backend", "system",
         "/machine/peripheral-anon/device[2]/virtio-backend"},
        {"vdb=a=b", "vdb", "a=b"},
        {"vdc=#block123", "vdc", "#block123"},
    };
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_true(qblk_snapshot_options_add_target(options, cases[i][0], &error));
        assert_no_error(error);
        const QblkTargetAssignment *added = options->assignments->pdata[i];
        assert_string_equal(added->target, cases[i][1]);
        assert_string_equal(added->device, cases[i][2]);
    }
}

static void
an_invalid_assignment_changes_nothing(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "invalid target '': specify NAME=DEVICE, as in vda=virtio-disk0"},
        {"vda", "invalid target 'vda'"},
        {"=disk0", "invalid target '=disk0'"},
        {"vda=", "invalid target 'vda='"},
        {"vda[2]=disk0", "invalid disk name 'vda[2]'"},
        {"a/b=disk0", "invalid disk name 'a/b'"},
        {"node:a=disk0", "invalid disk name 'node:a'"},
    };
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(qblk_snapshot_options_add_target(options, cases[i].text, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, cases[i].reason);
    }
    assert_int_equal(options->assignments->len, 0);
}

static void
a_name_is_assigned_once(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    assert_true(qblk_snapshot_options_add_target(options, "vda=one", &error));
    assert_no_error(error);
    assert_false(qblk_snapshot_options_add_target(options, "vda=two", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                 "the name 'vda' is assigned to 'one' and to 'two'");
    assert_int_equal(options->assignments->len, 1);
}

static void
a_disk_of_a_domain_may_have_only_its_target(void **state)
{
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    qblk_snapshot_options_add_domain_disk(options, "vda", NULL, NULL, NULL);
    qblk_snapshot_options_add_domain_disk(options, "vdb", "virtio-disk1", "S1", "/b.img");
    const QblkTargetHint *bare = options->hints->pdata[0], *full = options->hints->pdata[1];
    assert_string_equal(bare->target, "vda");
    assert_null(bare->alias);
    assert_null(bare->serial);
    assert_null(bare->file);
    assert_string_equal(full->alias, "virtio-disk1");
    assert_string_equal(full->serial, "S1");
    assert_string_equal(full->file, "/b.img");
}

static void
new_options_are_empty_and_freeing_none_is_allowed(void **state)
{
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    assert_int_equal(options->edges, QBLK_EDGE_SOURCE_BEST);
    assert_false(options->everything);
    qblk_snapshot_options_unref(NULL);
}

/* ---- callbacks ---- */

static void
count(gpointer user_data)
{
    (*(guint *)user_data)++;
}

static void
warn(const char *message, gpointer user_data)
{
}

static void
log_message(gboolean sent, const char *message, gpointer user_data)
{
}

static void
the_data_of_a_callback_is_freed_once(void **state)
{
    guint first = 0, second = 0, logged = 0;
    QblkSnapshotOptions *options = qblk_snapshot_options_new();
    g_autoptr(QblkSnapshotOptions) reference = qblk_snapshot_options_ref(options);
    qblk_snapshot_options_set_warning(options, warn, &first, count);
    qblk_snapshot_options_set_logger(options, log_message, &logged, count);
    qblk_snapshot_options_set_warning(options, warn, &second, count);
    assert_int_equal(first, 1);

    qblk_snapshot_options_unref(options);
    assert_int_equal(second + logged, 0);
    g_clear_pointer(&reference, qblk_snapshot_options_unref);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
    assert_int_equal(logged, 1);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assignment_is_a_name_and_a_device),
        cmocka_unit_test(an_invalid_assignment_changes_nothing),
        cmocka_unit_test(a_name_is_assigned_once),
        cmocka_unit_test(a_disk_of_a_domain_may_have_only_its_target),
        cmocka_unit_test(new_options_are_empty_and_freeing_none_is_allowed),
        cmocka_unit_test(the_data_of_a_callback_is_freed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
