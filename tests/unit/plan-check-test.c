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
    qblk_chain_unref(disk->chain);
    qblk_snapshot_unref(disk->snapshot);
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
    disk.chain->kind = QBLK_DEVICE_KIND_CDROM;
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

#define TWO_LAYERS                                                                                 \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=base\n"

/* The message with which each job on vda is refused; NULL: none is. */
static char *
refusal(const char *status, const char *inactive, gboolean may_be_inactive)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(TWO_LAYERS, "vda - top");
    graph_fixture_replace(replies, "query-status", NULL, status);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    if (inactive != NULL) {
        QblkNode *node = g_hash_table_lookup(snapshot->by_name, inactive);
        node->is_inactive = TRUE;
    }
    snapshot->may_be_inactive = may_be_inactive;

    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    g_autoptr(GError) error = NULL;
    if (qblk_plan_check_disk(&context, chain, &error)) {
        return NULL;
    }
    assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
    return g_strdup(error->message);
}

static void
images_of_another_qemu_are_not_changed(void **state)
{
    static const struct {
        const char *status, *inactive;
        gboolean may_be_inactive;
        const char *part; /* NULL: it is not refused */
    } cases[] = {
        {"{'status':'running','running':true}", NULL, FALSE, NULL},
        {"{'status':'prelaunch','running':false}", NULL, FALSE, NULL},
        {"{'status':'paused','running':false}", NULL, FALSE, NULL},
        {"{'status':'io-error','running':false}", NULL, FALSE, NULL},
        {NULL, NULL, FALSE, NULL},
        {"{'status':'inmigrate','running':false}", NULL, FALSE, "run state 'inmigrate'"},
        {"{'status':'finish-migrate','running':false}", NULL, FALSE, "run state 'finish-migrate'"},
        {"{'status':'postmigrate','running':false}", NULL, FALSE, "run state 'postmigrate'"},
        {"{'status':'prelaunch','running':false}", "top", FALSE,
         "run state 'prelaunch': node 'top' is inactive"},
        {"{'status':'paused','running':false}", "base", FALSE,
         "run state 'paused': node 'base' is inactive"},
        {NULL, "base", FALSE, "run state 'unknown': node 'base' is inactive"},
        {"{'status':'paused','running':false}", NULL, TRUE, "may be inactive until it runs"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *message =
            refusal(cases[i].status, cases[i].inactive, cases[i].may_be_inactive);
        if ((message == NULL) != (cases[i].part == NULL)) {
            fail_msg("case %" G_GSIZE_FORMAT ": %s", i, message);
        }
        assert_true(message == NULL || strstr(message, cases[i].part) != NULL);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_guest_cannot_write_to_is_refused),
        cmocka_unit_test(a_guest_of_libvirt_is_not_changed),
        cmocka_unit_test(images_of_another_qemu_are_not_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
