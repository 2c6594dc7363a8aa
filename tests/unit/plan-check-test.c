/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-check.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <qblk/error.h>

/* What may be done to vda, whose active layer is @node. */
typedef struct {
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    QblkChain *chain;
    QblkPlanContext context;
} Disk;

static Disk
disk_on(const char *node)
{
    Disk disk = {0};
    g_autofree char *nodes = g_strdup_printf("%s raw /d/disk", node);
    g_autofree char *blocks = g_strdup_printf("vda - %s", node);
    disk.replies = graph_fixture_machine(nodes, blocks);
    disk.snapshot = graph_fixture_snapshot(disk.replies);
    disk.chain = graph_fixture_chain(disk.snapshot, "vda");
    disk.context = (QblkPlanContext){.snapshot = disk.snapshot, .target = "vda"};
    return disk;
}

static void
disk_clear(Disk *disk)
{
    qblk_chain_free(disk->chain);
    qblk_snapshot_free(disk->snapshot);
    qblk_replies_free(disk->replies);
}

static void
assert_refused(const Disk *disk, const char *part)
{
    GError *error = NULL;
    assert_false(qblk_plan_check_disk(&disk->context, disk->chain, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static void
what_the_guest_cannot_write_to_is_refused(void **state)
{
    Disk disk = disk_on("top");
    assert_true(qblk_plan_check_disk(&disk.context, disk.chain, NULL));
    disk.chain->read_only = TRUE;
    assert_refused(&disk, "disk 'vda' is read-only");
    disk.chain->kind = QBLK_DEVICE_CDROM;
    assert_refused(&disk, "disk 'vda' is a CD-ROM drive");
    g_ptr_array_set_size(disk.chain->layers, 0);
    assert_refused(&disk, "disk 'vda' is an empty drive");
    disk_clear(&disk);
}

static void
a_guest_of_libvirt_is_not_changed(void **state)
{
    Disk disk = disk_on("libvirt-1-format");
    assert_refused(&disk, "belongs to a guest of libvirt");
    disk.context.force_managed = TRUE;
    assert_true(qblk_plan_check_disk(&disk.context, disk.chain, NULL));
    disk_clear(&disk);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_guest_cannot_write_to_is_refused),
        cmocka_unit_test(a_guest_of_libvirt_is_not_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
