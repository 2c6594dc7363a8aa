/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/progress.h"

#include "base/text.h"
#include "cli/print/output.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIB     (1024.0 * 1024.0)
#define WINDOW  5.0 /* seconds over which the speed is taken */
#define LONGEST 40  /* of the bar itself */

/* One plan of several. */
typedef struct {
    const QblkPlan *plan;
    char *label;
    gint64 done, total;
    int percent; /* last shown, -1: none */
} Part;

struct QblkProgress {
    GPtrArray *parts; /* of Part, owned */
    gboolean is_terminal;
    gboolean is_shown;  /* there is a bar on the line */
    gint64 window_time; /* microseconds: when the speed was begun to be taken */
    gint64 window_done;
    double speed; /* bytes a second, 0: not known yet */
};

/* virsh's words. */
static const char *
title_of(const QblkPlan *plan)
{
    static const struct {
        const char *kind, *title;
    } titles[] = {{"commit", "Block commit"},
                  {"active-commit", "Block commit"},
                  {"pull", "Block pull"},
                  {"copy", "Block copy"}};
    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++) {
        if (g_str_equal(titles[i].kind, plan->kind)) {
            return titles[i].title;
        }
    }
    return "Block job";
}

static void
part_free(gpointer data)
{
    Part *part = data;
    g_free(part->label);
    g_free(part);
}

QblkProgress *
qblk_progress_new(const GPtrArray *plans, gboolean is_terminal, gboolean is_verbose)
{
    if (!is_terminal && !is_verbose) {
        return NULL;
    }
    QblkProgress *progress = g_new0(QblkProgress, 1);
    progress->is_terminal = is_terminal;
    progress->parts = g_ptr_array_new_with_free_func(part_free);
    for (guint i = 0; i < plans->len; i++) {
        Part *part = g_new0(Part, 1);
        part->plan = plans->pdata[i];
        g_autofree char *target = qblk_output_escape(part->plan->target);
        const char *title = title_of(part->plan);
        part->label = plans->len == 1 ? g_strdup(title) : g_strdup_printf("%s: %s", target, title);
        part->percent = -1;
        g_ptr_array_add(progress->parts, part);
    }
    return progress;
}

void
qblk_progress_free(QblkProgress *progress)
{
    if (progress != NULL) {
        g_ptr_array_unref(progress->parts);
        g_free(progress);
    }
}

/* 100 only once the job is over: what is left to copy may grow. */
static int
percent_of(gint64 done, gint64 total)
{
    return CLAMP(qblk_text_percent(done, total), 0, 99);
}

static char *
describe_time(double seconds)
{
    if (seconds >= 100 * 3600.0) {
        return g_strdup("days left");
    }
    guint left = (guint)(seconds + 0.5);
    return left >= 3600
               ? g_strdup_printf("%u:%02u:%02u left", left / 3600, left / 60 % 60, left % 60)
               : g_strdup_printf("%u:%02u left", left / 60, left % 60);
}

char *
qblk_progress_bar(const char *label, gint64 done, gint64 total, double speed, guint columns)
{
    int percent = percent_of(done, total);
    g_autofree char *left =
        speed > 0 && total > done ? describe_time((double)(total - done) / speed) : g_strdup("");
    g_autofree char *rate = speed > 0 ? g_strdup_printf("%.1f MiB/s", speed / MIB) : g_strdup("");
    g_autofree char *rest = g_strdup_printf("%3d %%  %12s  %s", percent, rate, left);
    guint used = (guint)(g_utf8_strlen(label, -1) + (glong)strlen(rest)) + 6;
    guint width = columns > used ? MIN(columns - used, LONGEST) : 0;
    guint filled = width * (guint)percent / 100;
    if (width == 0) {
        return g_strdup_printf("%s: %3d %%", label, percent);
    }
    g_autofree char *full = g_strnfill(filled, '#');
    g_autofree char *empty = g_strnfill(width - filled, '.');
    return g_strdup_printf("%s: [%s%s] %s", label, full, empty, rest);
}

static guint
columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void
take_speed(QblkProgress *progress, gint64 done)
{
    gint64 now = g_get_monotonic_time();
    double seconds = (double)(now - progress->window_time) / G_USEC_PER_SEC;
    if (progress->window_time == 0 || done < progress->window_done) {
        progress->window_time = now;
        progress->window_done = done;
    } else if (seconds >= 0.4) {
        progress->speed = (double)(done - progress->window_done) / seconds;
        if (seconds > WINDOW) { /* half of it goes on to count */
            progress->window_time += (now - progress->window_time) / 2;
            progress->window_done += (done - progress->window_done) / 2;
        }
    }
}

static void
show_bar(QblkProgress *progress)
{
    gint64 done = 0, total = 0;
    for (guint i = 0; i < progress->parts->len; i++) {
        const Part *part = progress->parts->pdata[i];
        done += MAX(part->done, 0);
        total += MAX(part->total, 0);
    }
    const Part *first = progress->parts->pdata[0];
    const char *label = progress->parts->len == 1 ? first->label : title_of(first->plan);
    take_speed(progress, done);
    g_autofree char *bar = qblk_progress_bar(label, done, total, progress->speed, columns());
    fprintf(stderr, "\r%s\033[K", bar);
    fflush(stderr);
    progress->is_shown = TRUE;
}

void
qblk_progress_report(const QblkPlan *plan, const QblkRunProgress *now, gpointer user_data)
{
    QblkProgress *progress = user_data;
    for (guint i = 0; i < progress->parts->len; i++) {
        Part *part = progress->parts->pdata[i];
        if (part->plan != plan || now->total <= 0) {
            continue;
        }
        part->done = now->done;
        part->total = now->total;
        int percent = percent_of(now->done, now->total);
        if (progress->is_terminal) {
            show_bar(progress);
        } else if (percent != part->percent) {
            fprintf(stderr, "%s: [%3d %%]\n", part->label, percent);
        }
        part->percent = percent;
    }
}

void
qblk_progress_end(QblkProgress *progress, gboolean went_well)
{
    if (progress != NULL && progress->is_terminal && progress->is_shown) {
        fprintf(stderr, "\r\033[K");
    }
    for (guint i = 0; progress != NULL && went_well && i < progress->parts->len; i++) {
        const Part *part = progress->parts->pdata[i];
        fprintf(stderr, "%s: [100 %%]\n", part->label);
    }
}
