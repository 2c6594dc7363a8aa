/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/progress-bar.h"

#include "base/text.h"
#include "cli/print/fit.h"

#include <string.h>

#define MIB            (1024.0 * 1024.0)
#define WINDOW_SECONDS 5.0 /* over which the speed is measured */
#define FIRST_SECONDS  0.4 /* after which there is a speed */
#define MAX_BAR_WIDTH  40
#define LEAST_WIDTH    5

/* ---- numbers ---- */

void
qblk_progress_meter_update(QblkProgressMeter *meter, gint64 done, gint64 now)
{
    double seconds = (double)(now - meter->start_time) / G_USEC_PER_SEC;

    if (meter->start_time == 0 || done < meter->start_done) {
        meter->start_time = now;
        meter->start_done = done;
    } else if (seconds >= FIRST_SECONDS) {
        meter->speed = (double)(done - meter->start_done) / seconds;
        if (seconds > WINDOW_SECONDS) { /* keep the newer half of the window */
            meter->start_time += (now - meter->start_time) / 2;
            meter->start_done += (done - meter->start_done) / 2;
        }
    }
}

int
qblk_progress_percent(gint64 done, gint64 total)
{
    return CLAMP(qblk_text_percent(done, total), 0, 99);
}

gint64
qblk_progress_seconds_left(gint64 done, gint64 total, double speed)
{
    if (speed <= 0 || done < 0 || total < done) {
        return -1;
    }

    double seconds = (double)(total - done) / speed + 0.5;
    return seconds < 1e12 ? (gint64)seconds : -1;
}

/* ---- texts ---- */

static char *
describe_time(gint64 left)
{
    if (left >= (gint64)100 * 3600) {
        return g_strdup("days left");
    }
    if (left >= 3600) {
        return g_strdup_printf("%d:%02d:%02d left", (int)(left / 3600), (int)(left / 60 % 60),
                               (int)(left % 60));
    }
    return g_strdup_printf("%d:%02d left", (int)(left / 60), (int)(left % 60));
}

/* @rest: what is right of the bar.  Returns: (nullable): NULL if there is no room for a bar */
static char *
draw_bar(const char *label, int percent, const char *rest, guint columns)
{
    guint used = qblk_fit_width(label) + (guint)strlen(rest) + 5;
    guint width = columns > used ? MIN(columns - used, MAX_BAR_WIDTH) : 0;
    if (width < LEAST_WIDTH) {
        return NULL;
    }

    guint filled = width * (guint)percent / 100;
    g_autofree char *full = g_strnfill(filled, '#');
    g_autofree char *empty = g_strnfill(width - filled, '.');
    return g_strdup_printf("%s: [%s%s] %s", label, full, empty, rest);
}

/* Without a bar. */
static char *
write_percent(const char *label, int percent, guint columns)
{
    static const QblkTerminal terminal = {0};
    g_autofree char *with_label = g_strdup_printf("%s: %3d %%", label, percent);
    g_autofree char *alone = g_strdup_printf("%d %%", percent);

    return qblk_fit_width(with_label) <= columns ? g_steal_pointer(&with_label)
                                                 : qblk_fit_text(&terminal, alone, columns);
}

char *
qblk_progress_bar(const char *label, gint64 done, gint64 total, double speed, guint columns)
{
    int percent = qblk_progress_percent(done, total);
    gint64 seconds = qblk_progress_seconds_left(done, total, speed);
    g_autofree char *rate = speed > 0 ? g_strdup_printf("%.1f MiB/s", speed / MIB) : g_strdup("");
    g_autofree char *left = seconds > 0 ? describe_time(seconds) : g_strdup("");
    g_autofree char *all = g_strdup_printf("%3d %%  %12s  %s", percent, rate, left);
    g_autofree char *some = g_strdup_printf("%3d %%  %s", percent, left);
    g_autofree char *least = g_strdup_printf("%3d %%", percent);
    char *const rests[] = {all, some, least};

    for (gsize i = 0; i < G_N_ELEMENTS(rests); i++) {
        g_autofree char *bar = draw_bar(label, percent, g_strchomp(rests[i]), columns);
        if (bar != NULL) {
            return g_steal_pointer(&bar);
        }
    }
    return write_percent(label, percent, columns);
}
