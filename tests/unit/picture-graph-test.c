/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-graph.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <qblk/error.h>

static QblkPicture *
picture_of(const QblkReplies *replies)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    QblkPicture *picture = qblk_picture_of_graph(snapshot, NULL, "vm", &error);
    assert_no_error(error);
    return picture;
}

static QblkPicture *
picture_of_fixture(const char *fixture)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load(fixture);
    return picture_of(replies);
}

/* All rows of a box as lines: "vda[1] | qcow2". */
static char *
rows_of(const QblkPictureBox *box)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < box->rows->len; i++) {
        const QblkPictureRow *row = &g_array_index(box->rows, QblkPictureRow, i);
        if (row->style == QBLK_PICTURE_BAR) {
            g_string_append_printf(text, "[%d]\n", row->percent);
            continue;
        }
        g_string_append_printf(text, "%s%s%s\n", row->left, row->right == NULL ? "" : " | ",
                               row->right == NULL ? "" : row->right);
    }
    return g_string_free(text, FALSE);
}

static guint
find(const QblkPicture *picture, const char *id)
{
    for (guint i = 0; i < picture->boxes->len; i++) {
        if (g_str_equal(qblk_picture_box(picture, i)->id, id)) {
            return i;
        }
    }
    fail_msg("no box '%s'", id);
    return QBLK_PICTURE_NONE;
}

static void
assert_rows(const QblkPicture *picture, const char *id, const char *expected)
{
    g_autofree char *rows = rows_of(qblk_picture_box(picture, find(picture, id)));
    assert_string_equal(rows, expected);
}

static void
assert_next(const QblkPicture *picture, const char *id, const char *next)
{
    assert_int_equal(qblk_picture_box(picture, find(picture, id))->next, find(picture, next));
}

static void
an_image_and_its_file_are_one_box(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("virtio-5-deep");
    const QblkPictureBox *top = qblk_picture_box(picture, 1);

    assert_int_equal(picture->boxes->len, 6);
    assert_rows(picture, "disk:vda", "vda | virtio disk\ndisk0 | 5 layers\n");
    assert_rows(picture, "node:top",
                "vda | qcow2\ndisk-4.qcow2\n64 MiB, 324 KiB used | active\nnode top\n");
    assert_rows(picture, "node:#block244", /* which is another name at the next start */
                "vda[1] | qcow2\ndisk-3.qcow2\n64 MiB, 324 KiB used | read-only\n");
    assert_true(top->is_active);
    assert_string_equal(top->tooltip, "/tmp/qblk-fixture/virtio-5-deep/disk-4.qcow2\n"
                                      "node 'top' (qcow2), file node '#block027' (file)");
    assert_string_equal(picture->subtitle,
                        "QEMU 7.2.22, prelaunch, images in /tmp/qblk-fixture/virtio-5-deep");
}

static void
a_shared_image_is_one_box(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("shared-base");

    assert_int_equal(picture->boxes->len, 5);
    assert_next(picture, "node:top-vda", "node:base");
    assert_next(picture, "node:top-vdb", "node:base");
    assert_true(qblk_picture_box(picture, find(picture, "node:base"))->is_shared);
    assert_rows(picture, "node:base",
                "vda[1] | qcow2\nbase.qcow2\n64 MiB, 324 KiB used | read-only\nnode base\n"
                "shared: also vdb[1]\n");
}

static void
filters_are_where_they_are_in_the_graph(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("copy-before-write");

    assert_next(picture, "disk:vda", "node:limited");
    assert_next(picture, "node:limited", "node:cor");
    assert_next(picture, "node:cor", "node:cbw");
    assert_next(picture, "node:cbw", "node:disk-2");
    assert_rows(picture, "node:cor", "copy-on-read | cor\n");
    assert_true(qblk_picture_box(picture, find(picture, "node:disk-2"))->is_active);

    const QblkPictureLink *link = &g_array_index(picture->links, QblkPictureLink, 0);
    assert_int_equal(picture->links->len, 1);
    assert_int_equal(link->kind, QBLK_PICTURE_CHILD);
    assert_int_equal(link->from, find(picture, "node:cbw"));
    assert_int_equal(link->to, find(picture, "node:scratch"));
    assert_string_equal(link->label, "target");
}

static void
what_is_between_an_image_and_its_file_is_in_its_box(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("libvirt-names");

    assert_rows(picture, "node:libvirt-1-format",
                "vdd | raw\nvdd.raw\n1 MiB, 0 B used | active\nnode libvirt-1-format\n"
                "inside: raw | libvirt-1-slice-sto\n");
}

static void
a_job_is_in_the_box_of_its_filter(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("mirror-running");
    const QblkPictureLink *link = &g_array_index(picture->links, QblkPictureLink, 0);
    g_autofree char *home = rows_of(qblk_picture_box(picture, link->from));

    assert_int_equal(picture->links->len, 1);
    assert_int_equal(link->kind, QBLK_PICTURE_COPY);
    assert_int_equal(link->to, find(picture, "node:copy"));
    assert_string_equal(home, "mirror_top\ncopy mirror0 | 25 %\n[25]\n");
    assert_rows(picture, "node:copy",
                "copy | qcow2\ncopy.qcow2\n64 MiB, 5.2 MiB used\nwritten by mirror0\n");
}

static void
a_commit_of_lower_layers_is_above_them(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("commit-middle-running");
    const QblkPictureLink *link = &g_array_index(picture->links, QblkPictureLink, 0);
    g_autofree char *home = rows_of(qblk_picture_box(picture, link->from));

    assert_string_equal(home, "commit_top\ncommit commit0 | 2 %\n[2]\n");
    assert_int_equal(link->to, find(picture, "node:disk-base"));
    assert_next(picture, "node:disk-3", qblk_picture_box(picture, link->from)->id);
}

static void
children_of_a_quorum_are_in_the_picture(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("quorum");

    assert_next(picture, "node:votes", "node:copy-0");
    assert_int_equal(picture->links->len, 2);
    assert_int_equal(g_array_index(picture->links, QblkPictureLink, 1).to,
                     find(picture, "node:copy-2"));
    assert_int_equal(qblk_picture_box(picture, 1)->kind, QBLK_PICTURE_SEVERAL);
    assert_false(qblk_picture_box(picture, 2)->is_active);
}

static void
exports_bitmaps_keys_and_data_files_are_rows(void **state)
{
    g_autoptr(QblkPicture) exports = picture_of_fixture("exports");
    g_autoptr(QblkPicture) bitmaps = picture_of_fixture("bitmaps");
    g_autoptr(QblkPicture) luks = picture_of_fixture("luks");
    g_autoptr(QblkPicture) data = picture_of_fixture("data-file");
    g_autofree char *data_rows = rows_of(qblk_picture_box(data, 2));

    assert_rows(
        exports, "node:other",
        "other | qcow2\nother.qcow2\n64 MiB, 196 KiB used\nexport shared | nbd, writable\n");
    assert_int_equal(qblk_picture_box(exports, find(exports, "node:other"))->section,
                     QBLK_PICTURE_OTHER_NODES);
    assert_rows(bitmaps, "node:disk-base",
                "vda[1] | qcow2\ndisk-base.qcow2\n64 MiB, 332 KiB used | read-only\n"
                "node disk-base\nbitmap backup-0 | recording\n");
    assert_rows(luks, "node:bare",
                "vdb | luks\ndisk.luks\n1 MiB, 256 KiB used | active\nnode bare\n"
                "encrypted (luks)\n");
    assert_string_equal(data_rows, "vda[1] | qcow2\ndisk.qcow2\n64 MiB, 264 KiB used | read-only\n"
                                   "data-file: disk.raw\n");
}

static void
devices_without_an_image_are_apart(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of_fixture("many-buses");
    const QblkPictureBox *box = qblk_picture_box(picture, find(picture, "disk:sdg"));

    assert_int_equal(box->section, QBLK_PICTURE_OTHER_DEVICES);
    assert_rows(picture, "disk:sdg", "sdg | sata cdrom\nempty-cd\nempty\n");
}

static void
names_are_split_at_their_last_part(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("a nbd nbd://host:10809\n"
                              "b nbd nbd://host:10809/disk\n"
                              "c nbd nbd+unix:///disk?socket=/run/nbd.sock\n"
                              "d rbd rbd:pool/image\n"
                              "e file relative.qcow2\n"
                              "f file /\n",
                              "va - a\nvb - b\nvc - c\nvd - d\nve - e\nvf - f\n");
    g_autoptr(QblkPicture) picture = picture_of(replies);
    static const char *const expected[][3] = {
        {"node:a", "nbd://host:10809", NULL},
        {"node:b", "disk", "nbd://host:10809"},
        {"node:c", "disk", "nbd+unix://?socket=/run/nbd.sock"},
        {"node:d", "image", "rbd:pool"},
        {"node:e", "relative.qcow2", NULL},
        {"node:f", "/", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        const QblkPictureBox *box = qblk_picture_box(picture, find(picture, expected[i][0]));
        assert_string_equal(g_array_index(box->rows, QblkPictureRow, 1).left, expected[i][1]);
        assert_int_equal(box->directory == NULL, expected[i][2] == NULL);
        if (box->directory != NULL) {
            assert_string_equal(box->directory, expected[i][2]);
        }
    }
}

static void
a_cycle_is_a_row_and_no_line(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(
        "a qcow2 /a backing=b\nb qcow2 /b backing=c\nc qcow2 /c backing=b\n", "vda - a\n");
    g_autoptr(QblkPicture) picture = picture_of(replies);

    assert_next(picture, "node:b", "node:c");
    assert_int_equal(qblk_picture_box(picture, find(picture, "node:c"))->next, QBLK_PICTURE_NONE);
    g_autofree char *rows = rows_of(qblk_picture_box(picture, find(picture, "node:c")));
    assert_true(g_str_has_suffix(rows, "forms a cycle with b\n"));
}

static void
too_many_nodes_are_an_error(void **state)
{
    g_autoptr(GString) nodes = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < QBLK_PICTURE_MAX_BOXES; i++) {
        g_string_append_printf(nodes, "n%u qcow2 /%u\n", i, i);
    }
    g_autoptr(QblkReplies) largest = graph_fixture_machine(nodes->str, "");
    g_autoptr(QblkPicture) picture = picture_of(largest);
    assert_int_equal(picture->boxes->len, QBLK_PICTURE_MAX_BOXES);

    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes->str, "vda - n0\n");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_null(qblk_picture_of_graph(snapshot, NULL, "vm", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT, "2000 boxes");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_and_its_file_are_one_box),
        cmocka_unit_test(a_shared_image_is_one_box),
        cmocka_unit_test(filters_are_where_they_are_in_the_graph),
        cmocka_unit_test(what_is_between_an_image_and_its_file_is_in_its_box),
        cmocka_unit_test(a_job_is_in_the_box_of_its_filter),
        cmocka_unit_test(a_commit_of_lower_layers_is_above_them),
        cmocka_unit_test(children_of_a_quorum_are_in_the_picture),
        cmocka_unit_test(exports_bitmaps_keys_and_data_files_are_rows),
        cmocka_unit_test(devices_without_an_image_are_apart),
        cmocka_unit_test(names_are_split_at_their_last_part),
        cmocka_unit_test(a_cycle_is_a_row_and_no_line),
        cmocka_unit_test(too_many_nodes_are_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
