/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/change-report.h"

#include "base/text.h"

#include <qblk/plan-result.h>
#include <string.h>

char *
qblk_change_report_command(const QblkChangeReport *report, const QblkPlan *plan,
                           const char *options)
{
    g_autofree char *vm = qblk_output_shell_word(report->vm);
    g_autofree char *disk = qblk_output_shell_word(qblk_plan_get_target(plan));

    return g_strdup_printf("qblk job %s %s %s%s", vm, disk, options, report->naming);
}

/* @vm: a VM argument */
static char *
recover_command(const QblkChangeReport *report, const char *vm)
{
    g_autofree char *word = qblk_output_shell_word(vm);
    if (report->state_dir == NULL) {
        return g_strdup_printf("qblk recover %s", word);
    }

    g_autofree char *directory = qblk_output_shell_word(report->state_dir);
    return g_strdup_printf("qblk recover %s --state-dir %s", word, directory);
}

char *
qblk_change_report_recover(const QblkChangeReport *report)
{
    return recover_command(report, report->vm);
}

char *
qblk_change_report_recover_image(const QblkChangeReport *report, const QblkPlan *plan)
{
    const char *image = qblk_plan_get_active_image(plan);
    if (image == NULL) {
        return NULL;
    }

    g_autofree char *vm = g_strconcat("image:", image, NULL);
    return recover_command(report, vm);
}

static void
add_end(GPtrArray *commands, const QblkChangeReport *report, const QblkPlan *plan, const char *end)
{
    const char *force = report->force_managed ? " --force-managed" : "";
    g_autofree char *options = g_strconcat(end, force, NULL);

    g_ptr_array_add(commands, qblk_change_report_command(report, plan, options));
}

/* The options of `qblk job` that end a job in this way. */
static const char *
options_of_end(QblkJobAction end)
{
    if (end == QBLK_JOB_PIVOT) {
        return "--wait --pivot";
    }
    return end == QBLK_JOB_FINISH ? "--wait --finish" : "--wait";
}

static gboolean
is_snapshot(const QblkPlan *plan)
{
    return g_str_equal(qblk_plan_get_kind(plan), "snapshot");
}

/* The image that is the VM from now on, whose name need not tell its format; or NULL. */
static char *
image_after(const QblkChangeReport *report, const QblkJson *plan)
{
    const QblkJson *top = qblk_json_at(qblk_json_get(plan, "after"), 0);
    return g_str_has_prefix(report->vm, "image:")
               ? g_strconcat("image:", qblk_json_get_string(top, "file"), NULL)
               : NULL;
}

/* The command that merges a new overlay into the image below it, and nothing else if it is run
 * after another snapshot. */
static char *
merge_command(const QblkChangeReport *report, const QblkPlan *plan)
{
    g_autofree char *text = qblk_plan_to_json(plan);
    g_autoptr(QblkJson) object = qblk_json_parse(text, strlen(text), NULL);
    const QblkJson *top = qblk_json_at(qblk_json_get(object, "after"), 0);
    g_autofree char *image = image_after(report, object);
    g_autofree char *format =
        image == NULL ? NULL : g_strconcat(" --format ", qblk_json_get_string(top, "format"), NULL);

    g_autofree char *vm = qblk_output_shell_word(image == NULL ? report->vm : image);
    g_autofree char *disk = qblk_output_shell_word(qblk_plan_get_target(plan));
    return g_strdup_printf("qblk commit %s %s --shallow --pivot --delete%s%s%s", vm, disk,
                           format == NULL ? "" : format,
                           report->force_managed ? " --force-managed" : "", report->naming);
}

/* The commands that end a job which the plan does not end, or merge a new overlay.  The list (of
 * char, owned) is empty if there is nothing to do. */
static GPtrArray *
next_commands(const QblkChangeReport *report, const QblkPlan *plan)
{
    GPtrArray *commands = g_ptr_array_new_with_free_func(g_free);
    gboolean job_goes_on = report->detach || qblk_plan_stays_ready(plan);

    if (is_snapshot(plan) && !report->dry_run) {
        g_ptr_array_add(commands, merge_command(report, plan));
        return commands;
    }

    if (report->dry_run || qblk_plan_keeps_job(plan) || !job_goes_on) {
        return commands;
    }

    QblkJobAction end;
    if (qblk_plan_get_end(plan, &end)) {
        add_end(commands, report, plan, options_of_end(end));
        return commands;
    }

    static const char *const ends[] = {"--pivot", "--finish"};
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *options = g_strconcat(report->detach ? "--wait " : "", ends[i], NULL);
        add_end(commands, report, plan, options);
    }

    return commands;
}

/* Returns: (nullable): the file that marks an image as merged, or as incomplete, by @plan. */
static char *
find_mark(const QblkChangeReport *report, const QblkPlan *plan)
{
    return report->dry_run ? NULL : qblk_plan_find_mark(plan);
}

QblkJson *
qblk_change_report_json(const QblkChangeReport *report, const QblkPlan *plan)
{
    g_autofree char *text = qblk_plan_to_json(plan);
    QblkJson *object = qblk_json_parse(text, strlen(text), NULL);
    g_autoptr(GPtrArray) commands = next_commands(report, plan);
    g_autofree char *mark = find_mark(report, plan);
    QblkJson *next = qblk_json_new_array();

    for (guint i = 0; i < commands->len; i++) {
        qblk_json_append(next, qblk_json_new_string(commands->pdata[i]));
    }

    qblk_json_set_string(object, "state",
                         report->dry_run ? "planned" : qblk_plan_result_name(plan, report->detach));
    qblk_json_set_string(object, "mark", mark);
    qblk_json_set(object, "next", next);
    return object;
}

void
qblk_change_report_print(const QblkChangeReport *report, const QblkPlan *plan, QblkOutput *output)
{
    g_autofree char *text =
        report->dry_run ? qblk_plan_to_text(plan) : qblk_plan_result_to_text(plan, report->detach);
    g_string_append(output->text, text);

    g_autofree char *mark = find_mark(report, plan);
    if (mark != NULL) {
        g_autofree char *safe = qblk_text_escape(mark);
        gboolean is_cancelled = g_str_equal(qblk_plan_result_name(plan, FALSE), "cancelled");
        qblk_output_print(output, "%s: %s\n",
                          is_cancelled ? "marked as incomplete" : "marked as merged", safe);
    }

    const char *first = is_snapshot(plan) ? "to merge it again: " : "to end the job: ";
    g_autoptr(GPtrArray) commands = next_commands(report, plan);
    for (guint i = 0; i < commands->len; i++) {
        g_autofree char *safe = qblk_text_escape(commands->pdata[i]);
        qblk_output_print(output, "%s%s\n", i == 0 ? first : "            or: ", safe);
    }
}
