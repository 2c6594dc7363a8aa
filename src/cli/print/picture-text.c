/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-text.h"

#include <string.h>

/* Of the characters from space to '~', in hundredths of the font size: the larger one of DejaVu
 * Sans and Liberation Sans. */
/* clang-format off */
static const guint8 widths[] = {
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 56,
    102, 69, 69, 73, 78, 67, 62, 78, 76, 30, 50, 67, 56, 87, 75, 79,
    67, 79, 73, 67, 62, 74, 69, 99, 69, 67, 69, 40, 34, 40, 84, 56,
    50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62,
    64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84,
};
/* clang-format on */

/* Of other characters, which are rarely wider: few letters of few scripts. */
#define OTHER_WIDTH 80
#define FULL_WIDTH  100

/* In percent, of bold letters. */
#define BOLD_FACTOR 120

static int
width_of(gunichar character)
{
    if (character >= ' ' && character <= '~') {
        return widths[character - ' '];
    }
    if (g_unichar_iszerowidth(character)) {
        return 0;
    }
    return g_unichar_iswide_cjk(character) ? FULL_WIDTH : OTHER_WIDTH;
}

/* Returns: pixels, of a sum of hundredths, rounded up */
static int
to_pixels(gint64 sum, int size, gboolean is_bold)
{
    gint64 percent = is_bold ? BOLD_FACTOR : 100;

    return (int)MIN((sum * size * percent + 9999) / 10000, G_MAXINT32);
}

int
qblk_picture_text_width(const char *text, int size, gboolean is_bold)
{
    gint64 sum = 0;

    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        sum += width_of(g_utf8_get_char(at));
    }
    return to_pixels(sum, size, is_bold);
}

char *
qblk_picture_text_fit(const char *text, int size, gboolean is_bold, int width)
{
    if (qblk_picture_text_width(text, size, is_bold) <= width) {
        return g_strdup(text);
    }

    /* Take characters from both ends, the same width of each. */
    const char *head = text, *tail = text + strlen(text);
    gint64 sum = FULL_WIDTH, head_sum = 0, tail_sum = 0;
    while (head < tail) {
        gboolean is_head = head_sum <= tail_sum;
        const char *previous = g_utf8_prev_char(tail);
        int next = width_of(g_utf8_get_char(is_head ? head : previous));
        if (to_pixels(sum + next, size, is_bold) > width) {
            break;
        }
        sum += next;
        if (is_head) {
            head_sum += next;
            head = g_utf8_find_next_char(head, NULL);
        } else {
            tail_sum += next;
            tail = previous;
        }
    }

    /* A combining mark belongs to the letter in front of it. */
    while (*tail != '\0' && g_unichar_iszerowidth(g_utf8_get_char(tail))) {
        tail = g_utf8_find_next_char(tail, NULL);
    }
    g_autofree char *start = g_strndup(text, (gsize)(head - text));
    return g_strconcat(start, "…", tail, NULL);
}
