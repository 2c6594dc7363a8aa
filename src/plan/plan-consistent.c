/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-consistent.h"

#include "plan/leftovers.h"
#include "plan/overlay-consistent.h"
#include "plan/plan-check.h"
#include "plan/plan-flush.h"
#include "plan/plan-mend.h"
#include "plan/plan-monitor.h"

#include <string.h>

/* The commands of plans. */
typedef struct {
    const char *command;
    const char *job;      /* argument that is the id of the job, or NULL */
    gboolean is_start;    /* it starts the job of the plan */
    gboolean is_final;    /* it can change the chain */
    gboolean is_monitor;  /* it is for a monitor, whose id it has */
    gboolean is_control;  /* only for a job that existed before the plan */
    const char *kinds[4]; /* of plans that have it, ends with NULL; empty: all of them */
} Command;

static const Command commands[] = {
    {.command = "block-commit", .job = "job-id", .is_start = TRUE, .kinds = {"commit"}},
    {.command = "block-stream", .job = "job-id", .is_start = TRUE, .kinds = {"pull", "mend"}},
    {.command = "blockdev-mirror", .job = "job-id", .is_start = TRUE, .kinds = {"copy"}},
    {.command = "blockdev-create", .job = "job-id", .kinds = {"copy", "snapshot"}},
    {.command = "job-finalize", .job = "id", .is_final = TRUE},
    {.command = "job-complete", .job = "id", .is_final = TRUE},
    {.command = "block-job-cancel", .job = "device", .is_final = TRUE},
    {.command = "job-cancel", .job = "id"},
    {.command = "job-dismiss", .job = "id"},
    {.command = "job-pause", .job = "id", .is_control = TRUE},
    {.command = "job-resume", .job = "id", .is_control = TRUE},
    {.command = "block-job-set-speed", .job = "device", .is_control = TRUE},
    {.command = "blockdev-add", .kinds = {"copy", "snapshot"}},
    {.command = "blockdev-del"},
    {.command = "block-dirty-bitmap-remove"},
    {.command = "change-backing-file"},
    {.command = "transaction", .is_final = TRUE},
    {.command = "human-monitor-command"},
    {.command = "blockdev-reopen"},
    {.command = "chardev-add", .job = "id", .is_monitor = TRUE},
    {.command = "chardev-remove", .job = "id", .is_monitor = TRUE},
    {.command = "object-add", .job = "id", .is_monitor = TRUE},
    {.command = "object-del", .job = "id", .is_monitor = TRUE},
    {.command = "object-add", .kinds = {"copy", "snapshot"}},
    {.command = "object-del", .kinds = {"copy", "snapshot"}},
};

/* The row of a plan for a monitor, or of another one, if there are both. */
static const Command *
find_command(const QblkPlan *plan, const char *name)
{
    gboolean is_monitor = qblk_plan_is_of_monitor(plan);

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].command, name) && commands[i].is_monitor == is_monitor) {
            return &commands[i];
        }
    }
    return NULL;
}

/* Set an error on @plan with a reason as of printf().  Returns: FALSE. */
#define invalid(error, plan, format, ...)                                                          \
    qblk_plan_refuse(error, "the plan of '%s' is not valid: " format, (plan)->target, __VA_ARGS__)

/* TRUE if the commands of @plan change the chain by themselves. */
static gboolean
has_no_job(const QblkPlan *plan)
{
    return g_str_equal(plan->kind, "snapshot");
}

static gboolean
is_mend(const QblkPlan *plan)
{
    return g_str_equal(plan->kind, QBLK_PLAN_MEND);
}

/* ---- what is sent ---- */

/* Only what flushes a node: the command can do much more. */
static gboolean
is_flush(const QblkJson *arguments)
{
    static const char head[] = "qemu-io \"", tail[] = "\" flush";
    const char *line = qblk_json_get_string(arguments, "command-line");
    gsize around = strlen(head) + strlen(tail);

    if (line == NULL || strlen(line) <= around || !g_str_has_prefix(line, head) ||
        !g_str_has_suffix(line, tail)) {
        return FALSE;
    }
    g_autofree char *node = g_strndup(line + strlen(head), strlen(line) - around);
    return strpbrk(node, "\"\\\n\r") == NULL;
}

/* Only what carries bitmaps over: other actions change images or start jobs. */
static gboolean
is_of_bitmaps(const QblkJson *arguments)
{
    const QblkJson *actions = qblk_json_get(arguments, "actions");

    for (gsize i = 0; i < qblk_json_length(actions); i++) {
        const char *type = qblk_json_get_string(qblk_json_at(actions, i), "type");
        if (g_strcmp0(type, "block-dirty-bitmap-add") != 0 &&
            g_strcmp0(type, "block-dirty-bitmap-merge") != 0) {
            return FALSE;
        }
    }
    return qblk_json_length(actions) > 0;
}

/* Only a secret in a file: other objects can do much more, and a plan does not contain secrets. */
static gboolean
is_secret(const QblkJson *arguments)
{
    const char *path = qblk_json_get_string(arguments, "file");

    return g_strcmp0(qblk_json_get_string(arguments, "qom-type"), "secret") == 0 && path != NULL &&
           g_path_is_absolute(path) && qblk_json_length(arguments) == 3;
}

/* TRUE if @plan creates the object that @arguments name. */
static gboolean
is_own_object(const QblkPlan *plan, const QblkJson *arguments)
{
    const char *id = qblk_json_get_string(arguments, "id");

    for (guint i = 0; id != NULL && i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->command, "object-add") == 0 &&
            g_strcmp0(qblk_json_get_string(step->arguments, "id"), id) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_allowed_arguments(const QblkPlan *plan, const QblkStep *step)
{
    if (g_str_equal(step->command, "human-monitor-command")) {
        return is_flush(step->arguments);
    }
    if (g_str_equal(step->command, "blockdev-reopen")) {
        return qblk_plan_flush_is_reopen(step->arguments);
    }
    if (g_str_equal(step->command, "transaction")) {
        /* Those of a snapshot are checked with the rest of its plan. */
        return has_no_job(plan) ? step->is_joint && step->is_final
                                : !step->is_final && is_of_bitmaps(step->arguments);
    }
    if (qblk_plan_is_of_monitor(plan)) {
        return !g_str_equal(step->command, "object-add") ||
               g_strcmp0(qblk_json_get_string(step->arguments, "qom-type"), "monitor-qmp") == 0;
    }
    if (is_mend(plan) && g_str_equal(step->command, "blockdev-del")) {
        const char *node = qblk_json_get_string(step->arguments, "node-name");
        return step->may_fail && node != NULL && qblk_leftovers_is_node(node, plan->target);
    }
    if (g_str_equal(step->command, "object-add")) {
        return is_secret(step->arguments);
    }
    return !g_str_equal(step->command, "object-del") || is_own_object(plan, step->arguments);
}

/* ---- for which job ---- */

/* The job of the plan, one that creates an image, or one that writes a header. */
static gboolean
is_own_job(const QblkPlan *plan, const char *id)
{
    static const char *const ends[] = {"", "-create", QBLK_PLAN_MEND_JOB_END};
    for (gsize i = 0; id != NULL && i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *own = g_strconcat(plan->job, ends[i], NULL);
        if (g_str_equal(id, own)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_own_job(const QblkPlan *plan, const QblkStep *step, const Command *command)
{
    const char *id =
        command->job == NULL ? NULL : qblk_json_get_string(step->arguments, command->job);
    gboolean is_left = id != NULL && qblk_leftovers_get_removed(plan, step) != NULL;
    if (is_left) {
        return step->may_fail && qblk_leftovers_is_job(id, plan->target);
    }
    if (command->job != NULL && !is_own_job(plan, id)) {
        return FALSE;
    }
    if (command->job != NULL && step->job != NULL && !g_str_equal(step->job, id)) {
        return FALSE;
    }
    return step->job == NULL || is_own_job(plan, step->job);
}

static gboolean
is_end(const char *until)
{
    static const char *const states[] = {"ready", "pending", "concluded", NULL};
    return g_strv_contains(states, until);
}

/* ---- steps ---- */

static gboolean
is_of_kind(const QblkPlan *plan, const Command *command)
{
    if (command->is_control) {
        return plan->existing_job;
    }
    const char *kind = g_str_equal(plan->kind, "active-commit") ? "commit" : plan->kind;
    return command->kinds[0] == NULL || g_strv_contains(command->kinds, kind);
}

static gboolean
check_command(const QblkPlan *plan, const QblkStep *step, GError **error)
{
    const Command *command = find_command(plan, step->command);

    if (command == NULL || !is_of_kind(plan, command) || !has_allowed_arguments(plan, step)) {
        return invalid(error, plan, "to %s, it would send '%s', which no such plan does",
                       step->purpose, step->command);
    }
    if (!has_own_job(plan, step, command)) {
        return invalid(error, plan, "to %s, it would send '%s' to another job", step->purpose,
                       step->command);
    }
    if (step->is_start != (command->is_start && g_strcmp0(step->job, plan->job) == 0)) {
        return invalid(error, plan, "'%s' starts its job or does not: both are stated",
                       step->command);
    }
    if ((step->is_final && !command->is_final) || (step->is_joint && !step->is_final)) {
        return invalid(error, plan, "'%s' cannot change the chain", step->command);
    }
    return TRUE;
}

/* @is_undo: of another step, which it rolls back */
static gboolean
check_step(const QblkPlan *plan, const QblkStep *step, gboolean is_undo, GError **error)
{
    if (step->command != NULL && !check_command(plan, step, error)) {
        return FALSE;
    }
    if (step->command == NULL && (is_undo || step->is_start || step->is_final)) {
        return invalid(error, plan, "it has no command to %s", step->purpose);
    }
    if (step->until != NULL && (!is_end(step->until) || step->job == NULL)) {
        return invalid(error, plan, "to %s, it would wait until its job is '%s'", step->purpose,
                       step->until);
    }

    for (guint i = 0; i < step->undo->len; i++) {
        if (!check_step(plan, step->undo->pdata[i], TRUE, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A job is started once, and before it ends.  A plan without one has one step that ends it. */
static gboolean
check_order(const QblkPlan *plan, GError **error)
{
    gboolean has_job = plan->existing_job || has_no_job(plan), has_ended = FALSE;

    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if ((step->is_start && has_job) || (step->is_final && (!has_job || has_ended))) {
            return invalid(error, plan, "to %s is in the wrong place", step->purpose);
        }
        has_job = has_job || step->is_start;
        has_ended = has_ended || step->is_final;
    }

    if (qblk_plan_is_of_monitor(plan) || (is_mend(plan) && !has_job)) {
        return TRUE;
    }

    gboolean is_complete = has_ended || plan->stays_ready || plan->existing_job;
    if (!has_job || !is_complete) {
        return invalid(error, plan, "it %s", has_job ? "does not end its job" : "has no job");
    }
    return TRUE;
}

static gboolean
check_steps(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        if (!check_step(plan, plan->steps->pdata[i], FALSE, error)) {
            return FALSE;
        }
    }
    return check_order(plan, error);
}

/* ---- images and bitmaps ---- */

static gboolean
check_chain(const QblkPlan *plan, const GPtrArray *layers, GError **error)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        if (layer->format == NULL || layer->filename == NULL) {
            return invalid(error, plan, "layer %u has no file or no format", i);
        }
        if (layer->path != NULL && !g_path_is_absolute(layer->path)) {
            return invalid(error, plan, "'%s' is not an absolute path", layer->path);
        }
    }
    return TRUE;
}

/* Which file is deleted is known, and which images have its data afterwards. */
static gboolean
check_removed(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *image = plan->removed->pdata[i];
        gboolean is_known = image->is_local && image->path != NULL &&
                            g_path_is_absolute(image->path) && plan->after->len > 0;
        if (image->will_delete && !is_known) {
            return invalid(error, plan, "'%s' cannot be deleted", image->filename);
        }
    }
    return TRUE;
}

static gboolean
check_bitmaps(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *bitmap = plan->bitmaps->pdata[i];
        gboolean is_complete = bitmap->into != NULL || bitmap->left_out_because != NULL;
        for (guint j = 0; j < bitmap->from->len; j++) {
            const QblkBitmapSource *source = bitmap->from->pdata[j];
            is_complete = is_complete && source->node_name != NULL && source->filename != NULL;
        }
        if (!is_complete) {
            return invalid(error, plan, "what becomes of the bitmap '%s' is not stated",
                           bitmap->name);
        }
    }
    return TRUE;
}

static gboolean
check_images(const QblkPlan *plan, GError **error)
{
    const char *const paths[] = {plan->merged_path, plan->merged_into_path};

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        if (paths[i] != NULL && !g_path_is_absolute(paths[i])) {
            return invalid(error, plan, "'%s' is not an absolute path", paths[i]);
        }
    }
    if ((plan->merged == NULL) != (plan->merged_into == NULL)) {
        return invalid(error, plan, "%s", "one of two merged images is missing");
    }
    return check_chain(plan, plan->before, error) && check_chain(plan, plan->after, error) &&
           check_removed(plan, error) && check_bitmaps(plan, error);
}

gboolean
qblk_plan_consistent_check(const QblkPlan *plan, GError **error)
{
    static const char *const outcomes[] = {QBLK_OUTCOME_CANCELLED, QBLK_OUTCOME_FINISHED,
                                           QBLK_OUTCOME_DISMISSED, NULL};

    if (plan->kind[0] == '\0' || plan->target[0] == '\0' || plan->job[0] == '\0') {
        return invalid(error, plan, "%s", "its kind, its target or its job has no name");
    }
    if (plan->outcome != NULL && !g_strv_contains(outcomes, plan->outcome)) {
        return invalid(error, plan, "its outcome '%s' is not known", plan->outcome);
    }
    return check_steps(plan, error) && check_images(plan, error) &&
           (!has_no_job(plan) || qblk_overlay_consistent_check(plan, error));
}
