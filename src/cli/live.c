/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/live.h"

#include "blockjob/plan-check.h"
#include "blockjob/run.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/plan-text.h"
#include "cli/report.h"
#include "cli/vm.h"
#include "qmp/client.h"

#include <stdio.h>

#define MIB             (1024 * 1024)
#define LONGEST_SECONDS (366.0 * 24 * 3600)

static gboolean
usage(GError **error, const char *message)
{
    g_set_error_literal(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE, message);
    return FALSE;
}

static gboolean
check_options(const QblkJobOptions *options, GError **error)
{
    gint64 most = options->in_bytes ? G_MAXINT64 : G_MAXINT64 / MIB;
    if (options->bandwidth < 0 || options->bandwidth > most) {
        return usage(error, "--bandwidth takes MiB a second, with --bytes bytes, from 0 to 2^63");
    }
    if (!(options->time_limit >= 0 && options->time_limit <= LONGEST_SECONDS)) {
        return usage(error, "--time-limit takes seconds up to a year");
    }
    if (options->in_bytes && options->bandwidth == 0) {
        return usage(error, "--bytes says what --bandwidth is in, and there is none");
    }
    return TRUE;
}

/* What is planned only can be planned from a capture too. */
static gboolean
look(QblkLive *live, QblkInvocation *invocation, GError **error)
{
    if (invocation->job.dry_run && g_str_has_prefix(invocation->arguments[0], "capture:")) {
        g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
        live->snapshot = vm == NULL ? NULL : g_steal_pointer(&vm->snapshot);
        return live->snapshot != NULL;
    }
    live->client = qblk_vm_connect(invocation, error);
    if (live->client == NULL) {
        return FALSE;
    }
    g_autoptr(QblkJson) reply = qblk_client_call(live->client, "query-qmp-schema", NULL, error);
    live->schema = reply == NULL ? NULL : qblk_schema_new(reply, error);
    if (live->schema == NULL) {
        return FALSE;
    }
    live->context.masks_protocol =
        qblk_schema_has_argument(live->schema, "block-commit", "backing-mask-protocol") &&
        qblk_schema_has_argument(live->schema, "block-stream", "backing-mask-protocol");
    qblk_vm_log(live->client, invocation); /* 200 kB of schema are of no use to anybody */
    live->snapshot = qblk_snapshot_fetch(live->client, invocation->snapshot_options, error);
    return live->snapshot != NULL;
}

QblkLive *
qblk_live_open(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkLive) live = g_new0(QblkLive, 1);
    const QblkJobOptions *options = &invocation->job;
    if (!check_options(options, error) || !look(live, invocation, error)) {
        return NULL;
    }
    g_autoptr(QblkChain) chain =
        qblk_snapshot_chain(live->snapshot, invocation->arguments[1], error);
    if (chain == NULL ||
        (invocation->expect != NULL && !qblk_chain_expect(chain, invocation->expect, error))) {
        return NULL;
    }
    live->context.snapshot = live->snapshot;
    live->context.target = invocation->arguments[1];
    live->context.speed = options->bandwidth * (options->in_bytes ? 1 : MIB);
    live->context.force_managed = options->force_managed;
    return g_steal_pointer(&live);
}

void
qblk_live_free(QblkLive *live)
{
    if (live == NULL) {
        return;
    }
    g_clear_pointer(&live->snapshot, qblk_snapshot_free);
    g_clear_pointer(&live->schema, qblk_schema_free);
    g_clear_pointer(&live->client, qblk_client_free);
    g_free(live);
}

/* "Block commit: [ 42 %]" as virsh prints it; 100 only once the job is over. */
static void
show_progress(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
    if (progress->total > 0) {
        int percent = (int)MIN(progress->done * 100 / progress->total, 99);
        fprintf(stderr, "qblk: %s of %s: %d %% (%s)\n", plan->kind, plan->target, percent,
                progress->state == NULL ? "starting" : progress->state);
    }
}

static gboolean
carry_out(QblkLive *live, QblkInvocation *invocation, const QblkPlan *plan, GError **error)
{
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    const QblkJobOptions *options = &invocation->job;
    gboolean can_reconnect = !g_str_has_prefix(invocation->arguments[0], "fd:");
    const QblkRunOptions run = {
        .snapshot = invocation->snapshot_options,
        .address = can_reconnect ? invocation->arguments[0] : NULL,
        .timeout_ms = invocation->timeout_ms,
        .time_limit_ms = (gint64)(options->time_limit * 1000),
        .stop_fd = qblk_interrupt_get_fd(interrupt),
        .report_ms = invocation->verbose ? 500 : 0,
        .report = show_progress,
    };
    return qblk_run(&live->client, plan, &run, error);
}

gboolean
qblk_live_finish(QblkLive *live, QblkInvocation *invocation, const QblkPlan *plan, GError **error)
{
    gboolean is_dry = invocation->job.dry_run;
    if (live->schema != NULL && !qblk_plan_check_schema(plan, live->schema, error)) {
        return FALSE;
    }
    if (!is_dry && !carry_out(live, invocation, plan, error)) {
        return FALSE;
    }
    if (invocation->json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "plan", qblk_plan_to_json(plan));
        qblk_json_set_boolean(result, "done", !is_dry);
        qblk_output_json(invocation, result);
    } else if (is_dry) {
        qblk_plan_text(plan, invocation->output);
    } else {
        qblk_plan_text_result(plan, invocation->output);
    }
    return TRUE;
}

void
qblk_live_options(QblkInvocation *invocation, GOptionContext *context)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print what would be done, and do nothing", NULL},
        {"bandwidth", 0, 0, G_OPTION_ARG_INT64, &options->bandwidth,
         "Copy at most so much a second (default: no limit)", "MIB"},
        {"bytes", 0, 0, G_OPTION_ARG_NONE, &options->in_bytes, "--bandwidth is in bytes", NULL},
        {"time-limit", 0, 0, G_OPTION_ARG_DOUBLE, &options->time_limit,
         "Cancel the job if it takes longer", "SECONDS"},
        {"force-managed", 0, 0, G_OPTION_ARG_NONE, &options->force_managed,
         "Change a guest of libvirt's, which will not notice", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
}
