/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk open-monitor`: open one more QMP monitor, so that the first one stays available. */
#include "blockjob/plan-schema.h"
#include "blockjob/run-monitor.h"
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/vm.h"
#include "image/process.h"
#include "plan/plan-json.h"
#include "plan/plan-monitor.h"
#include "plan/plan-text.h"
#include "qmp/client.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#define MAX_PATH_BYTES (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

typedef struct {
    gboolean close, dry_run, force_managed;
} Options;

static void
add_options(gpointer data, GOptionContext *context)
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

    g_option_context_add_main_entries(context, entries, NULL);
}

/* ---- the path ---- */

/* QEMU has another working directory.  Symbolic links in the directory are resolved, because the id
 * of the monitor is made of the path. */
static char *
absolute_path(const char *path)
{
    char directory[PATH_MAX];
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);

    if (realpath(parent, directory) == NULL) {
        return g_canonicalize_filename(path, NULL);
    }
    return g_build_filename(directory, name, NULL);
}

static gboolean
check_path(const char *path, GError **error)
{
    if (!g_utf8_validate(path, -1, NULL)) {
        return qblk_usage_error(error, "invalid path '%s': it is not UTF-8", path);
    }
    if (strlen(path) > MAX_PATH_BYTES) {
        return qblk_usage_error(error, "path '%s' is too long for a socket: %zu bytes, maximum %zu",
                                path, strlen(path), MAX_PATH_BYTES);
    }
    return TRUE;
}

/* QEMU silently replaces a file, a link or another socket at the path. */
static gboolean
check_free(const char *path, GError **error)
{
    struct stat status;
    int fault = lstat(path, &status) < 0 ? errno : 0;

    if (fault == 0) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "'%s' already exists, and QEMU would replace it: use another path", path);
    } else if (fault != ENOENT) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot check whether '%s' exists, and QEMU would replace it: %s", path,
                    g_strerror(fault));
    }
    return fault == ENOENT;
}

static gboolean
check_place(const QblkAddress *address, const char *path, GError **error)
{
    if (!qblk_address_is_local(address)) {
        g_set_error(
            error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
            "cannot check whether '%s' exists on the machine of '%s', and QEMU would replace "
            "it: run qblk there",
            path, address->text);
        return FALSE;
    }
    return check_free(path, error);
}

/* ---- the plan ---- */

static QblkPlan *
plan_open(QblkClient *client, const QblkInvocation *invocation, const char *path, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkJson) reply = qblk_client_call(client, "query-qmp-schema", NULL, error);
    if (reply == NULL) {
        return NULL;
    }

    g_autoptr(QblkSchema) schema = qblk_schema_new(reply, error);
    if (schema == NULL) {
        return NULL;
    }

    /* The schema has 200 kB: it is not logged. */
    qblk_vm_log(client, invocation);
    g_autoptr(QblkJson) chardevs = qblk_client_call(client, "query-chardev", NULL, error);
    if (chardevs == NULL) {
        return NULL;
    }

    gint64 pid = qblk_process_behind(qblk_client_get_fd(client));
    g_auto(GStrv) arguments = qblk_process_arguments(pid);
    const QblkPlanMonitorContext context = {
        .can_add_monitor = qblk_plan_schema_can_add_monitor(schema),
        .chardevs = chardevs,
        .arguments = (const char *const *)arguments,
        .force_managed = options->force_managed,
        .is_dry_run = options->dry_run,
    };
    return qblk_plan_monitor_open(&context, path, error);
}

static QblkPlan *
plan_close(QblkClient *client, const QblkInvocation *invocation, const char *path, GError **error)
{
    g_autoptr(QblkJson) arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "path", QBLK_PLAN_MONITOR_OBJECTS);

    qblk_vm_log(client, invocation);
    g_autoptr(QblkJson) chardevs = qblk_client_call(client, "query-chardev", NULL, error);
    if (chardevs == NULL) {
        return NULL;
    }

    /* A storage daemon without objects refuses this. */
    g_autoptr(QblkJson) objects = qblk_client_call(client, "qom-list", arguments, NULL);
    const QblkPlanMonitorContext context = {.chardevs = chardevs, .objects = objects};
    return qblk_plan_monitor_close(&context, path, error);
}

static gboolean
run_plan(QblkClient *client, const QblkInvocation *invocation, const QblkPlan *plan, GError **error)
{
    QblkMonitor monitor;

    qblk_monitor_init(&monitor, client, NULL, invocation->timeout_ms, 0, -1);
    gboolean done = qblk_run_monitor(&monitor, plan, error);
    qblk_monitor_clear(&monitor);
    return done;
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
    g_autofree char *vm = qblk_output_shell_word(invocation->address->text);
    g_autofree char *path = qblk_output_shell_word(plan->target);

    if (!options->close && !options->dry_run) {
        next->use = g_strdup_printf("qblk list %s", path);
        next->close = g_strdup_printf("qblk open-monitor %s %s --close", vm, path);
    }
}

static void
print_text(QblkOutput *output, const Options *options, const QblkPlan *plan,
           const NextCommands *next)
{
    g_autofree char *path = qblk_output_escape(plan->target);

    if (options->dry_run) {
        qblk_output_print(output, "%s at %s\n",
                          options->close ? "close the monitor" : "open a monitor", path);
        qblk_plan_text_steps(plan, output->text);
        return;
    }

    qblk_output_print(output, "%s at %s\n",
                      options->close ? "closed the monitor" : "opened a monitor", path);
    if (next->use != NULL) {
        g_autofree char *use = qblk_output_escape(next->use);
        g_autofree char *close = qblk_output_escape(next->close);
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

    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "path", plan->target);
    qblk_json_set_string(result, "id", plan->job);
    qblk_json_set_string(result, "state", state_of(options));
    qblk_json_set(result, "steps", qblk_plan_json_steps(plan));
    qblk_json_set(result, "next", commands);
    qblk_output_json(output, result);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_autofree char *path = absolute_path(invocation->arguments[1]);
    if (!check_path(path, error)) {
        return FALSE;
    }

    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    if (client == NULL) {
        return FALSE;
    }

    g_autoptr(QblkPlan) plan = options->close ? plan_close(client, invocation, path, error)
                                              : plan_open(client, invocation, path, error);
    if (plan == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < plan->warnings->len; i++) {
        qblk_output_warn(plan->warnings->pdata[i]);
    }
    if (!options->close && !check_place(invocation->address, path, error)) {
        return FALSE;
    }
    if (!options->dry_run) {
        gboolean done = run_plan(client, invocation, plan, error);
        if (!done) {
            return FALSE;
        }
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
    .min_arguments = 2,
    .max_arguments = 2,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .run = run,
};
