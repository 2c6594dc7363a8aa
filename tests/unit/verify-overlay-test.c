/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify-overlay.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/graph-fixture.h"
#include "lib/qcow2-image.h"

/* vda is the image top, and the node of its new overlay is open, alone. */
#define NODES                                                                                      \
    "top-file file /d/top\ntop qcow2 /d/top file=top-file\n"                                       \
    "over-file file /d/over\nover qcow2 /d/over file=over-file\n"

typedef struct {
    const char *name, *format; /* in the header of the overlay; NULL: none */
    const char *part;          /* of the error; NULL: it fits */
} Header;

static void
save_overlay(const char *path, const Header *header)
{
    Qcow2Image image = qcow2_image(3);
    if (header->format != NULL) {
        qcow2_image_put_extension(&image, 104, QCOW2_BACKING_FORMAT, header->format);
    }
    qcow2_image_put_backing(&image, header->name);
    assert_true(g_file_set_contents(path, (const char *)image.bytes, sizeof(image.bytes), NULL));
}

static QblkPlan *
plan_overlay(const char *path, const char *below)
{
    QblkPlan *plan = qblk_plan_new_empty();
    plan->kind = g_strdup("snapshot");
    plan->target = g_strdup("vda");
    plan->qdev = g_strdup("vda");
    QblkExpectation *overlay = qblk_plan_expectation_new("over", "qcow2", path);
    g_free(overlay->path);
    overlay->path = g_strdup(path);
    overlay->backing_name = g_strdup("top");
    g_ptr_array_add(plan->after, overlay);
    g_ptr_array_add(plan->after, qblk_plan_expectation_new("top", below, "/d/top"));
    return plan;
}

static void
check(const Header *header, const char *below, gboolean is_local)
{
    char *directory = cli_check_directory();
    g_autofree char *path = g_build_filename(directory, "over", NULL);
    g_autoptr(QblkReplies) replies = graph_fixture_machine(NODES, "vda - top");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkPlan) plan = plan_overlay(path, below);
    save_overlay(path, header);

    g_autoptr(GError) error = NULL;
    gboolean fits = qblk_verify_overlay(plan, snapshot, is_local, &error);
    if (header->part == NULL || !is_local) {
        assert_no_error(error);
        assert_true(fits);
    } else {
        assert_false(fits);
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, header->part);
    }
    cli_check_remove(directory);
}

static void
the_header_has_to_name_the_active_image_and_its_format(void **state)
{
    static const Header headers[] = {
        {"top", "qcow2", NULL},
        {"stranger", "qcow2", "names the backing file 'stranger' instead of 'top'"},
        {"top", "raw", "records the format 'raw' of its backing file instead of 'qcow2'"},
        {"top", NULL, "records the format '' of its backing file instead of 'qcow2'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        print_message("header %zu\n", i);
        check(&headers[i], "qcow2", TRUE);
        check(&headers[i], "qcow2", FALSE); /* it is an image of another machine */
    }
}

/* QEMU opens an image with the name of a protocol as raw. */
static void
a_protocol_stands_for_raw(void **state)
{
    const Header header = {"top", "file", NULL};
    check(&header, "raw", TRUE);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_has_to_name_the_active_image_and_its_format),
        cmocka_unit_test(a_protocol_stands_for_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
