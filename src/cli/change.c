/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change.h"

#include "blockjob/delete-images.h"
#include "blockjob/merged-mark.h"
#include "blockjob/run.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/print/change-report.h"
#include "cli/print/output.h"
#include "cli/print/progress.h"
#include "cli/recovery.h"
#include "cli/vm.h"
#include "image/process.h"
#include "plan/plan-check.h"
#include "qmp/client.h"

#include <string.h>
#include <unistd.h>

#define MIB             (1024 * 1024)
#define LONGEST_SECONDS (366.0 * 24 * 3600)

static gboolean
check_options(const QblkInvocation *invocation, GError **error)
{
    const QblkJobOptions *options = &invocation->job;
    gboolean has_bandwidth = options->bandwidth != QBLK_INVOCATION_UNSET;
    gint64 most = options->in_bytes ? G_MAXINT64 : G_MAXINT64 / MIB;
    if (has_bandwidth && (options->bandwidth < 0 || options->bandwidth > most)) {
        return qblk_invocation_usage(
            error, "--bandwidth takes MiB a second, with --bytes bytes, from 0 to 2^63");
    }
    if (!(options->time_limit >= 0 && options->time_limit <= LONGEST_SECONDS)) {
        return qblk_invocation_usage(
            error, "--timeout takes the seconds after which the job is given up, up to a "
                   "year; say 'qblk --timeout' for that of the connection");
    }
    if (options->in_bytes && !has_bandwidth) {
        return qblk_invocation_usage(error,
                                     "--bytes says what --bandwidth is in, and there is none");
    }
    if (options->detach && options->time_limit > 0) {
        return qblk_invocation_usage(error,
                                     "--detach does not wait, and so has no use for --timeout");
    }
    if (options->detach && options->delete_removed) {
        return qblk_invocation_usage(
            error, "--delete deletes when all has gone well, and --detach does not wait");
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
    qblk_plan_check_features(&live->context, live->schema);
    qblk_vm_log(live->client, invocation); /* 200 kB of schema are of no use to anybody */
    if (!qblk_recover_identify(live->client, invocation->arguments[0], &live->vm, error) ||
        (!invocation->job.dry_run &&
         !qblk_recovery_before_change(live->client, invocation, &live->vm, error))) {
        return FALSE;
    }
    live->snapshot = qblk_snapshot_fetch(live->client, invocation->snapshot_options, error);
    return live->snapshot != NULL;
}

static gboolean
check_expected(const QblkLive *live, const QblkInvocation *invocation, GError **error)
{
    if (invocation->expect == NULL) {
        return TRUE;
    }
    g_autoptr(QblkChain) chain =
        qblk_snapshot_chain(live->snapshot, invocation->arguments[1], error);
    return chain != NULL && qblk_chain_expect(chain, invocation->expect, error);
}

QblkLive *
qblk_change_open(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkLive) live = g_new0(QblkLive, 1);
    const QblkJobOptions *options = &invocation->job;
    if (!check_options(invocation, error) || !look(live, invocation, error) ||
        !check_expected(live, invocation, error)) {
        return NULL;
    }
    live->context.snapshot = live->snapshot;
    live->context.target = invocation->arguments[1];
    if (options->bandwidth != QBLK_INVOCATION_UNSET) {
        live->context.speed = options->bandwidth * (options->in_bytes ? 1 : MIB);
    }
    live->context.force_managed = options->force_managed;
    return g_steal_pointer(&live);
}

void
qblk_change_free(QblkLive *live)
{
    if (live == NULL) {
        return;
    }
    g_clear_pointer(&live->snapshot, qblk_snapshot_free);
    g_clear_pointer(&live->schema, qblk_schema_free);
    g_clear_pointer(&live->client, qblk_client_free);
    qblk_journal_vm_clear(&live->vm);
    g_free(live);
}

/* ---- planning ---- */

static void
plan_free(gpointer data)
{
    qblk_plan_free(data);
}

/* Why there is nothing to do for a disk where all are meant, or NULL. */
static const char *
why_skipped(const QblkChain *chain)
{
    if (chain->layers->len == 0) {
        return "it is an empty drive";
    }
    if (chain->kind == QBLK_DEVICE_CDROM) {
        return "it is a cdrom";
    }
    if (chain->read_only) {
        return "it is read-only";
    }
    return chain->layers->len == 1 ? "it has one layer only" : NULL;
}

static gboolean
plan_disk(QblkLive *live, const char *target, QblkLivePlanner planner, gconstpointer options,
          GPtrArray *plans, GError **error)
{
    live->context.target = target;
    QblkPlan *plan = planner(&live->context, options, error);
    if (plan == NULL) {
        return FALSE;
    }
    g_ptr_array_add(plans, plan);
    return TRUE;
}

static gboolean
plan_all(QblkLive *live, QblkLivePlanner planner, gconstpointer options, GPtrArray *plans,
         GError **error)
{
    const char *const *targets = qblk_snapshot_get_targets(live->snapshot);
    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(QblkChain) chain = qblk_snapshot_chain(live->snapshot, targets[i], &cause);
        if (g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        const char *why = chain == NULL ? cause->message : why_skipped(chain);
        if (why != NULL) {
            g_autofree char *warning =
                g_strdup_printf("disk '%s' is left alone: %s", targets[i], why);
            qblk_output_warn(warning);
        } else if (!plan_disk(live, targets[i], planner, options, plans, error)) {
            g_prefix_error(error, "%s: ", targets[i]);
            return FALSE;
        }
    }
    if (plans->len == 0) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "no disk has anything to do");
    }
    return plans->len > 0;
}

GPtrArray *
qblk_change_plan(QblkLive *live, const QblkInvocation *invocation, QblkLivePlanner planner,
                 gconstpointer options, GError **error)
{
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func(plan_free);
    gboolean done = invocation->job.all_disks
                        ? plan_all(live, planner, options, plans, error)
                        : plan_disk(live, invocation->arguments[1], planner, options, plans, error);
    return done ? g_steal_pointer(&plans) : NULL;
}

/* ---- carrying out ---- */

/* An overlay whose data went into another image before is old: to merge it once more would roll the
 * newer data back. */
static gboolean
check_marks(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->before->len; i++) {
        const QblkExpectation *layer = plan->before->pdata[i];
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(layer->filename);
        if (mark != NULL && mark->is_of_another) {
            g_autofree char *text = qblk_merged_mark_describe_other(mark);
            g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, text);
            return FALSE;
        }
        if (mark != NULL) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "'%s' %s merged into '%s' before, and is old since: see 'qblk recover "
                        "image:%s'",
                        layer->filename, mark->is_done ? "was" : "may have been",
                        mark->into == NULL ? "another image" : mark->into, layer->filename);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
is_local(const QblkInvocation *invocation, const GPtrArray *plans, gint64 pid)
{
    gboolean is_here = qblk_vm_is_local(invocation->arguments[0]);
    for (guint i = 0; is_here && i < plans->len; i++) {
        is_here = qblk_delete_images_is_here(plans->pdata[i], pid, FALSE);
    }
    return is_here;
}

/* What QEMU names from a directory of its own is not found from another one. */
static void
warn_of_relative_name(const QblkPlan *plan)
{
    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    if (qblk_plan_moves_top(plan) && top->filename[0] != '/' &&
        strchr(top->filename, ':') == NULL) {
        g_autofree char *warning = g_strdup_printf(
            "QEMU knows the image of '%s' by the relative name '%s': it gets no mark that it is "
            "old, and 'qblk recover image:' cannot tell of it; do not use it afterwards",
            plan->target, top->filename);
        qblk_output_warn(warning);
    }
}

static gboolean
prepare(QblkLive *live, const QblkInvocation *invocation, GPtrArray *plans, GError **error)
{
    gint64 pid = live->client == NULL ? 0 : qblk_process_behind(qblk_client_get_fd(live->client));
    live->is_local = is_local(invocation, plans, pid);
    if (invocation->job.delete_removed && !qblk_vm_is_local(invocation->arguments[0])) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "--delete deletes files of this machine, and '%s' is not on it",
                    invocation->arguments[0]);
        return FALSE;
    }
    for (guint i = 0; i < plans->len; i++) {
        QblkPlan *plan = plans->pdata[i];
        warn_of_relative_name(plan);
        if ((live->schema != NULL && !qblk_plan_check_schema(plan, live->schema, error)) ||
            (live->is_local && !check_marks(plan, error)) ||
            !qblk_delete_images_identify(plan, pid, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static QblkChangeReport
report_of(const QblkInvocation *invocation)
{
    return (QblkChangeReport){
        .vm = invocation->arguments[0],
        .state_dir = invocation->state_dir,
        .dry_run = invocation->job.dry_run,
        .detach = invocation->job.detach,
    };
}

/* A job that is left to itself has to be found again. */
static void
add_hint(const QblkInvocation *invocation, const GPtrArray *plans, gboolean has_journal,
         GError **error)
{
    if (!g_error_matches(*error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED) &&
        (*error)->domain != QBLK_QMP_ERROR) {
        return;
    }
    const QblkChangeReport report = report_of(invocation);
    g_autoptr(GString) message = g_string_new((*error)->message);
    if (has_journal) {
        g_autofree char *command = qblk_change_report_recover(&report);
        g_string_append_printf(message, "; to go on: %s", command);
    }
    for (guint i = 0; i < plans->len; i++) {
        g_autofree char *command = qblk_change_report_command(&report, plans->pdata[i], "--info");
        const char *what = has_journal ? "; to look at it: " : "; to go on: ";
        g_string_append_printf(message, "%s%s", i == 0 ? what : ", ", command);
    }
    g_free((*error)->message);
    (*error)->message = g_strdup(message->str);
}

/* Those that were not ended are for whoever takes the operation up. */
typedef struct {
    QblkJournal **list; /* one for each plan, and a NULL */
    guint count;
} Journals;

static void
journals_clear(Journals *journals)
{
    for (guint i = 0; i < journals->count; i++) {
        qblk_journal_leave(journals->list[i]);
    }
    g_free(journals->list);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Journals, journals_clear)

static gboolean
journals_are_left(const Journals *journals)
{
    gboolean are_left = FALSE;
    for (guint i = 0; i < journals->count; i++) {
        are_left = are_left || journals->list[i] != NULL;
    }
    return are_left;
}

/* A plan that only tells a running job something has nothing to lose. */
static gboolean
begin_journals(Journals *journals, const QblkLive *live, const QblkInvocation *invocation,
               const GPtrArray *plans, GError **error)
{
    g_autofree char *directory = qblk_recovery_directory(invocation);
    journals->list = g_new0(QblkJournal *, plans->len + 1);
    journals->count = plans->len;
    for (guint i = 0; i < plans->len; i++) {
        if (qblk_change_report_is_told(plans->pdata[i])) {
            continue;
        }
        journals->list[i] = qblk_journal_begin(directory, &live->vm, plans->pdata[i], error);
        if (journals->list[i] == NULL) {
            for (guint j = 0; j < i; j++) {
                qblk_journal_end(g_steal_pointer(&journals->list[j]));
            }
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
carry_out(QblkLive *live, QblkInvocation *invocation, const GPtrArray *plans, GError **error)
{
    /* A journal is left by nobody who was only interrupted. */
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    g_auto(Journals) journals = {0};
    if (!begin_journals(&journals, live, invocation, plans, error)) {
        return FALSE;
    }
    const QblkJobOptions *options = &invocation->job;
    gboolean can_reconnect = !g_str_has_prefix(invocation->arguments[0], "fd:");
    gboolean is_shown = isatty(STDERR_FILENO) && !invocation->verbose;
    g_autoptr(QblkProgress) progress = qblk_progress_new(plans, is_shown, options->verbose);
    const QblkRunOptions run = {
        .snapshot = invocation->snapshot_options,
        .address = can_reconnect ? invocation->arguments[0] : NULL,
        .timeout_ms = invocation->timeout_ms,
        .time_limit_ms = (gint64)(options->time_limit * 1000),
        .stop_fd = qblk_interrupt_get_fd(interrupt),
        .report_ms = progress == NULL || options->detach ? 0 : 500,
        .report = qblk_progress_report,
        .user_data = progress,
        .is_local = live->is_local,
        .is_detached = options->detach,
        .journals = journals.list,
    };
    gboolean done = qblk_run(live->client, plans, &run, error);
    if (!options->detach) {
        qblk_progress_end(progress, done);
    }
    if (!done) {
        add_hint(invocation, plans, journals_are_left(&journals), error);
    }
    return done;
}

gboolean
qblk_change_finish(QblkLive *live, QblkInvocation *invocation, GPtrArray *plans, GError **error)
{
    if (!prepare(live, invocation, plans, error) ||
        (!invocation->job.dry_run && !carry_out(live, invocation, plans, error))) {
        return FALSE;
    }
    const QblkChangeReport report = report_of(invocation);
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < plans->len; i++) {
        if (invocation->output.json) {
            qblk_json_append(list, qblk_change_report_json(&report, plans->pdata[i]));
        } else {
            qblk_change_report_print(&report, plans->pdata[i], &invocation->output);
        }
    }
    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "plans", qblk_json_ref(list));
        qblk_output_json(&invocation->output, result);
    }
    qblk_json_unref(list);
    return TRUE;
}

/* --all-disks stands for the name of a disk. */
static gboolean
check_disk(const QblkInvocation *invocation, GError **error)
{
    const QblkJobOptions *options = &invocation->job;
    if (options->all_disks == (invocation->count > 1)) {
        g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                    "'qblk %s' takes a disk or --all-disks", invocation->command->name);
        return FALSE;
    }
    if (options->all_disks && (options->base != NULL || options->top != NULL)) {
        return qblk_invocation_usage(error, "--base and --top name layers of one disk, not of all");
    }
    return TRUE;
}

gboolean
qblk_change_run(QblkInvocation *invocation, QblkLivePlanner planner, gconstpointer options,
                GError **error)
{
    g_autoptr(QblkLive) live =
        check_disk(invocation, error) ? qblk_change_open(invocation, error) : NULL;
    g_autoptr(GPtrArray) plans =
        live == NULL ? NULL : qblk_change_plan(live, invocation, planner, options, error);
    return plans != NULL && qblk_change_finish(live, invocation, plans, error);
}

void
qblk_change_options(QblkInvocation *invocation, GOptionContext *context, gboolean starts)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print what would be done, and do nothing", NULL},
        {"bandwidth", 0, 0, G_OPTION_ARG_INT64, &options->bandwidth,
         "Copy at most so much a second; 0: no limit", "MIB"},
        {"bytes", 0, 0, G_OPTION_ARG_NONE, &options->in_bytes, "--bandwidth is in bytes", NULL},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &invocation->state_dir,
         "Keep the journal of what is under way in this directory", "DIRECTORY"},
        {"force-managed", 0, 0, G_OPTION_ARG_NONE, &options->force_managed,
         "Change a guest of libvirt's, which will not notice", NULL},
        {NULL},
    };
    const GOptionEntry start[] = {
        {"detach", 0, 0, G_OPTION_ARG_NONE, &options->detach,
         "Return once the job has started, and say what ends it", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    if (starts) {
        g_option_context_add_main_entries(context, start, NULL);
    }
}
