/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/recover-report.h"

#include <stdio.h>

/* ---- interrupted operations ---- */

/* @outcome: of the operation, such as "completed" */
static char *
describe_resumed(const QblkRecoverResult *result, const char *outcome)
{
    return g_strdup_printf("%s of '%s', interrupted in stage '%s': %s", result->kind,
                           result->target, qblk_stage_name(result->stage), outcome);
}

/* What the disk has after the restart. */
static char *
describe_restart(const QblkRecoverResult *result)
{
    switch (result->restart) {
    case QBLK_RESTART_ALL_DATA:
        return g_strdup("it has all data");
    case QBLK_RESTART_OTHER_IMAGE:
        return g_strdup_printf("the image is neither '%s' nor '%s'", result->old_top,
                               result->new_top);
    case QBLK_RESTART_LAST_WRITES:
        return g_strdup_printf("the last writes of the guest before the restart may be only in "
                               "'%s'",
                               result->old_top);
    case QBLK_RESTART_CHAIN_BEFORE:
        return g_strdup("the chain is unchanged");
    case QBLK_RESTART_CHAIN_AFTER:
        return g_strdup("the chain is as planned");
    case QBLK_RESTART_CHAIN_UNKNOWN:
        return g_strdup("the chain before the job is not known");
    case QBLK_RESTART_CHAIN_OTHER:
        break;
    }
    return g_strdup("the chain is neither unchanged nor as planned");
}

static char *
describe_restarted(const QblkRecoverResult *result)
{
    g_autofree char *restart = describe_restart(result);

    if (result->image == NULL) {
        return g_strdup_printf("%s of '%s': QEMU was restarted without an image: %s", result->kind,
                               result->target, restart);
    }
    return g_strdup_printf("%s of '%s': QEMU was restarted with the image '%s': %s", result->kind,
                           result->target, result->image, restart);
}

/* Why an operation would be completed or rolled back. */
static char *
describe_found(const QblkRecoverResult *result)
{
    switch ((int)result->found) {
    case QBLK_RUN_NOT_STARTED:
        return g_strdup("its job was not started");
    case QBLK_RUN_JOB_FAILED:
        return g_strdup("its job has failed");
    case QBLK_RUN_ENDED_WELL:
        return g_strdup("its job has succeeded");
    case QBLK_RUN_CHAIN_AFTER:
        return g_strdup("the chain is as planned");
    case QBLK_RUN_CHAIN_BEFORE:
        return g_strdup("its job has ended, and the chain is unchanged");
    default:
        break;
    }
    return g_strdup_printf("its job is %s", result->job_state == NULL ? "gone" : result->job_state);
}

static char *
describe_preview(const QblkRecoverResult *result)
{
    g_autofree char *found = describe_found(result);

    if (result->outcome == QBLK_RECOVER_WOULD_ROLL_BACK) {
        return g_strdup_printf("%s of '%s', interrupted in stage '%s': would be rolled back: %s",
                               result->kind, result->target, qblk_stage_name(result->stage), found);
    }
    if (result->new_top != NULL) {
        return g_strdup_printf("%s of '%s', interrupted in stage '%s': would be completed, with "
                               "the guest on '%s' afterwards: %s",
                               result->kind, result->target, qblk_stage_name(result->stage),
                               result->new_top, found);
    }
    return g_strdup_printf("%s of '%s', interrupted in stage '%s': would be completed: %s",
                           result->kind, result->target, qblk_stage_name(result->stage), found);
}

char *
qblk_recover_report_text(const QblkRecoverResult *result)
{
    switch (result->outcome) {
    case QBLK_RECOVER_COMPLETED:
        return describe_resumed(result, "completed");
    case QBLK_RECOVER_READY:
        return describe_resumed(result, "the job is ready");
    case QBLK_RECOVER_ROLLED_BACK:
        return describe_resumed(result, "rolled back, the chain is unchanged");
    case QBLK_RECOVER_RESTARTED:
        return describe_restarted(result);
    case QBLK_RECOVER_BUSY:
        return g_strdup_printf("%s of '%s': another qblk is working on it", result->kind,
                               result->target);
    case QBLK_RECOVER_WOULD_COMPLETE:
    case QBLK_RECOVER_WOULD_ROLL_BACK:
        return describe_preview(result);
    case QBLK_RECOVER_FAILED:
        break;
    }
    return NULL;
}

QblkJson *
qblk_recover_report_json(const QblkRecoverResult *result)
{
    QblkJson *object = qblk_json_new_object();
    g_autofree char *text = qblk_recover_report_text(result);

    qblk_json_set_string(object, "kind", result->kind);
    qblk_json_set_string(object, "target", result->target);
    qblk_json_set_string(object, "vm", result->vm);
    qblk_json_set_string(object, "stage", qblk_stage_name(result->stage));
    qblk_json_set_string(object, "outcome", qblk_recover_outcome_name(result->outcome));
    qblk_json_set_string(object, "end", text);
    return object;
}

void
qblk_recover_report_notices(const GPtrArray *results)
{
    for (guint i = 0; i < results->len; i++) {
        g_autofree char *text = qblk_recover_report_text(results->pdata[i]);
        if (text != NULL) {
            g_autofree char *safe = qblk_output_escape(text);
            fprintf(stderr, "qblk: %s\n", safe);
        }
    }
}

/* ---- marks of merged images ---- */

void
qblk_recover_report_removed(const GPtrArray *removed)
{
    for (guint i = 0; i < removed->len; i++) {
        g_autofree char *safe = qblk_output_escape(removed->pdata[i]);
        fprintf(stderr, "qblk: %s\n", safe);
    }
}

/* ---- the image to boot from ---- */

static const char *
describe_reason(QblkVerdictReason reason)
{
    switch (reason) {
    case QBLK_VERDICT_HAS_ALL_DATA:
        return "it has all data";
    case QBLK_VERDICT_JOB_NOT_FINISHED:
        return "the job had not ended";
    case QBLK_VERDICT_CHAIN_BEFORE:
        return "its chain is unchanged";
    case QBLK_VERDICT_CHAIN_AFTER:
        return "its chain is as planned";
    case QBLK_VERDICT_NO_OPERATION:
        return "no interrupted operation is known";
    case QBLK_VERDICT_NO_OPERATION_HERE:
        return "no interrupted operation is known on this machine, and the image is a block device";
    case QBLK_VERDICT_NO_READABLE_JOURNAL:
        break;
    }
    return "no readable journal names it";
}

void
qblk_recover_report_add_verdict(QblkJson *object, const QblkImageVerdict *verdict)
{
    QblkJson *unused = qblk_json_new_array();
    for (guint i = 0; i < verdict->unused->len; i++) {
        qblk_json_append(unused, qblk_json_new_string(verdict->unused->pdata[i]));
    }

    qblk_json_set_string(object, "boot", verdict->boot);
    qblk_json_set_string(object, "reason", describe_reason(verdict->reason));
    qblk_json_set_string(object, "incomplete", verdict->incomplete);
    qblk_json_set(object, "unused", unused);
}

/* It is not known from which image to boot. */
static void
print_unknown(QblkOutput *output, const QblkImageVerdict *verdict)
{
    g_autofree char *image = qblk_output_escape(verdict->image);

    if (verdict->reason == QBLK_VERDICT_NO_READABLE_JOURNAL) {
        qblk_output_print(output, "no readable journal names '%s'\n", image);
        return;
    }

    qblk_output_print(output, "no interrupted operation is known for '%s'\n", image);
    if (verdict->reason == QBLK_VERDICT_NO_OPERATION_HERE) {
        qblk_output_print(output,
                          "it is a block device: if it was merged on another machine, the mark is "
                          "there\n");
    }
}

void
qblk_recover_report_print_verdict(QblkOutput *output, const QblkImageVerdict *verdict)
{
    if (verdict->boot == NULL) {
        print_unknown(output, verdict);
        return;
    }

    g_autofree char *boot = qblk_output_escape(verdict->boot);
    qblk_output_print(output, "boot from: %s\n  (%s)\n", boot, describe_reason(verdict->reason));

    if (verdict->incomplete != NULL) {
        g_autofree char *file = qblk_output_escape(verdict->incomplete);
        qblk_output_print(output, "incomplete copy: %s\n", file);
    }
    for (guint i = 0; i < verdict->unused->len; i++) {
        g_autofree char *file = qblk_output_escape(verdict->unused->pdata[i]);
        qblk_output_print(output, "no longer in use: %s\n", file);
    }
}

void
qblk_recover_report_warnings(const QblkImageVerdict *verdict)
{
    for (guint i = 0; i < verdict->unreadable->len; i++) {
        const char *reason = verdict->unreadable->pdata[i];
        g_autofree char *warning = g_strdup_printf("%s: it may be of this image", reason);
        qblk_output_warn(warning);
    }
}
