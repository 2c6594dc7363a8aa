/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/plan-schema.h"

#include "plan/plan-check.h"

void
qblk_plan_schema_set_features(QblkPlanContext *context, const QblkSchema *schema)
{
    context->masks_protocol =
        qblk_schema_has_argument(schema, "block-commit", "backing-mask-protocol") &&
        qblk_schema_has_argument(schema, "block-stream", "backing-mask-protocol");
    context->lacks_bitmap_merge =
        !qblk_schema_has_argument(schema, "transaction", "actions") ||
        !qblk_schema_has_argument(schema, "block-dirty-bitmap-merge", "bitmaps");
    context->lacks_reopen = !qblk_schema_has_argument(schema, "blockdev-reopen", "options");
    context->lacks_hmp = !qblk_schema_has_argument(schema, "human-monitor-command", "command-line");
}

/* The schema of QEMU 5.2 lacks the properties of objects, which its object-add accepts. */
static gboolean
has_all_members(const QblkSchema *schema, const char *command)
{
    return !g_str_equal(command, "object-add") ||
           !qblk_schema_has_argument(schema, "object-add", "props");
}

static gboolean
check_step_schema(const QblkStep *step, const QblkSchema *schema, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (step->command == NULL) {
        return TRUE;
    }
    const QblkJson *arguments = has_all_members(schema, step->command) ? step->arguments : NULL;
    if (!qblk_schema_supports(schema, step->command, arguments, &cause)) {
        return qblk_plan_refuse(error, "this QEMU cannot %s: %s", step->purpose, cause->message);
    }
    return TRUE;
}

static gboolean
check_steps_schema(const GPtrArray *steps, const QblkSchema *schema, GError **error)
{
    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        if (!check_step_schema(step, schema, error)) {
            return FALSE;
        }
        if (!check_steps_schema(step->undo, schema, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_plan_schema_check(const QblkPlan *plan, const QblkSchema *schema, GError **error)
{
    return check_steps_schema(plan->steps, schema, error);
}

gboolean
qblk_plan_schema_can_add_monitor(const QblkSchema *schema)
{
    g_autoptr(QblkJson) arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "qom-type", "monitor-qmp");
    qblk_json_set_string(arguments, "id", "monitor");
    qblk_json_set_string(arguments, "chardev", "monitor");

    return qblk_schema_supports(schema, "object-add", arguments, NULL);
}
