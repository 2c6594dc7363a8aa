/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk open-monitor`: open one more QMP monitor, so that the first one stays available. */
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/vm-argument.h"
#include "cli/vm.h"

#include <qblk/operation.h>
#include <qblk/planner.h>
#include <string.h>

typedef struct {
    gboolean close, dry_run, force_managed;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"close", 0, 0, G_OPTION_ARG_NONE, &options->close,
         "Close the monitor that was opened at PATH", NULL},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print the plan, and change nothing", NULL},
        {"force-managed", 0, 0, G_OPTION_ARG_NONE, &options->force_managed,
         "Change a guest of a manager, such as libvirt, that is not informed", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

/* ---- the plan ---- */

static QblkPlan *
make_plan(QblkClient *client, const Options *options, const QblkMonitorOptions *monitor,
          GError **error)
{
    g_autoptr(QblkPlanOptions) plan_options = qblk_plan_options_new();

    qblk_plan_options_set_dry_run(plan_options, options->dry_run);
    qblk_plan_options_set_force_managed(plan_options, options->force_managed);
    return qblk_plan_open_monitor(client, monitor, plan_options, error);
}

static gboolean
run_plan(QblkClient *client, const QblkPlan *plan, GError **error)
{
    g_autoptr(QblkPlans) plans = qblk_plans_new();

    qblk_plans_add(plans, plan);
    g_autoptr(QblkOperation) operation = qblk_operation_start(client, plans, NULL, error);
    return operation != NULL && qblk_operation_run(operation, error);
}

/* ---- output ---- */

/* The commands that use and close the monitor; NULL if none was opened. */
typedef struct {
    char *use, *close; /* owned */
} NextCommands;

static void
next_commands_clear(NextCommands *next)
{
    g_free(next->use);
    g_free(next->close);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NextCommands, next_commands_clear)

static void
set_next_commands(NextCommands *next, const QblkInvocation *invocation, const QblkPlan *plan)
{
    const Options *options = invocation->options;
    g_autofree char *vm = qblk_output_shell_word(qblk_address_get_text(invocation->address));
    g_autofree char *path = qblk_output_shell_word(qblk_plan_get_target(plan));

    if (!options->close && !options->dry_run) {
        next->use = g_strdup_printf("qblk list %s", path);
        next->close = g_strdup_printf("qblk open-monitor %s %s --close", vm, path);
    }
}

static void
print_text(QblkOutput *output, const Options *options, const QblkPlan *plan,
           const NextCommands *next)
{
    g_autofree char *path = qblk_text_escape(qblk_plan_get_target(plan));

    if (options->dry_run) {
        qblk_output_print(output, "%s at %s\n",
                          options->close ? "close the monitor" : "open a monitor", path);
        g_autofree char *steps = qblk_plan_steps_to_text(plan);
        g_string_append(output->text, steps);
        return;
    }

    qblk_output_print(output, "%s at %s\n",
                      options->close ? "closed the monitor" : "opened a monitor", path);
    if (next->use != NULL) {
        g_autofree char *use = qblk_text_escape(next->use);
        g_autofree char *close = qblk_text_escape(next->close);
        qblk_output_print(output, "to use it: %s\nto close it: %s\n", use, close);
    }
}

static const char *
state_of(const Options *options)
{
    if (options->dry_run) {
        return "planned";
    }
    return options->close ? "closed" : "open";
}

static void
print_json(QblkOutput *output, const Options *options, const QblkPlan *plan,
           const NextCommands *next)
{
    QblkJson *commands = qblk_json_new_array();
    if (next->use != NULL) {
        qblk_json_append(commands, qblk_json_new_string(next->use));
        qblk_json_append(commands, qblk_json_new_string(next->close));
    }

    g_autofree char *text = qblk_plan_to_json(plan);
    g_autoptr(QblkJson) all = qblk_json_parse(text, strlen(text), NULL);
    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "path", qblk_plan_get_target(plan));
    qblk_json_set_string(result, "id", qblk_plan_get_job_id(plan));
    qblk_json_set_string(result, "state", state_of(options));
    qblk_json_set(result, "steps", qblk_json_ref(qblk_json_get(all, "steps")));
    qblk_json_set(result, "next", commands);
    qblk_output_json(output, result);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkMonitorOptions) monitor = qblk_monitor_options_new();

    qblk_monitor_options_set_close(monitor, options->close);
    if (!qblk_vm_argument_check_machine(invocation, error)) {
        return FALSE;
    }
    if (!qblk_monitor_options_set_path(monitor, invocation->arguments[1], error)) {
        return FALSE;
    }

    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    if (client == NULL) {
        return FALSE;
    }

    qblk_vm_log(client, invocation);
    g_autoptr(QblkPlan) plan = make_plan(client, options, monitor, error);
    if (plan == NULL) {
        return FALSE;
    }

    for (guint i = 0; i < qblk_plan_get_n_warnings(plan); i++) {
        qblk_output_warn(&invocation->output, qblk_plan_get_warning(plan, i));
    }
    if (!options->dry_run && !run_plan(client, plan, error)) {
        return FALSE;
    }

    g_auto(NextCommands) next = {0};
    set_next_commands(&next, invocation, plan);
    if (invocation->output.json) {
        print_json(&invocation->output, options, plan, &next);
    } else {
        print_text(&invocation->output, options, plan, &next);
    }
    return TRUE;
}

const QblkCommand qblk_cmd_open_monitor = {
    .name = "open-monitor",
    .arguments = "VM PATH",
    .summary = "Open another QMP monitor (QEMU 11.1)",
    .description = "The monitor is at the socket PATH, which must not exist. It lasts until it is "
                   "closed or QEMU ends.",
    .example = "qblk open-monitor /run/vm1.qmp /run/watch.qmp",
    .group = QBLK_COMMAND_SERVES,
    .prints_plain = TRUE,
    .needs_qemu = TRUE,
    .names_no_disk = TRUE,
    .min_arguments = 2,
    .max_arguments = 2,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .run = run,
};
