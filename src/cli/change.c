/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change.h"

#include "base/json.h"
#include "cli/change-run.h"
#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/change-report.h"
#include "cli/recovery.h"
#include "cli/vm.h"

#include <qblk/image-client.h>
#include <qblk/snapshot-fetch.h>
#include <string.h>

/* ---- opening ---- */

/* What was done to an image is complete when its daemon has closed it. */
static gboolean
close_image(QblkChange *change, GError **error)
{
    change->is_closed = TRUE;
    return qblk_client_get_image_path(change->client) == NULL ||
           qblk_client_close_image(change->client, error);
}

static void
change_free(QblkChange *change)
{
    if (change == NULL) {
        return;
    }

    if (change->client != NULL && !change->is_closed) {
        (void)!close_image(change, NULL); /* another error is reported */
    }
    g_clear_pointer(&change->warnings, g_ptr_array_unref);
    qblk_snapshot_unref(change->snapshot);
    qblk_client_unref(change->client);
    qblk_plan_options_unref(change->plan_options);
    qblk_recovery_unref(change->recovery);
    g_free(change);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkChange, change_free)

static gboolean
open_live(QblkChange *change, QblkRecoverPurpose purpose, GError **error)
{
    QblkInvocation *invocation = change->invocation;

    change->client = qblk_vm_connect_for_change(invocation, change->options->secrets,
                                                change->options->dry_run, error);
    if (change->client == NULL) {
        return FALSE;
    }

    qblk_vm_log(change->client, invocation);
    const QblkRecoveryRequest request = {
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

/* No file of a capture is on this machine. */
static gboolean
check_capture(const QblkChange *change, GError **error)
{
    if (!change->options->delete_removed) {
        return TRUE;
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "option --delete is not valid for '%s': its files are not on this machine",
                change->invocation->arguments[0]);
    return FALSE;
}

static gboolean
open_capture(QblkChange *change, GError **error)
{
    if (!check_capture(change, error)) {
        return FALSE;
    }

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

static QblkChange *
change_open(QblkInvocation *invocation, const QblkChangeOptions *options,
            QblkRecoverPurpose purpose, GError **error)
{
    if (!qblk_change_options_check(options, error) ||
        !qblk_recovery_check_state_dir(options->state_dir, error)) {
        return NULL;
    }

    g_autoptr(QblkChange) change = g_new0(QblkChange, 1);
    change->invocation = invocation;
    change->options = options;
    change->warnings = g_ptr_array_new_with_free_func(g_free);
    change->plan_options = qblk_change_options_for_plans(options, invocation->timeout_ms, error);
    if (change->plan_options == NULL) {
        return NULL;
    }

    gboolean from_capture =
        options->dry_run && qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_CAPTURE;
    gboolean is_open =
        from_capture ? open_capture(change, error) : open_live(change, purpose, error);
    if (!is_open || !check_expected(change, error)) {
        return NULL;
    }
    return g_steal_pointer(&change);
}

/* ---- planning ---- */

const char *
qblk_change_get_disk(const QblkChange *change)
{
    return change->invocation->arguments[1];
}

static void
print_warnings(const QblkChange *change, const QblkPlans *plans)
{
    for (guint i = 0; i < qblk_plans_get_n_skipped(plans); i++) {
        g_autofree char *warning =
            g_strdup_printf("disk '%s' is skipped: %s", qblk_plans_get_skipped_target(plans, i),
                            qblk_plans_get_skipped_reason(plans, i));
        qblk_output_warn(&change->invocation->output, warning);
    }

    for (guint i = 0; i < qblk_plans_get_n_plans(plans); i++) {
        const QblkPlan *plan = qblk_plans_get_plan(plans, i);
        for (guint j = 0; j < qblk_plan_get_n_warnings(plan); j++) {
            qblk_change_run_warn(change, qblk_plan_get_warning(plan, j));
        }
    }
}

/* ---- finishing ---- */

static QblkJson *
warnings_json(const QblkChange *change)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < change->warnings->len; i++) {
        qblk_json_append(list, qblk_json_new_string(change->warnings->pdata[i]));
    }
    return list;
}

/* @plans: that were made; @done: with what has become of them */
static void
print_json(const QblkChange *change, const QblkChangeReport *report, const QblkPlans *plans,
           const QblkPlans *done)
{
    g_autofree char *text = qblk_plans_to_json(plans);
    g_autoptr(QblkJson) all = qblk_json_parse(text, strlen(text), NULL);

    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < qblk_plans_get_n_plans(done); i++) {
        qblk_json_append(list, qblk_change_report_json(report, qblk_plans_get_plan(done, i)));
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set(result, "plans", list);
    qblk_json_set(result, "warnings", warnings_json(change));
    if (change->options->all_disks) {
        qblk_json_set(result, "skipped", qblk_json_ref(qblk_json_get(all, "skipped")));
    }
    qblk_output_json(&change->invocation->output, result);
}

static void
print_text(QblkOutput *output, const QblkChangeReport *report, const QblkPlans *plans)
{
    guint count = qblk_plans_get_n_plans(plans);

    for (guint i = 0; i < count; i++) {
        qblk_change_report_print(report, qblk_plans_get_plan(plans, i), output);
    }
    if (count == 0) {
        qblk_output_print(output, "nothing to do\n");
    }
}

/* What a mend cannot put right is not an error. */
static gboolean
has_remaining(const QblkPlans *plans)
{
    for (guint i = 0; i < qblk_plans_get_n_plans(plans); i++) {
        if (qblk_plan_has_remaining(qblk_plans_get_plan(plans, i))) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
change_finish(QblkChange *change, QblkPlans *plans, GError **error)
{
    const QblkInvocation *invocation = change->invocation;
    const QblkChangeReport report = {
        .vm = invocation->arguments[0],
        .state_dir = change->options->state_dir,
        .naming = invocation->naming,
        .dry_run = change->options->dry_run,
        .detach = change->options->detach,
        .force_managed = change->options->force_managed,
    };

    print_warnings(change, plans);
    g_autoptr(QblkPlans) done = report.dry_run
                                    ? qblk_plans_ref(plans)
                                    : qblk_change_run_plans(change, plans, &report, error);
    if (done == NULL || (!report.dry_run && !close_image(change, error))) {
        return FALSE;
    }

    if (has_remaining(done)) {
        change->invocation->exit_code = QBLK_EXIT_FAILED;
    }
    if (invocation->output.json) {
        print_json(change, &report, plans, done);
    } else {
        print_text(&change->invocation->output, &report, done);
    }
    return TRUE;
}

/* The one disk that is named is as requested. */
static void
finish_unchanged(const QblkChange *change, const char *reason)
{
    QblkOutput *output = &change->invocation->output;
    if (!output->json) {
        qblk_output_print(output, "%s\n", reason);
        return;
    }

    QblkJson *skipped = qblk_json_new_object();
    qblk_json_set_string(skipped, "target", qblk_change_get_disk(change));
    qblk_json_set_string(skipped, "reason", reason);
    QblkJson *all_skipped = qblk_json_new_array();
    qblk_json_append(all_skipped, skipped);

    QblkJson *result = qblk_json_new_object();
    qblk_json_set(result, "plans", qblk_json_new_array());
    qblk_json_set(result, "warnings", qblk_json_new_array());
    qblk_json_set(result, "skipped", all_skipped);
    qblk_output_json(output, result);
}

/* ---- the command ---- */

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
    if (qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_IMAGE) {
        return TRUE; /* it has one disk */
    }

    if (options->all_disks == names_disk) {
        return qblk_usage_error(error, "'qblk %s' needs either a DISK or --all-disks",
                                invocation->command->name);
    }
    return TRUE;
}

gboolean
qblk_change_run(QblkInvocation *invocation, const QblkChangeOptions *options,
                QblkRecoverPurpose purpose, QblkChangePlanner planner, gconstpointer data,
                GError **error)
{
    if (!check_disk(invocation, options, error)) {
        return FALSE;
    }

    g_autoptr(QblkChange) change = change_open(invocation, options, purpose, error);
    if (change == NULL) {
        return FALSE;
    }

    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkPlans) plans = planner(change, data, &cause);
    if (g_error_matches(cause, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO)) {
        finish_unchanged(change, cause->message);
        return TRUE;
    }
    if (plans == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return change_finish(change, plans, error);
}
