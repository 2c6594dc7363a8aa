/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-layout.h"

#include "cli/print/picture-graph.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

/* ---- what is true of each picture ---- */

/* TRUE if they have a point in common. */
static gboolean
overlap(const QblkPictureBox *a, const QblkPictureBox *b)
{
    return a->x <= b->x + b->width && b->x <= a->x + a->width && a->y <= b->y + b->height &&
           b->y <= a->y + a->height;
}

static void
check_boxes(const QblkPicture *picture)
{
    for (guint i = 0; i < picture->boxes->len; i++) {
        const QblkPictureBox *box = qblk_picture_box(picture, i);
        assert_true(box->x > 0 && box->x + box->width < picture->width);
        assert_true(box->y > 0 && box->y + box->height < picture->height);
        for (guint j = 0; j < i; j++) {
            assert_false(overlap(box, qblk_picture_box(picture, j)));
        }
    }
}

static gboolean
is_on_edge(const QblkPictureBox *box, const QblkPicturePoint *point)
{
    gboolean is_inside = point->x > box->x && point->x < box->x + box->width && point->y > box->y &&
                         point->y < box->y + box->height;
    gboolean is_outside = point->x < box->x || point->x > box->x + box->width ||
                          point->y < box->y || point->y > box->y + box->height;

    return !is_inside && !is_outside;
}

/* A line touches the two boxes that it connects, with its ends, and no other. */
static void
check_line(const QblkPicture *picture, const QblkPictureLine *line)
{
    guint touched = 0;

    assert_true(line->n_points >= 2);
    for (guint i = 0; i < line->n_points; i++) {
        const QblkPicturePoint *point = &line->points[i];
        assert_true(point->x > 0 && point->x < picture->width);
        assert_true(point->y > 0 && point->y < picture->height);
    }

    for (guint i = 0; i < picture->boxes->len; i++) {
        const QblkPictureBox *box = qblk_picture_box(picture, i);
        gboolean starts = is_on_edge(box, &line->points[0]);
        gboolean ends = is_on_edge(box, &line->points[line->n_points - 1]);

        touched += starts + ends;
        for (guint j = 0; j + 1 < line->n_points; j++) {
            const QblkPicturePoint *a = &line->points[j], *b = &line->points[j + 1];
            QblkPictureBox part = {.x = MIN(a->x, b->x),
                                   .y = MIN(a->y, b->y),
                                   .width = ABS(a->x - b->x),
                                   .height = ABS(a->y - b->y)};
            gboolean is_end = (j == 0 && starts) || (j + 2 == line->n_points && ends);

            assert_true(part.width == 0 || part.height == 0);
            if (!is_end) {
                assert_false(overlap(&part, box));
                continue;
            }
            /* Right and bottom edges included, it leaves the box at once. */
            QblkPictureBox inner = {.x = box->x + 1,
                                    .y = box->y + 1,
                                    .width = box->width - 2,
                                    .height = box->height - 2};
            assert_false(overlap(&part, &inner));
        }
    }
    assert_int_equal(touched, 2);
}

static void
check_picture(const QblkPicture *picture)
{
    guint n_next = 0;

    check_boxes(picture);
    for (guint i = 0; i < picture->lines->len; i++) {
        check_line(picture, &g_array_index(picture->lines, QblkPictureLine, i));
    }
    for (guint i = 0; i < picture->boxes->len; i++) {
        n_next += qblk_picture_box(picture, i)->next != QBLK_PICTURE_NONE;
    }
    assert_int_equal(picture->lines->len, n_next + picture->links->len);
    for (guint i = 0; i < picture->notes->len; i++) {
        const QblkPictureNote *note = &g_array_index(picture->notes, QblkPictureNote, i);
        assert_true(note->at.x > 0 && note->at.x < picture->width);
        assert_true(note->at.y > 0 && note->at.y < picture->height);
    }
}

/* ---- pictures without a graph ---- */

static guint
add_box(QblkPicture *picture, guint rows, guint next)
{
    guint index = qblk_picture_add_box(picture, QBLK_PICTURE_IMAGE, g_strdup("node:n"));
    QblkPictureBox *box = qblk_picture_box(picture, index);

    for (guint i = 0; i < rows; i++) {
        qblk_picture_add_row(box, i == 0 ? QBLK_PICTURE_TITLE : QBLK_PICTURE_PLAIN, "text", NULL);
    }
    box->next = next;
    return index;
}

static QblkPicture *
new_picture(void)
{
    return qblk_picture_new(g_strdup("vm"), g_strdup("QEMU"));
}

/* @depth boxes below each other, the first one on top.  @base: below all; or QBLK_PICTURE_NONE */
static guint
add_chain(QblkPicture *picture, guint depth, guint base)
{
    guint first = picture->boxes->len;

    for (guint i = 0; i < depth; i++) {
        add_box(picture, 4, i + 1 < depth ? first + i + 1 : base);
    }
    return first;
}

static QblkPictureBox *
box_at(const QblkPicture *picture, guint index)
{
    return qblk_picture_box(picture, index);
}

static void
every_recorded_graph_has_a_picture_without_overlaps(void **state)
{
    g_autoptr(GPtrArray) names = graph_fixture_all();

    for (guint i = 0; i < names->len; i++) {
        if (!g_str_has_prefix(names->pdata[i], "7.2/")) { /* other versions differ in names */
            continue;
        }

        g_autoptr(QblkReplies) replies = graph_fixture_load(names->pdata[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        if (qblk_snapshot_get_no_nodes_reason(snapshot) != NULL) {
            continue;
        }

        g_autoptr(QblkPicture) picture = qblk_picture_of_graph(snapshot, NULL, "vm", &error);
        assert_no_error(error);
        qblk_picture_lay_out(picture);
        check_picture(picture);
    }
}

static void
three_layers_are_one_column(void **state)
{
    g_autoptr(QblkPicture) picture = new_picture();
    add_chain(picture, 3, QBLK_PICTURE_NONE);
    qblk_picture_lay_out(picture);
    check_picture(picture);
    assert_int_equal(box_at(picture, 0)->x, box_at(picture, 2)->x);
    assert_true(box_at(picture, 0)->y < box_at(picture, 1)->y);
    assert_true(box_at(picture, 1)->y < box_at(picture, 2)->y);
    assert_int_equal(picture->notes->len, 0);
}

static void
a_deep_chain_is_folded_into_columns_of_about_one_height(void **state)
{
    g_autoptr(QblkPicture) picture = new_picture();
    guint columns = 1, in_column = 1, least = 40, most = 0;

    add_chain(picture, 40, QBLK_PICTURE_NONE);
    qblk_picture_lay_out(picture);
    check_picture(picture);
    for (guint i = 1; i <= 40; i++) {
        if (i < 40 && box_at(picture, i)->x == box_at(picture, i - 1)->x) {
            in_column++;
            continue;
        }
        least = MIN(least, in_column);
        most = MAX(most, in_column);
        in_column = 1;
        columns += i < 40;
    }
    assert_int_equal(columns, 5);
    assert_int_equal(least, 8);
    assert_int_equal(most, 8);
    assert_int_equal(picture->notes->len, 4);
    assert_string_equal(g_array_index(picture->notes, QblkPictureNote, 0).text, "next: text");
}

static void
twelve_disks_are_in_rows(void **state)
{
    g_autoptr(QblkPicture) picture = new_picture();

    for (guint i = 0; i < 12; i++) {
        add_chain(picture, 3, QBLK_PICTURE_NONE);
    }
    qblk_picture_lay_out(picture);
    check_picture(picture);
    assert_int_equal(box_at(picture, 0)->y, box_at(picture, 3)->y);
    assert_int_equal(box_at(picture, 0)->x, box_at(picture, 15)->x);
    assert_true(box_at(picture, 15)->y > box_at(picture, 2)->y);
    assert_true(picture->width < 1600);
}

static void
an_image_that_many_disks_share_is_below_all_of_them(void **state)
{
    g_autoptr(QblkPicture) picture = new_picture();
    guint base = add_box(picture, 4, QBLK_PICTURE_NONE);

    for (guint i = 0; i < 12; i++) {
        add_chain(picture, 2, base);
    }
    qblk_picture_lay_out(picture);
    check_picture(picture);
    for (guint i = 1; i < picture->boxes->len; i++) {
        assert_true(box_at(picture, i)->y + box_at(picture, i)->height < box_at(picture, base)->y);
    }
    assert_true(picture->width < 1600);
}

static void
a_target_is_beside_the_box_of_its_job(void **state)
{
    g_autoptr(QblkPicture) picture = new_picture();
    guint top = add_chain(picture, 3, QBLK_PICTURE_NONE);
    guint target = add_box(picture, 5, QBLK_PICTURE_NONE);

    qblk_picture_add_link(picture, QBLK_PICTURE_COPY, top + 1, target, "job0");
    qblk_picture_add_link(picture, QBLK_PICTURE_COPY, top + 1, target, "the same again");
    assert_int_equal(picture->links->len, 1);
    qblk_picture_lay_out(picture);
    check_picture(picture);
    assert_int_equal(box_at(picture, target)->y, box_at(picture, top + 1)->y);
    assert_true(box_at(picture, target)->x > box_at(picture, top)->x);
}

static void
an_empty_picture_says_so(void **state)
{
    g_autoptr(QblkPicture) picture = new_picture();
    qblk_picture_lay_out(picture);
    check_picture(picture);
    assert_int_equal(picture->notes->len, 1);
    assert_string_equal(g_array_index(picture->notes, QblkPictureNote, 0).text, "no disks");
}

/* ---- any shape ---- */

/* Boxes that are below others have a lower index here. */
static QblkPicture *
make_random(GRand *random, guint n_boxes)
{
    QblkPicture *picture = new_picture();
    gint32 few = g_rand_int_range(random, 1, 5);

    for (guint i = 0; i < n_boxes; i++) {
        gboolean is_root = i == 0 || g_rand_int_range(random, 0, 6) == 0;
        gint32 nearest = MAX(0, (gint32)i - few);
        guint next =
            is_root ? QBLK_PICTURE_NONE : (guint)g_rand_int_range(random, nearest, (gint32)i);
        guint index = add_box(picture, (guint)g_rand_int_range(random, 1, 9), next);
        box_at(picture, index)->section =
            (QblkPictureSection)g_rand_int_range(random, 0, QBLK_PICTURE_N_SECTIONS);
    }
    for (guint i = 0; i < n_boxes / 6; i++) {
        guint from = (guint)g_rand_int_range(random, 0, (gint32)n_boxes);
        guint to = (guint)g_rand_int_range(random, 0, (gint32)n_boxes);
        if (from != to) {
            qblk_picture_add_link(picture, (QblkPictureLineKind)(i % QBLK_PICTURE_N_LINE_KINDS),
                                  from, to, "link");
        }
    }
    return picture;
}

static void
a_graph_of_any_shape_has_a_picture_without_overlaps(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(19);

    for (guint i = 0; i < 120; i++) {
        g_autoptr(QblkPicture) picture = make_random(random, 1 + i % 60);
        qblk_picture_lay_out(picture);
        check_picture(picture);
    }
}

static void
the_largest_picture_is_about_as_high_as_wide(void **state)
{
    g_autoptr(QblkPicture) picture = new_picture();

    add_chain(picture, QBLK_PICTURE_MAX_BOXES, QBLK_PICTURE_NONE);
    qblk_picture_lay_out(picture);
    check_boxes(picture);
    assert_true(picture->width < 3 * picture->height);
    assert_true(picture->height < 3 * picture->width);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_graph_has_a_picture_without_overlaps),
        cmocka_unit_test(three_layers_are_one_column),
        cmocka_unit_test(a_deep_chain_is_folded_into_columns_of_about_one_height),
        cmocka_unit_test(twelve_disks_are_in_rows),
        cmocka_unit_test(an_image_that_many_disks_share_is_below_all_of_them),
        cmocka_unit_test(a_target_is_beside_the_box_of_its_job),
        cmocka_unit_test(an_empty_picture_says_so),
        cmocka_unit_test(a_graph_of_any_shape_has_a_picture_without_overlaps),
        cmocka_unit_test(the_largest_picture_is_about_as_high_as_wide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
