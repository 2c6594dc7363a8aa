/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/plans.h"
#include "plan/plan-json.h"
#include "plan/plan-options.h"
#include "plan/plan-read.h"
#include "plan/plan-text.h"
#include "recover/state-directory.h"

#include <string.h>

/* ---- to text and JSON ---- */

char *
qblk_plans_to_text(const QblkPlans *plans)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < plans->plans->len; i++) {
        qblk_plan_text(plans->plans->pdata[i], text);
    }
    return g_string_free(text, FALSE);
}

static QblkJson *
write_skipped(const QblkSkippedDisk *skipped)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "target", skipped->target);
    qblk_json_set_string(object, "reason", skipped->reason);
    return object;
}

char *
qblk_plans_to_json(const QblkPlans *plans)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < plans->plans->len; i++) {
        qblk_json_append(list, qblk_plan_json_new(plans->plans->pdata[i]));
    }

    QblkJson *skipped = qblk_json_new_array();
    for (guint i = 0; i < plans->skipped->len; i++) {
        qblk_json_append(skipped, write_skipped(plans->skipped->pdata[i]));
    }

    g_autoptr(QblkJson) root = qblk_json_new_object();
    qblk_json_set(root, "plans", list);
    qblk_json_set(root, "skipped", skipped);
    return qblk_json_print(root, QBLK_JSON_INDENT);
}

/* ---- from JSON ---- */

static QblkPlan *
read_plan(const QblkJson *json, const QblkPlanOptions *options, GError **error)
{
    QblkPlan *plan = qblk_plan_read(json, options, error);

    if (plan != NULL) {
        plan->state_dir =
            qblk_state_directory_get(options == NULL ? NULL : options->state_directory);
    }
    return plan;
}

QblkPlan *
qblk_plan_from_json(const char *json, const QblkPlanOptions *options, GError **error)
{
    g_autoptr(QblkJson) root = qblk_json_parse(json, strlen(json), error);

    return root == NULL ? NULL : read_plan(root, options, error);
}

static gboolean
read_skipped(QblkPlans *plans, const QblkJson *list, GError **error)
{
    for (gsize i = 0; i < qblk_json_length(list); i++) {
        const QblkJson *skipped = qblk_json_at(list, i);
        const char *target = qblk_json_get_string(skipped, "target");
        const char *reason = qblk_json_get_string(skipped, "reason");
        if (target == NULL || reason == NULL) {
            g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE,
                        "not a list of plans: a disk in 'skipped' has no target or no reason");
            return FALSE;
        }
        qblk_plans_skip(plans, target, reason);
    }
    return TRUE;
}

static gboolean
read_plans(QblkPlans *plans, const QblkJson *list, const QblkPlanOptions *options, GError **error)
{
    for (gsize i = 0; i < qblk_json_length(list); i++) {
        g_autoptr(QblkPlan) plan = read_plan(qblk_json_at(list, i), options, error);
        if (plan == NULL) {
            return FALSE;
        }
        if (qblk_plans_has_plan_for(plans, plans->plans->len, plan)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "there are two plans for '%s', or for its job '%s'", plan->target,
                        plan->job);
            return FALSE;
        }
        qblk_plans_add(plans, plan);
    }
    return TRUE;
}

QblkPlans *
qblk_plans_from_json(const char *json, const QblkPlanOptions *options, GError **error)
{
    g_autoptr(QblkJson) root = qblk_json_parse(json, strlen(json), error);
    if (root == NULL) {
        return NULL;
    }

    const QblkJson *list = qblk_json_get(root, "plans");
    const QblkJson *skipped = qblk_json_get(root, "skipped");
    if (!qblk_json_is(list, QBLK_JSON_ARRAY) ||
        (skipped != NULL && !qblk_json_is(skipped, QBLK_JSON_ARRAY))) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE,
                    "not a list of plans: 'plans' or 'skipped' is missing or has another type");
        return NULL;
    }

    g_autoptr(QblkPlans) plans = qblk_plans_new();
    if (!read_plans(plans, list, options, error) || !read_skipped(plans, skipped, error)) {
        return NULL;
    }
    return g_steal_pointer(&plans);
}
