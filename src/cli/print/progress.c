/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/progress.h"

#include "base/text.h"
#include "cli/print/output.h"

#include <qblk/plan-result.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIB            (1024.0 * 1024.0)
#define WINDOW_SECONDS 5.0 /* over which the speed is measured */
#define MAX_BAR_WIDTH  40

/* The progress of one plan. */
typedef struct {
    const QblkPlan *plan;
    char *label;
    gint64 done, total;
    int percent; /* that was printed last; -1: none */
} Part;

struct QblkProgress {
    GPtrArray *parts; /* of Part, owned */
    gboolean is_terminal;
    gboolean has_bar; /* the cursor is on the line of the bar */

    gint64 window_time; /* microseconds: start of the measurement of the speed; 0: none */
    gint64 window_done; /* bytes that were done then */
    double speed;       /* bytes per second; 0: not known yet */
};

/* The same titles as virsh's; NULL: a plan without progress. */
static const char *
title_of(const QblkPlan *plan)
{
    static const struct {
        const char *kind, *title;
    } titles[] = {{"commit", "Block commit"},
                  {"active-commit", "Block commit"},
                  {"pull", "Block pull"},
                  {"copy", "Block copy"},
                  {"snapshot", NULL}};

    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++) {
        if (g_str_equal(titles[i].kind, qblk_plan_get_kind(plan))) {
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

static Part *
part_new(const QblkPlan *plan, gboolean is_of_several)
{
    Part *part = g_new0(Part, 1);
    const char *title = title_of(plan);

    part->plan = plan;
    part->percent = -1;
    if (is_of_several) {
        g_autofree char *target = qblk_output_escape(qblk_plan_get_target(plan));
        part->label = g_strdup_printf("%s: %s", target, title);
    } else {
        part->label = g_strdup(title);
    }
    return part;
}

QblkProgress *
qblk_progress_new(const QblkPlans *plans, gboolean is_terminal, gboolean is_verbose)
{
    if (!is_terminal && !is_verbose) {
        return NULL;
    }

    QblkProgress *progress = g_new0(QblkProgress, 1);
    progress->is_terminal = is_terminal;
    progress->parts = g_ptr_array_new_with_free_func(part_free);

    guint count = qblk_plans_get_n_plans(plans);
    for (guint i = 0; i < count; i++) {
        const QblkPlan *plan = qblk_plans_get_plan(plans, i);
        if (title_of(plan) != NULL) {
            g_ptr_array_add(progress->parts, part_new(plan, count > 1));
        }
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

/* 100 is printed only after the end of the job: what is left to copy may grow. */
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
    if (left >= 3600) {
        return g_strdup_printf("%u:%02u:%02u left", left / 3600, left / 60 % 60, left % 60);
    }
    return g_strdup_printf("%u:%02u left", left / 60, left % 60);
}

char *
qblk_progress_bar(const char *label, gint64 done, gint64 total, double speed, guint columns)
{
    int percent = percent_of(done, total);
    gboolean has_speed = speed > 0;
    gboolean has_time = has_speed && total > done;
    g_autofree char *rate = has_speed ? g_strdup_printf("%.1f MiB/s", speed / MIB) : g_strdup("");
    g_autofree char *left = has_time ? describe_time((double)(total - done) / speed) : g_strdup("");
    g_autofree char *rest = g_strdup_printf("%3d %%  %12s  %s", percent, rate, left);

    /* The bar gets the space that label, brackets and the rest leave. */
    guint used = (guint)(g_utf8_strlen(label, -1) + (glong)strlen(rest)) + 6;
    guint width = columns > used ? MIN(columns - used, MAX_BAR_WIDTH) : 0;
    if (width == 0) {
        return g_strdup_printf("%s: %3d %%", label, percent);
    }

    guint filled = width * (guint)percent / 100;
    g_autofree char *full = g_strnfill(filled, '#');
    g_autofree char *empty = g_strnfill(width - filled, '.');
    return g_strdup_printf("%s: [%s%s] %s", label, full, empty, rest);
}

static guint
get_terminal_columns(void)
{
    struct winsize size;
    gboolean is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;

    return is_known ? size.ws_col : 80;
}

static void
measure_speed(QblkProgress *progress, gint64 done)
{
    gint64 now = g_get_monotonic_time();
    double seconds = (double)(now - progress->window_time) / G_USEC_PER_SEC;

    if (progress->window_time == 0 || done < progress->window_done) {
        progress->window_time = now;
        progress->window_done = done;
    } else if (seconds >= 0.4) {
        progress->speed = (double)(done - progress->window_done) / seconds;
        if (seconds > WINDOW_SECONDS) { /* keep the newer half of the window */
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
    measure_speed(progress, done);

    const Part *first = progress->parts->pdata[0];
    const char *label = progress->parts->len == 1 ? first->label : title_of(first->plan);
    g_autofree char *bar =
        qblk_progress_bar(label, done, total, progress->speed, get_terminal_columns());
    fprintf(stderr, "\r%s\033[K", bar);
    fflush(stderr);
    progress->has_bar = TRUE;
}

void
qblk_progress_report(QblkOperation *operation, const char *target, const char *job_state,
                     gint64 done, gint64 total, gpointer user_data)
{
    QblkProgress *progress = user_data;

    for (guint i = 0; i < progress->parts->len; i++) {
        Part *part = progress->parts->pdata[i];

        if (!g_str_equal(qblk_plan_get_target(part->plan), target) || total <= 0) {
            continue;
        }

        part->done = done;
        part->total = total;
        int percent = percent_of(done, total);
        if (progress->is_terminal) {
            show_bar(progress);
        } else if (percent != part->percent) {
            fprintf(stderr, "%s: [%3d %%]\n", part->label, percent);
        }
        part->percent = percent;
    }
}

/* TRUE if the job of @plan has copied all data when the plan succeeds. */
static gboolean
has_all_data(const QblkPlan *plan)
{
    static const char *const complete[] = {"done", "finished", "ready", NULL};

    return g_strv_contains(complete, qblk_plan_result_name(plan, FALSE)) &&
           !qblk_plan_keeps_job(plan);
}

void
qblk_progress_end(QblkProgress *progress, gboolean is_success)
{
    if (progress == NULL) {
        return;
    }

    if (progress->is_terminal && progress->has_bar) {
        fprintf(stderr, "\r\033[K");
    }

    for (guint i = 0; is_success && i < progress->parts->len; i++) {
        const Part *part = progress->parts->pdata[i];
        if (has_all_data(part->plan)) {
            fprintf(stderr, "%s: [100 %%]\n", part->label);
        }
    }
}
