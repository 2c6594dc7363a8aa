/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/change-report.h"

#include "plan/plan-json.h"
#include "plan/plan-text.h"

gboolean
qblk_change_report_keeps_job(const QblkPlan *plan)
{
    const QblkStep *step = plan->steps->len == 0 ? NULL : plan->steps->pdata[0];

    return plan->existing_job && plan->stays_ready && step != NULL && step->command != NULL;
}

char *
qblk_change_report_command(const QblkChangeReport *report, const QblkPlan *plan,
                           const char *options)
{
    g_autofree char *vm = qblk_output_shell_word(report->vm);
    g_autofree char *disk = qblk_output_shell_word(plan->target);

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
    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    const char *path = top == NULL ? NULL : qblk_merged_mark_path(top);
    gboolean is_lasting = path != NULL && !g_str_has_prefix(path, "/proc/");
    const char *name = is_lasting || top == NULL ? path : top->filename;

    if (name == NULL) {
        return NULL;
    }
    g_autofree char *vm = g_strconcat("image:", name, NULL);
    return recover_command(report, vm);
}

static const char *
describe_state(const QblkChangeReport *report, const QblkPlan *plan)
{
    if (report->dry_run) {
        return "planned";
    }
    if (report->detach) {
        return "started";
    }
    if (qblk_change_report_keeps_job(plan)) {
        return "done";
    }
    if (plan->outcome != NULL) {
        return plan->outcome;
    }
    return plan->stays_ready ? "ready" : "done";
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

/* The commands that end a job which the plan does not end.  The list (of char, owned) is empty if
 * there is no such job. */
static GPtrArray *
next_commands(const QblkChangeReport *report, const QblkPlan *plan)
{
    GPtrArray *commands = g_ptr_array_new_with_free_func(g_free);
    gboolean job_goes_on = report->detach || plan->stays_ready;

    if (report->dry_run || qblk_change_report_keeps_job(plan) || !job_goes_on) {
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
    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    const char *image = qblk_plan_is_cancel(plan) ? plan->partial : images.image;
    if (report->marks == NULL || image == NULL) {
        return NULL;
    }

    g_autoptr(QblkMergedMark) mark = qblk_merged_marks_find(report->marks, image);
    return mark == NULL ? NULL : g_steal_pointer(&mark->place);
}

QblkJson *
qblk_change_report_json(const QblkChangeReport *report, const QblkPlan *plan)
{
    QblkJson *object = qblk_plan_json_new(plan);
    g_autoptr(GPtrArray) commands = next_commands(report, plan);
    g_autofree char *mark = find_mark(report, plan);
    QblkJson *next = qblk_json_new_array();

    for (guint i = 0; i < commands->len; i++) {
        qblk_json_append(next, qblk_json_new_string(commands->pdata[i]));
    }

    qblk_json_set_string(object, "state", describe_state(report, plan));
    qblk_json_set_string(object, "mark", mark);
    qblk_json_set(object, "next", next);
    return object;
}

void
qblk_change_report_print(const QblkChangeReport *report, const QblkPlan *plan, QblkOutput *output)
{
    if (report->dry_run) {
        qblk_plan_text(plan, output->text);
    } else {
        qblk_plan_text_result(plan, describe_state(report, plan), output->text);
    }

    g_autofree char *mark = find_mark(report, plan);
    if (mark != NULL) {
        g_autofree char *safe = qblk_output_escape(mark);
        qblk_output_print(output, "%s: %s\n",
                          qblk_plan_is_cancel(plan) ? "marked as incomplete" : "marked as merged",
                          safe);
    }

    g_autoptr(GPtrArray) commands = next_commands(report, plan);
    for (guint i = 0; i < commands->len; i++) {
        g_autofree char *safe = qblk_output_escape(commands->pdata[i]);
        qblk_output_print(output, "%s%s\n", i == 0 ? "to end the job: " : "            or: ", safe);
    }
}
