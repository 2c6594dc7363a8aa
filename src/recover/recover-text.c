/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program shows of a result: a sentence, and a JSON object. */
#include "recover/recover-result.h"

#include <string.h>

#define IMAGE "image:"

static gboolean
is_image(const QblkRecoverResult *result)
{
    return result->vm != NULL && g_str_has_prefix(result->vm, IMAGE);
}

/* The disk of an operation: its target, or the path of an image. */
static const char *
disk_of(const QblkRecoverResult *result)
{
    return is_image(result) ? result->vm + strlen(IMAGE) : result->target;
}

/* @outcome: of the operation, such as "completed" */
static char *
describe_resumed(const QblkRecoverResult *result, const char *outcome)
{
    return g_strdup_printf("%s of '%s', interrupted in stage '%s': %s", result->kind,
                           disk_of(result), qblk_stage_name(result->stage), outcome);
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
    case QBLK_RESTART_OLD_IN_DOUBT:
        return g_strdup_printf("'%s' was written after its guest had left it: by QEMU when it "
                               "closed the image, or by a guest that was started from it since; "
                               "then both images have data that the other lacks",
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
                               disk_of(result), restart);
    }
    return g_strdup_printf("%s of '%s': QEMU was restarted with the image '%s': %s", result->kind,
                           disk_of(result), result->image, restart);
}

/* Why an operation would be completed or rolled back. */
static char *
describe_found(const QblkRecoverResult *result)
{
    if (result->lacks_job && result->found != QBLK_RUN_CHAIN_AFTER) {
        return g_strdup("the chain is unchanged");
    }
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
                               result->kind, disk_of(result), qblk_stage_name(result->stage),
                               found);
    }
    if (result->new_top != NULL && is_image(result)) {
        return g_strdup_printf("%s of '%s', interrupted in stage '%s': would be completed, with "
                               "all data in '%s' afterwards: %s",
                               result->kind, disk_of(result), qblk_stage_name(result->stage),
                               result->new_top, found);
    }
    if (result->new_top != NULL) {
        return g_strdup_printf("%s of '%s', interrupted in stage '%s': would be completed, with "
                               "the guest on '%s' afterwards: %s",
                               result->kind, disk_of(result), qblk_stage_name(result->stage),
                               result->new_top, found);
    }
    return g_strdup_printf("%s of '%s', interrupted in stage '%s': would be completed: %s",
                           result->kind, disk_of(result), qblk_stage_name(result->stage), found);
}

char *
qblk_recover_result_to_text(const QblkRecoverResult *result)
{
    switch (result->outcome) {
    case QBLK_RECOVER_COMPLETED:
        return describe_resumed(result, "completed");
    case QBLK_RECOVER_READY:
        return describe_resumed(result, "the job is ready");
    case QBLK_RECOVER_ROLLED_BACK:
        return describe_resumed(result, result->is_repeatable
                                            ? "ended; repeat the command for what is not done yet"
                                            : "rolled back, the chain is unchanged");
    case QBLK_RECOVER_RESTARTED:
        return describe_restarted(result);
    case QBLK_RECOVER_BUSY:
        return g_strdup_printf("%s of '%s': another qblk is working on it", result->kind,
                               disk_of(result));
    case QBLK_RECOVER_WOULD_COMPLETE:
    case QBLK_RECOVER_WOULD_ROLL_BACK:
        return describe_preview(result);
    case QBLK_RECOVER_FAILED:
        break;
    }
    return NULL;
}

QblkJson *
qblk_recover_result_json_new(const QblkRecoverResult *result)
{
    QblkJson *object = qblk_json_new_object();
    g_autofree char *text = qblk_recover_result_to_text(result);

    qblk_json_set_string(object, "kind", result->kind);
    qblk_json_set_string(object, "target", result->target);
    qblk_json_set_string(object, "vm", result->vm);
    qblk_json_set_string(object, "stage", qblk_stage_name(result->stage));
    qblk_json_set_string(object, "outcome", qblk_recover_outcome_name(result->outcome));
    qblk_json_set_string(object, "end", text);
    return object;
}

char *
qblk_recover_result_to_json(const QblkRecoverResult *result)
{
    g_autoptr(QblkJson) json = qblk_recover_result_json_new(result);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}
