/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change.h"

#include "blockjob/plan-schema.h"
#include "cli/change-run.h"
#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/change-report.h"
#include "cli/recovery.h"
#include "cli/vm.h"
#include "plan/plan-space.h"
#include "qmp/client.h"

/* ---- opening ---- */

static gboolean
read_schema(QblkChange *change, GError **error)
{
    g_autoptr(QblkJson) reply = qblk_client_call(change->client, "query-qmp-schema", NULL, error);
    if (reply == NULL) {
        return FALSE;
    }

    change->schema = qblk_schema_new(reply, error);
    if (change->schema == NULL) {
        return FALSE;
    }

    qblk_plan_schema_set_features(&change->context, change->schema);
    return TRUE;
}

static gboolean
open_live(QblkChange *change, QblkRecoverPurpose purpose, GError **error)
{
    QblkInvocation *invocation = change->invocation;

    change->client = qblk_vm_connect(invocation, error);
    if (change->client == NULL) {
        return FALSE;
    }
    if (!read_schema(change, error)) {
        return FALSE;
    }

    /* The schema has 200 kB: it is not logged. */
    qblk_vm_log(change->client, invocation);

    if (!qblk_recover_identify(change->client, &change->vm, error)) {
        return FALSE;
    }
    const QblkRecoveryRequest request = {
        .vm = &change->vm,
        .purpose = purpose,
        .state_dir = change->options->state_dir,
        .is_allowed = change->options->recovers,
        .dry_run = change->options->dry_run,
    };
    if (!qblk_recovery_before_change(change->client, invocation, &request, &change->recovery,
                                     error)) {
        return FALSE;
    }

    change->snapshot = qblk_snapshot_fetch(change->client, invocation->snapshot_options, error);
    return change->snapshot != NULL;
}

static gboolean
open_capture(QblkChange *change, GError **error)
{
    g_autoptr(QblkVm) vm = qblk_vm_open(change->invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    change->snapshot = g_steal_pointer(&vm->snapshot);
    return TRUE;
}

static gboolean
check_expected(const QblkChange *change, GError **error)
{
    const QblkInvocation *invocation = change->invocation;
    if (invocation->expect == NULL) {
        return TRUE;
    }

    g_autoptr(QblkChain) chain =
        qblk_snapshot_chain(change->snapshot, invocation->arguments[1], error);
    return chain != NULL && qblk_chain_expect(chain, invocation->expect, error);
}

QblkChange *
qblk_change_open(QblkInvocation *invocation, const QblkChangeOptions *options,
                 QblkRecoverPurpose purpose, GError **error)
{
    if (!qblk_change_options_check(options, error) ||
        !qblk_recovery_check_state_dir(options->state_dir, error)) {
        return NULL;
    }

    g_autoptr(QblkChange) change = g_new0(QblkChange, 1);
    change->invocation = invocation;
    change->options = options;
    change->skipped = qblk_json_new_array();

    gboolean from_capture =
        options->dry_run && invocation->address->kind == QBLK_ADDRESS_KIND_CAPTURE;
    gboolean is_open =
        from_capture ? open_capture(change, error) : open_live(change, purpose, error);
    if (!is_open || !check_expected(change, error)) {
        return NULL;
    }

    change->context.snapshot = change->snapshot;
    change->context.target = invocation->arguments[1];
    change->context.space = qblk_plan_space_of_machine();
    change->context.speed = qblk_change_options_get_speed(options);
    change->context.force_managed = options->force_managed;
    change->context.is_dry_run = options->dry_run;
    change->context.drops_bitmaps = qblk_change_options_drops_bitmaps(options);
    change->context.allow_plaintext = options->allow_plaintext;
    change->context.ignored_users = (const char *const *)options->ignored_users;
    change->context.delete_internal_snapshots = options->delete_internal_snapshots;
    return g_steal_pointer(&change);
}

void
qblk_change_free(QblkChange *change)
{
    if (change == NULL) {
        return;
    }

    g_clear_pointer(&change->snapshot, qblk_snapshot_unref);
    g_clear_pointer(&change->schema, qblk_schema_free);
    g_clear_pointer(&change->client, qblk_client_unref);
    qblk_journal_vm_clear(&change->vm);
    qblk_recovery_unref(change->recovery);
    qblk_json_unref(change->skipped);
    g_free(change);
}

/* ---- planning ---- */

static void
plan_free(gpointer data)
{
    qblk_plan_unref(data);
}

/* Why --all-disks leaves a disk out, or NULL. */
static const char *
describe_skipped(const QblkChain *chain)
{
    if (chain->layers->len == 0) {
        return "the drive is empty";
    }
    if (chain->kind == QBLK_DEVICE_KIND_CDROM) {
        return "it is a cdrom";
    }
    if (chain->read_only) {
        return "it is read-only";
    }
    return chain->layers->len == 1 ? "it has only one layer" : NULL;
}

static gboolean
plan_disk(QblkChange *change, const char *target, QblkChangePlanner planner, gconstpointer options,
          GPtrArray *plans, GError **error)
{
    change->context.target = target;

    QblkPlan *plan = planner(&change->context, options, error);
    if (plan == NULL) {
        return FALSE;
    }

    g_ptr_array_add(plans, plan);
    return TRUE;
}

static QblkJson *
skipped_json(const char *target, const char *reason)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "target", target);
    qblk_json_set_string(object, "reason", reason);
    return object;
}

/* Plan for one disk of all, or skip it with a warning. */
static gboolean
plan_or_skip_disk(QblkChange *change, const char *target, QblkChangePlanner planner,
                  gconstpointer options, GPtrArray *plans, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(change->snapshot, target, &cause);

    if (g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }

    const char *reason = chain == NULL ? cause->message : describe_skipped(chain);
    if (reason != NULL) {
        g_autofree char *warning = g_strdup_printf("disk '%s' is skipped: %s", target, reason);
        qblk_output_warn(warning);
        qblk_json_append(change->skipped, skipped_json(target, reason));
        return TRUE;
    }

    if (!plan_disk(change, target, planner, options, plans, error)) {
        g_prefix_error(error, "%s: ", target);
        return FALSE;
    }
    return TRUE;
}

static gboolean
plan_all(QblkChange *change, QblkChangePlanner planner, gconstpointer options, GPtrArray *plans,
         GError **error)
{
    const char *const *targets = qblk_snapshot_get_targets(change->snapshot);

    for (guint i = 0; targets[i] != NULL; i++) {
        if (!plan_or_skip_disk(change, targets[i], planner, options, plans, error)) {
            return FALSE;
        }
    }

    return TRUE;
}

GPtrArray *
qblk_change_plan(QblkChange *change, QblkChangePlanner planner, gconstpointer options,
                 GError **error)
{
    const char *target = change->invocation->arguments[1];
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func(plan_free);

    gboolean done = change->options->all_disks
                        ? plan_all(change, planner, options, plans, error)
                        : plan_disk(change, target, planner, options, plans, error);
    done = done && qblk_plan_check_space_of_all(plans, error);
    return done ? g_steal_pointer(&plans) : NULL;
}

/* ---- finishing ---- */

static void
print_json(const QblkChange *change, const QblkChangeReport *report, const GPtrArray *plans)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < plans->len; i++) {
        qblk_json_append(list, qblk_change_report_json(report, plans->pdata[i]));
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set(result, "plans", list);
    if (change->options->all_disks) {
        qblk_json_set(result, "skipped", qblk_json_ref(change->skipped));
    }
    qblk_output_json(&change->invocation->output, result);
}

static void
print_text(QblkOutput *output, const QblkChangeReport *report, const GPtrArray *plans)
{
    for (guint i = 0; i < plans->len; i++) {
        qblk_change_report_print(report, plans->pdata[i], output);
    }
    if (plans->len == 0) {
        qblk_output_print(output, "nothing to do\n");
    }
}

gboolean
qblk_change_finish(QblkChange *change, GPtrArray *plans, GError **error)
{
    QblkOutput *output = &change->invocation->output;
    QblkChangeReport report = {
        .vm = change->invocation->address->text,
        .state_dir = change->options->state_dir,
        .naming = change->invocation->naming,
        .dry_run = change->options->dry_run,
        .detach = change->options->detach,
        .force_managed = change->options->force_managed,
    };

    if (!qblk_change_prepare(change, plans, error)) {
        return FALSE;
    }
    if (!report.dry_run && plans->len > 0) {
        gboolean done = qblk_change_run_plans(change, plans, &report, error);
        if (!done) {
            return FALSE;
        }
    }

    g_autofree char *state_dir = qblk_recovery_directory(change->options->state_dir);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(state_dir);
    if (change->is_local && !report.dry_run) {
        report.marks = marks;
    }

    if (output->json) {
        print_json(change, &report, plans);
    } else {
        print_text(output, &report, plans);
    }
    return TRUE;
}

char *
qblk_change_end_command(const QblkInvocation *invocation, const char *end)
{
    g_autofree char *vm = qblk_output_shell_word(invocation->arguments[0]);
    const char *name = invocation->count > 1 ? invocation->arguments[1] : "DISK";
    g_autofree char *disk = qblk_output_shell_word(name);

    return g_strdup_printf("qblk job %s %s --wait %s%s", vm, disk, end, invocation->naming);
}

/* --all-disks takes the place of a disk. */
static gboolean
check_disk(const QblkInvocation *invocation, const QblkChangeOptions *options, GError **error)
{
    gboolean names_disk = invocation->count > 1;

    if (options->all_disks == names_disk) {
        return qblk_usage_error(error, "'qblk %s' needs either a DISK or --all-disks",
                                invocation->command->name);
    }
    return TRUE;
}

gboolean
qblk_change_run(QblkInvocation *invocation, const QblkChangeOptions *options,
                QblkChangePlanner planner, gconstpointer planner_options, GError **error)
{
    if (!check_disk(invocation, options, error)) {
        return FALSE;
    }

    g_autoptr(QblkChange) change =
        qblk_change_open(invocation, options, QBLK_RECOVER_FOR_NEW_JOB, error);
    if (change == NULL) {
        return FALSE;
    }

    g_autoptr(GPtrArray) plans = qblk_change_plan(change, planner, planner_options, error);
    if (plans == NULL) {
        return FALSE;
    }

    return qblk_change_finish(change, plans, error);
}
