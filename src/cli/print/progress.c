/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/progress.h"

#include "cli/print/progress-bar.h"

#include <qblk/plan-result.h>
#include <stdio.h>
#include <unistd.h>

#define JSON_SECONDS 1 /* between two lines of one job whose percentage is the same */

/* The progress of one plan. */
typedef struct {
    const QblkPlan *plan;
    char *label;
    gint64 done, total;
    int percent;      /* that was printed last; -1: none */
    gint64 last_time; /* of the last line of JSON, in microseconds */
    char *last_state; /* owned: the same, or NULL */
    QblkProgressMeter meter;
} Part;

struct QblkProgress {
    const QblkOutput *output; /* borrowed */
    GPtrArray *parts;         /* of Part, owned */
    char *label;              /* owned: of all parts */
    gboolean shows_bar;
    gboolean has_bar; /* the cursor is on the line of the bar */
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
                  {"mend", NULL},
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
    g_free(part->last_state);
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

/* "Block commit", or "Block commit of 3 disks". */
static char *
describe_all(const GPtrArray *parts)
{
    if (parts->len == 0) {
        return g_strdup("");
    }

    const Part *first = parts->pdata[0];
    return parts->len == 1 ? g_strdup(first->label)
                           : g_strdup_printf("%s of %u disks", title_of(first->plan), parts->len);
}

QblkProgress *
qblk_progress_new(const QblkPlans *plans, const QblkOutput *output, gboolean wants_bar,
                  gboolean wants_lines)
{
    gboolean shows_bar = wants_bar && !output->json && output->error_terminal.can_erase;
    if (!shows_bar && !wants_lines) {
        return NULL;
    }

    QblkProgress *progress = g_new0(QblkProgress, 1);
    progress->output = output;
    progress->shows_bar = shows_bar;
    progress->parts = g_ptr_array_new_with_free_func(part_free);

    guint count = qblk_plans_get_n_plans(plans);
    for (guint i = 0; i < count; i++) {
        const QblkPlan *plan = qblk_plans_get_plan(plans, i);
        if (title_of(plan) != NULL) {
            g_ptr_array_add(progress->parts, part_new(plan, count > 1));
        }
    }

    progress->label = describe_all(progress->parts);
    return progress;
}

void
qblk_progress_free(QblkProgress *progress)
{
    if (progress != NULL) {
        g_ptr_array_unref(progress->parts);
        g_free(progress->label);
        g_free(progress);
    }
}

/* ---- bar ---- */

/* A process group in the background must not write to its terminal: with `stty tostop` it would be
 * stopped, and its job with it.  Standard error need not be the terminal that controls it. */
static gboolean
is_in_background(void)
{
    pid_t foreground = tcgetpgrp(STDERR_FILENO);
    return foreground > 0 && foreground != getpgrp();
}

void
qblk_progress_hide(QblkProgress *progress)
{
    if (progress != NULL && progress->has_bar) {
        fprintf(stderr, "\r\033[J");
        fflush(stderr);
        progress->has_bar = FALSE;
    }
}

/* The cursor is left at the start of the bar: if the terminal becomes narrower and breaks the bar
 * into several lines, it is at the first of them, and the next bar erases all. */
static void
show_bar(QblkProgress *progress)
{
    gint64 done = 0, total = 0;
    double speed = 0;
    if (is_in_background()) {
        return;
    }

    for (guint i = 0; i < progress->parts->len; i++) {
        const Part *part = progress->parts->pdata[i];
        done += MAX(part->done, 0);
        total += MAX(part->total, 0);
        speed += part->meter.speed;
    }

    /* In the last column some terminals would go to the next line. */
    guint columns = qblk_terminal_width(STDERR_FILENO, progress->output->error_terminal.wanted);
    g_autofree char *bar = qblk_progress_bar(progress->label, done, total, speed, columns - 1);
    fprintf(stderr, "\r%s\033[J\r", bar);
    fflush(stderr);
    progress->has_bar = TRUE;
}

/* ---- lines ---- */

static QblkJson *
optional_integer(gint64 value)
{
    return value < 0 ? qblk_json_new_null() : qblk_json_new_integer(value);
}

static void
print_json(const QblkProgress *progress, const Part *part, const char *state)
{
    QblkJson *object = qblk_json_new_object();
    gint64 speed = part->meter.speed > 0 ? (gint64)part->meter.speed : -1;
    gint64 left = qblk_progress_seconds_left(part->done, part->total, part->meter.speed);

    qblk_json_set_string(object, "target", qblk_plan_get_target(part->plan));
    qblk_json_set_string(object, "job", qblk_plan_get_job_id(part->plan));
    qblk_json_set_string(object, "state", state);
    qblk_json_set(object, "done", qblk_json_new_integer(part->done));
    qblk_json_set(object, "total", qblk_json_new_integer(part->total));
    qblk_json_set(object, "speed", optional_integer(speed));
    qblk_json_set(object, "seconds-left", optional_integer(left));
    qblk_output_json_line(progress->output, "progress", object);
}

/* @has_changed: the percentage has */
static void
show_json(const QblkProgress *progress, Part *part, const char *state, gboolean has_changed,
          gint64 now)
{
    gboolean is_due = now - part->last_time >= (gint64)JSON_SECONDS * G_USEC_PER_SEC;
    if (!has_changed && !is_due && g_strcmp0(part->last_state, state) == 0) {
        return;
    }

    print_json(progress, part, state);
    part->last_time = now;
    g_free(part->last_state);
    part->last_state = g_strdup(state);
}

void
qblk_progress_report(QblkOperation *operation, const char *target, const char *job_state,
                     gint64 done, gint64 total, gpointer user_data)
{
    QblkProgress *progress = user_data;
    gint64 now = g_get_monotonic_time();

    for (guint i = 0; i < progress->parts->len; i++) {
        Part *part = progress->parts->pdata[i];

        if (!g_str_equal(qblk_plan_get_target(part->plan), target) || total <= 0) {
            continue;
        }

        part->done = done;
        part->total = total;
        qblk_progress_meter_update(&part->meter, MAX(done, 0), now);
        int percent = qblk_progress_percent(done, total);
        if (progress->shows_bar) {
            show_bar(progress);
        } else if (progress->output->json) {
            show_json(progress, part, job_state, percent != part->percent, now);
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

/* Most of these plans have no job. */
static gboolean
may_lack_job(const QblkPlan *plan)
{
    return g_str_equal(qblk_plan_get_kind(plan), "mend");
}

static void
print_end(const QblkProgress *progress, Part *part)
{
    if (part->total <= 0 && may_lack_job(part->plan)) {
        return;
    }
    if (!progress->output->json) {
        fprintf(stderr, "%s: [100 %%]\n", part->label);
    } else if (part->total > 0) {
        part->done = part->total;
        print_json(progress, part, "concluded");
    }
}

void
qblk_progress_end(QblkProgress *progress, gboolean is_success)
{
    if (progress == NULL) {
        return;
    }

    gboolean is_silent = progress->shows_bar && is_in_background();
    if (!is_silent) {
        qblk_progress_hide(progress);
    }

    for (guint i = 0; is_success && !is_silent && i < progress->parts->len; i++) {
        Part *part = progress->parts->pdata[i];
        if (has_all_data(part->plan)) {
            print_end(progress, part);
        }
    }
}
