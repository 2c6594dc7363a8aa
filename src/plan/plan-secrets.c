/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-secrets.h"

#include "plan/plan-check.h"
#include "plan/plan-steps.h"

/* TRUE if QEMU has the object @id; FALSE also if its objects are not known. */
static gboolean
has_object(const QblkPlanContext *context, const char *id)
{
    for (gsize i = 0; i < qblk_json_length(context->objects); i++) {
        const char *name = qblk_json_get_string(qblk_json_at(context->objects, i), "name");
        if (g_strcmp0(name, id) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The secret that the plan creates an object for, or NULL.  The daemon of an image has those with
 * which it has opened the image. */
static const QblkSecretFile *
find_new(const QblkPlanContext *context, const char *id)
{
    gboolean has_it = context->image_layers != NULL && has_object(context, id);
    if (context->secrets == NULL || context->has_secret_objects || has_it) {
        return NULL;
    }
    return qblk_secret_file_find(context->secrets, id);
}

gboolean
qblk_plan_secrets_check(const QblkPlanContext *context, const char *id, GError **error)
{
    gboolean is_new = find_new(context, id) != NULL;

    if (!qblk_secret_file_is_object_id(id)) {
        return qblk_plan_refuse(error,
                                "invalid id '%s' of a secret: use letters, digits, '-', '.' and "
                                "'_', and a letter first",
                                id);
    }
    if (is_new && has_object(context, id)) {
        return qblk_plan_refuse(error,
                                "QEMU already has an object '%s': use another id, or omit --secret "
                                "to use that object",
                                id);
    }
    if (!is_new && context->objects != NULL && !has_object(context, id)) {
        return qblk_plan_refuse(error,
                                "QEMU has no secret object '%s': use --secret %s=FILE, with the "
                                "path of a file that contains the key or passphrase",
                                id, id);
    }
    return TRUE;
}

static QblkStep *
step_new_delete(const char *id)
{
    QblkStep *step = qblk_plan_step_new();

    step->purpose = g_strdup("delete the secret object");
    step->command = g_strdup("object-del");
    step->arguments = qblk_json_new_object();
    qblk_json_set_string(step->arguments, "id", id);
    step->may_fail = TRUE;
    return step;
}

void
qblk_plan_secrets_add(QblkPlan *plan, const QblkPlanContext *context, const char *id)
{
    const QblkSecretFile *secret = find_new(context, id);
    if (secret == NULL) {
        return;
    }

    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "qom-type", "secret");
    qblk_json_set_string(arguments, "id", id);
    qblk_json_set_string(arguments, "file", secret->path);

    QblkStep *step = qblk_plan_add(plan, "let QEMU read the secret", "object-add", arguments);
    g_ptr_array_add(step->undo, step_new_delete(id));
}

void
qblk_plan_secrets_remove(QblkPlan *plan, const QblkPlanContext *context, const char *id)
{
    if (find_new(context, id) != NULL) {
        g_ptr_array_add(plan->steps, step_new_delete(id));
    }
}

static gboolean
creates(const QblkPlan *plan, const char *id)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->command, "object-add") == 0 &&
            g_strcmp0(qblk_json_get_string(step->arguments, "id"), id) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_plan_secrets_check_used(const QblkPlan *plan, const QblkPlanContext *context, GError **error)
{
    gboolean is_image = context->image_layers != NULL; /* it may be encrypted itself */
    if (context->secrets == NULL || context->has_secret_objects || is_image) {
        return TRUE;
    }

    for (guint i = 0; i < context->secrets->len; i++) {
        const QblkSecretFile *secret = context->secrets->pdata[i];
        if (!creates(plan, secret->id)) {
            return qblk_plan_refuse(error,
                                    "secret '%s' is not used: omit --secret %s=%s, or name it with "
                                    "--encrypt",
                                    secret->id, secret->id, secret->path);
        }
    }
    return TRUE;
}
