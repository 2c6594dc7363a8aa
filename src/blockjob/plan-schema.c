/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/plan-schema.h"

#include "blockjob/known-commands.h"
#include "plan/plan-check.h"

/* ---- by the version ---- */

/* A storage daemon does not have all commands, and no run state. */
static gboolean
is_known(const QblkSnapshot *snapshot)
{
    return snapshot != NULL && snapshot->run_state != NULL &&
           qblk_known_commands_cover(&snapshot->version);
}

/* TRUE if the header above a layer of the disk of @context may name the protocol of the layer, and
 * not its format, without backing-mask-protocol: QEMU has opened it without a format node.  The
 * argument has no effect on others. */
static gboolean
may_mask_protocol(const QblkPlanContext *context)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, NULL);
    for (guint i = 1; chain != NULL && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (g_strcmp0(layer->node_name, layer->storage) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_plan_schema_know_features(QblkPlanContext *context)
{
    static const QblkQemuVersion masks_protocol = {9, 0, 0}, has_reopen = {6, 1, 0};
    if (!is_known(context->snapshot)) {
        return FALSE;
    }

    const QblkQemuVersion *version = &context->snapshot->version;
    gboolean masks = qblk_qemu_version_compare(version, &masks_protocol) >= 0;
    if (!masks && may_mask_protocol(context)) {
        return FALSE;
    }
    context->masks_protocol = masks;
    context->lacks_bitmap_merge = FALSE;
    context->lacks_reopen = qblk_qemu_version_compare(version, &has_reopen) < 0;
    context->lacks_hmp = FALSE;
    return TRUE;
}

static gboolean
are_steps_known(const GPtrArray *steps, const QblkQemuVersion *version)
{
    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        if (step->command != NULL &&
            !qblk_known_commands_has(version, step->command, step->arguments)) {
            return FALSE;
        }
        if (!are_steps_known(step->undo, version)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_plan_schema_is_known(const QblkPlan *plan, const QblkSnapshot *snapshot)
{
    return is_known(snapshot) && are_steps_known(plan->steps, &snapshot->version);
}

/* ---- by the schema ---- */

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
