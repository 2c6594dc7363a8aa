/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "blockjob/run-monitor.h"
#include "cli/print/output.h"
#include "cli/print/plan-text.h"
#include "cli/vm.h"
#include "plan/plan-json.h"
#include "plan/plan-monitor.h"
#include "qmp/client.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LONGEST_PATH (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

void
qblk_cmd_open_monitor_options(QblkInvocation *invocation, GOptionContext *context)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"close", 0, 0, G_OPTION_ARG_NONE, &invocation->closes,
         "Close the monitor that was opened at PATH", NULL},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print what would be done, and do nothing", NULL},
        {"force-managed", 0, 0, G_OPTION_ARG_NONE, &options->force_managed,
         "Open one in a guest of libvirt's, which will not notice", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
}

/* ---- the path ---- */

/* QEMU has another working directory, and each path to one directory has to give the same id. */
static char *
absolute_path(const char *path)
{
    char directory[PATH_MAX];
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    return realpath(parent, directory) == NULL ? g_steal_pointer(&absolute)
                                               : g_build_filename(directory, name, NULL);
}

static gboolean
check_path(const char *path, GError **error)
{
    if (!g_utf8_validate(path, -1, NULL)) {
        return qblk_invocation_usage(error, "'%s' is not UTF-8, and QMP has no other names", path);
    }
    return strlen(path) <= LONGEST_PATH ||
           qblk_invocation_usage(error, "'%s' has %zu bytes, and the path of a socket at most %zu",
                                 path, strlen(path), LONGEST_PATH);
}

/* QEMU removes a file, a link or somebody's socket that is in its way, and says nothing. */
static gboolean
check_free(const char *path, GError **error)
{
    struct stat status;
    int fault = lstat(path, &status) < 0 ? errno : 0;
    if (fault == 0) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "'%s' exists, and QEMU would replace it: say a path that does not", path);
    } else if (fault != ENOENT) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot see whether '%s' exists, and QEMU would replace it: %s", path,
                    g_strerror(fault));
    }
    return fault == ENOENT;
}

static gboolean
check_place(const QblkInvocation *invocation, const char *path, GError **error)
{
    if (invocation->closes) {
        return TRUE;
    }
    if (!qblk_vm_is_local(invocation->arguments[0])) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "'%s' would be on the machine of '%s', where nobody sees whether QEMU would "
                    "replace a file: run qblk there",
                    path, invocation->arguments[0]);
        return FALSE;
    }
    return check_free(path, error);
}

/* ---- the plan ---- */

static QblkPlan *
plan_open(QblkClient *client, const QblkInvocation *invocation, const char *path, GError **error)
{
    g_autoptr(QblkJson) reply = qblk_client_call(client, "query-qmp-schema", NULL, error);
    g_autoptr(QblkSchema) schema = reply == NULL ? NULL : qblk_schema_new(reply, error);
    if (schema == NULL) {
        return NULL;
    }
    qblk_vm_log(client, invocation); /* 200 kB of schema are of no use to anybody */
    g_autoptr(QblkJson) chardevs = qblk_client_call(client, "query-chardev", NULL, error);
    const QblkPlanMonitorContext context = {
        .schema = schema,
        .chardevs = chardevs,
        .force_managed = invocation->job.force_managed,
    };
    return chardevs == NULL ? NULL : qblk_plan_monitor_open(&context, path, error);
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
    /* Refused where there are none yet, by a storage daemon. */
    g_autoptr(QblkJson) objects = qblk_client_call(client, "qom-list", arguments, NULL);
    const QblkPlanMonitorContext context = {.chardevs = chardevs, .objects = objects};
    return qblk_plan_monitor_close(&context, path, error);
}

static gboolean
carry_out(QblkClient *client, const QblkInvocation *invocation, const QblkPlan *plan,
          GError **error)
{
    QblkMonitor monitor;
    qblk_monitor_init(&monitor, client, NULL, invocation->timeout_ms, 0, -1);
    gboolean done = qblk_run_monitor(&monitor, plan, error);
    qblk_monitor_clear(&monitor);
    return done;
}

/* ---- what is said ---- */

typedef struct {
    char *use, *close; /* owned; NULL where there is nothing to use or close */
} Next;

static void
next_clear(Next *next)
{
    g_free(next->use);
    g_free(next->close);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Next, next_clear)

static void
next_init(Next *next, const QblkInvocation *invocation, const QblkPlan *plan)
{
    g_autofree char *vm = qblk_output_shell_word(invocation->arguments[0]);
    g_autofree char *path = qblk_output_shell_word(plan->target);
    if (!invocation->closes && !invocation->job.dry_run) {
        next->use = g_strdup_printf("qblk list %s", path);
        next->close = g_strdup_printf("qblk open-monitor %s %s --close", vm, path);
    }
}

static void
print(QblkInvocation *invocation, const QblkPlan *plan, const Next *next)
{
    g_autofree char *path = qblk_output_escape(plan->target);
    gboolean closes = invocation->closes;
    if (invocation->job.dry_run) {
        qblk_output_print(&invocation->output, "%s at %s\n",
                          closes ? "close the monitor" : "open a monitor", path);
        qblk_plan_text_steps(plan, invocation->output.text);
        return;
    }
    qblk_output_print(&invocation->output, "%s at %s\n",
                      closes ? "closed the monitor" : "opened a monitor", path);
    if (next->use != NULL) {
        g_autofree char *use = qblk_output_escape(next->use);
        g_autofree char *close = qblk_output_escape(next->close);
        qblk_output_print(&invocation->output, "to use it: %s\nto close it: %s\n", use, close);
    }
}

static void
print_json(QblkInvocation *invocation, const QblkPlan *plan, const Next *next)
{
    const char *end = invocation->closes ? "closed" : "open";
    QblkJson *commands = qblk_json_new_array();
    QblkJson *result = qblk_json_new_object();
    if (next->use != NULL) {
        qblk_json_append(commands, qblk_json_new_string(next->use));
        qblk_json_append(commands, qblk_json_new_string(next->close));
    }
    qblk_json_set_string(result, "path", plan->target);
    qblk_json_set_string(result, "id", plan->job);
    qblk_json_set_string(result, "state", invocation->job.dry_run ? "planned" : end);
    qblk_json_set(result, "steps", qblk_plan_json_steps(plan));
    qblk_json_set(result, "next", commands);
    qblk_output_json(&invocation->output, result);
}

gboolean
qblk_cmd_open_monitor(QblkInvocation *invocation, GError **error)
{
    g_autofree char *path = absolute_path(invocation->arguments[1]);
    if (!check_path(path, error)) {
        return FALSE;
    }
    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    if (client == NULL) {
        return FALSE;
    }
    g_autoptr(QblkPlan) plan = invocation->closes ? plan_close(client, invocation, path, error)
                                                  : plan_open(client, invocation, path, error);
    if (plan == NULL || !check_place(invocation, path, error) ||
        (!invocation->job.dry_run && !carry_out(client, invocation, plan, error))) {
        return FALSE;
    }
    g_auto(Next) next = {0};
    next_init(&next, invocation, plan);
    if (invocation->output.json) {
        print_json(invocation, plan, &next);
    } else {
        print(invocation, plan, &next);
    }
    return TRUE;
}
