/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-svg.h"

#include "cli/print/picture-text.h"

#define TEXT_INSET   12 /* from the sides of a box */
#define TEXT_SPACE   10 /* between the two texts of a row */
#define BASE_LINE    13 /* below the top of a row */
#define TITLE_BASE   15
#define ARROW_LENGTH 7
#define ARROW_HALF   4

/* The only place where text is escaped for XML.  Control characters are escaped already. */
static void
append_escaped(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        default:
            g_string_append_c(out, *at);
            break;
        }
    }
}

static void
append_element(GString *out, const char *name, const char *text)
{
    g_string_append_printf(out, "<%s>", name);
    append_escaped(out, text);
    g_string_append_printf(out, "</%s>\n", name);
}

static void
append_text(GString *out, const char *class, int x, int y, const char *text)
{
    g_string_append_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
    append_escaped(out, text);
    g_string_append(out, "</text>\n");
}

/* ---- boxes ---- */

static void
append_bar(GString *out, const QblkPictureBox *box, int y, int percent)
{
    int width = box->width - 2 * TEXT_INSET;

    g_string_append_printf(
        out, "<rect class=\"track\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"6\" rx=\"3\"/>\n",
        box->x + TEXT_INSET, y + 3, width);
    if (percent > 0) {
        g_string_append_printf(
            out, "<rect class=\"bar\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"6\" rx=\"3\"/>\n",
            box->x + TEXT_INSET, y + 3, MAX(width * percent / 100, 6));
    }
}

/* The right text has a third of the row, or more if the left one leaves it; the state of a job has
 * what it needs. */
static void
append_row(GString *out, const QblkPictureBox *box, const QblkPictureRow *row, int y)
{
    static const char *const classes[QBLK_PICTURE_N_ROW_STYLES] = {
        [QBLK_PICTURE_TITLE] = "title", [QBLK_PICTURE_NAME] = "name",
        [QBLK_PICTURE_PLAIN] = "plain", [QBLK_PICTURE_MUTED] = "muted",
        [QBLK_PICTURE_JOB] = "job",     [QBLK_PICTURE_WARNING] = "warning",
    };
    gboolean is_title = row->style == QBLK_PICTURE_TITLE;
    gboolean is_on_device = box->kind == QBLK_PICTURE_DEVICE && row->style != QBLK_PICTURE_JOB;
    const char *on_device = is_on_device ? " on-device" : "";
    int size = is_title ? QBLK_PICTURE_FONT_TITLE : QBLK_PICTURE_FONT_TEXT;
    int width = box->width - 2 * TEXT_INSET;
    int base = y + (is_title ? TITLE_BASE : BASE_LINE);

    if (row->right != NULL) {
        int left_width = qblk_picture_text_width(row->left, size, is_title);
        int most = row->style == QBLK_PICTURE_JOB ? width * 2 / 3
                                                  : MAX(width / 3, width - TEXT_SPACE - left_width);
        g_autofree char *right =
            qblk_picture_text_fit(row->right, QBLK_PICTURE_FONT_TEXT, FALSE, most);
        g_autofree char *class =
            g_strdup_printf("right%s%s", on_device, row->style == QBLK_PICTURE_JOB ? " job" : "");
        append_text(out, class, box->x + box->width - TEXT_INSET, base, right);
        width -= qblk_picture_text_width(right, QBLK_PICTURE_FONT_TEXT, FALSE) + TEXT_SPACE;
    }

    g_autofree char *left = qblk_picture_text_fit(row->left, size, is_title, width);
    g_autofree char *class = g_strconcat(classes[row->style], on_device, NULL);
    append_text(out, class, box->x + TEXT_INSET, base, left);
}

static void
append_shape(GString *out, const QblkPictureBox *box)
{
    static const struct {
        const char *class;
        int radius;
    } shapes[QBLK_PICTURE_N_KINDS] = {
        [QBLK_PICTURE_DEVICE] = {"device", 8}, [QBLK_PICTURE_FILTER] = {"filter", 12},
        [QBLK_PICTURE_IMAGE] = {"image", 4},   [QBLK_PICTURE_SEVERAL] = {"filter", 4},
        [QBLK_PICTURE_LONE] = {"lone", 4},
    };

    g_string_append_printf(out,
                           "<rect class=\"box %s%s%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
                           "height=\"%d\" rx=\"%d\"/>\n",
                           shapes[box->kind].class, box->is_active ? " active" : "",
                           box->is_shared ? " shared" : "", box->x, box->y, box->width, box->height,
                           shapes[box->kind].radius);
}

static void
append_box(GString *out, const QblkPictureBox *box)
{
    g_string_append(out, "<g>");
    if (box->tooltip != NULL) {
        append_element(out, "title", box->tooltip);
    }
    append_shape(out, box);

    int y = box->y + qblk_picture_padding(box->kind);
    for (guint i = 0; i < box->rows->len; i++) {
        const QblkPictureRow *row = &g_array_index(box->rows, QblkPictureRow, i);
        if (row->style == QBLK_PICTURE_BAR) {
            append_bar(out, box, y, row->percent);
        } else {
            append_row(out, box, row, y);
        }
        y += qblk_picture_row_height(row->style);
    }
    g_string_append(out, "</g>\n");
}

/* ---- lines ---- */

static void
append_arrow(GString *out, const char *class, const QblkPicturePoint *end,
             const QblkPicturePoint *before)
{
    int dx = (end->x > before->x) - (end->x < before->x);
    int dy = (end->y > before->y) - (end->y < before->y);
    int x = end->x - dx * ARROW_LENGTH, y = end->y - dy * ARROW_LENGTH;

    g_string_append_printf(out, "<path class=\"%s\" d=\"M%d %dL%d %dL%d %dz\"/>\n", class, end->x,
                           end->y, x - dy * ARROW_HALF, y - dx * ARROW_HALF, x + dy * ARROW_HALF,
                           y + dx * ARROW_HALF);
}

static void
append_line(GString *out, const QblkPictureLine *line)
{
    static const struct {
        const char *line, *arrow;
    } classes[QBLK_PICTURE_N_LINE_KINDS] = {
        [QBLK_PICTURE_CHAIN] = {"line", "arrow"},
        [QBLK_PICTURE_CHILD] = {"line line-child", "arrow arrow-child"},
        [QBLK_PICTURE_COPY] = {"line line-copy", "arrow arrow-copy"},
    };

    g_string_append_printf(out, "<path class=\"%s\" d=\"", classes[line->kind].line);
    for (guint i = 0; i < line->n_points; i++) {
        g_string_append_printf(out, "%c%d %d", i == 0 ? 'M' : 'L', line->points[i].x,
                               line->points[i].y);
    }
    g_string_append(out, "\"/>\n");
    append_arrow(out, classes[line->kind].arrow, &line->points[line->n_points - 1],
                 &line->points[line->n_points - 2]);
}

/* ---- the whole ---- */

static void
append_head(GString *out, const QblkPicture *picture)
{
    int width = picture->width - 2 * QBLK_PICTURE_MARGIN;
    g_autofree char *title =
        qblk_picture_text_fit(picture->title, QBLK_PICTURE_FONT_HEAD, TRUE, width);
    g_autofree char *subtitle =
        qblk_picture_text_fit(picture->subtitle, QBLK_PICTURE_FONT_TEXT, FALSE, width);

    append_text(out, "head", QBLK_PICTURE_MARGIN, 30, title);
    append_text(out, "muted", QBLK_PICTURE_MARGIN, 48, subtitle);
}

void
qblk_picture_svg(const QblkPicture *picture, QblkPictureTheme theme, GString *out)
{
    g_string_append_printf(out,
                           "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"qblk\" role=\"img\" "
                           "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                           "xml:space=\"preserve\">\n",
                           picture->width, picture->height, picture->width, picture->height);
    g_autofree char *title = g_strdup_printf("Block graph of %s", picture->title);
    append_element(out, "title", title);
    append_element(out, "desc", picture->subtitle);
    qblk_picture_style_print(theme, out);
    g_string_append_printf(out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n",
                           picture->width, picture->height);
    append_head(out, picture);

    for (guint i = 0; i < picture->lines->len; i++) {
        append_line(out, &g_array_index(picture->lines, QblkPictureLine, i));
    }
    for (guint i = 0; i < picture->boxes->len; i++) {
        append_box(out, qblk_picture_box(picture, i));
    }
    for (guint i = 0; i < picture->notes->len; i++) {
        const QblkPictureNote *note = &g_array_index(picture->notes, QblkPictureNote, i);
        append_text(out, note->is_heading ? "title" : "muted", note->at.x, note->at.y, note->text);
    }
    g_string_append(out, "</svg>\n");
}
