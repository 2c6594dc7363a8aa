/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/change-report.h"

#include "cli/print/output.h"
#include "cli/print/plan-text.h"
#include "plan/plan-json.h"

/* A job that was there was told something, and goes on. */
gboolean
qblk_change_report_is_told(const QblkPlan *plan)
{
    const QblkStep *step = plan->steps->len == 0 ? NULL : plan->steps->pdata[0];
    return plan->existing_job && plan->stays_ready && step != NULL && step->command != NULL;
}

/* What is typed to go on with a job. */
char *
qblk_change_report_command(const QblkInvocation *invocation, const QblkPlan *plan,
                           const char *options)
{
    g_autofree char *vm = qblk_output_shell_word(invocation->arguments[0]);
    g_autofree char *disk = qblk_output_shell_word(plan->target);
    return g_strdup_printf("qblk job %s %s %s", vm, disk, options);
}

char *
qblk_change_report_recover(const QblkInvocation *invocation)
{
    g_autofree char *vm = qblk_output_shell_word(invocation->arguments[0]);
    g_autofree char *folder =
        invocation->state_dir == NULL ? NULL : qblk_output_shell_word(invocation->state_dir);
    return g_strdup_printf("qblk recover %s%s%s", vm, folder == NULL ? "" : " --state-dir ",
                           folder == NULL ? "" : folder);
}

static const char *
describe_state(const QblkInvocation *invocation, const QblkPlan *plan)
{
    if (invocation->job.dry_run) {
        return "planned";
    }
    if (invocation->job.detach) {
        return "started";
    }
    if (qblk_change_report_is_told(plan)) {
        return "done";
    }
    return plan->stays_ready ? "ready" : "done";
}

/* The commands that go on where the plan does not. */
static GPtrArray * /* of char, owned */
next_commands(const QblkInvocation *invocation, const QblkPlan *plan)
{
    GPtrArray *commands = g_ptr_array_new_with_free_func(g_free);
    if (invocation->job.dry_run || qblk_change_report_is_told(plan) ||
        (!invocation->job.detach && !plan->stays_ready)) {
        return commands;
    }
    if (plan->ends_by != NULL) {
        g_ptr_array_add(commands, qblk_change_report_command(invocation, plan, plan->ends_by));
        return commands;
    }
    const char *const *ends = invocation->job.detach
                                  ? (const char *const[]){"--wait --pivot", "--wait --finish", NULL}
                                  : (const char *const[]){"--pivot", "--finish", NULL};
    for (guint i = 0; ends[i] != NULL; i++) {
        g_ptr_array_add(commands, qblk_change_report_command(invocation, plan, ends[i]));
    }
    return commands;
}

QblkJson *
qblk_change_report_json(const QblkInvocation *invocation, const QblkPlan *plan)
{
    QblkJson *object = qblk_plan_json_new(plan);
    g_autoptr(GPtrArray) commands = next_commands(invocation, plan);
    QblkJson *next = qblk_json_new_array();
    for (guint i = 0; i < commands->len; i++) {
        qblk_json_append(next, qblk_json_new_string(commands->pdata[i]));
    }
    qblk_json_set_string(object, "state", describe_state(invocation, plan));
    qblk_json_set(object, "next", next);
    return object;
}

void
qblk_change_report_print(QblkInvocation *invocation, const QblkPlan *plan)
{
    g_autoptr(GPtrArray) commands = next_commands(invocation, plan);
    if (invocation->job.dry_run) {
        qblk_plan_text(plan, invocation->output);
    } else {
        qblk_plan_text_result(plan, describe_state(invocation, plan), invocation->output);
    }
    for (guint i = 0; i < commands->len; i++) {
        g_autofree char *safe = qblk_output_escape(commands->pdata[i]);
        qblk_output_print(invocation, "%s%s\n", i == 0 ? "to end it: " : "       or: ", safe);
    }
}
