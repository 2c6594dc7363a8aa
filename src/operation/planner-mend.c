/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-mend.h"

#include "blockjob/journal-names.h"
#include "operation/chain-headers.h"
#include "operation/check.h"
#include "operation/planner-request.h"
#include "operation/plans.h"
#include "plan/leftovers.h"
#include "plan/mend-options.h"
#include "plan/plan-check.h"
#include "plan/plan-json.h"
#include "plan/plan-managed.h"
#include "plan/plan-mend.h"
#include "recover/state-directory.h"

/* What a mend of one disk is made from.  Borrowed, unless noted. */
typedef struct {
    QblkPlannerRequest request; /* owned */
    const QblkMendOptions *options;
    QblkCheck *check;   /* owned: of this disk */
    GPtrArray *headers; /* owned: of QblkImageHeader, or NULL */
} Mend;

static void
mend_clear(Mend *mend)
{
    qblk_planner_request_clear(&mend->request);
    qblk_check_unref(mend->check);
    g_clear_pointer(&mend->headers, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mend, mend_clear)

/* ---- what is wrong ---- */

/* A job that a journal names is not left. */
static void
set_journals(const GPtrArray *differences, const char *state_directory)
{
    g_autofree char *directory = qblk_state_directory_get(state_directory);
    for (guint i = 0; i < differences->len; i++) {
        QblkDifference *difference = differences->pdata[i];
        if (difference->kind == QBLK_DIFFERENCE_JOB && difference->journal == NULL) {
            difference->journal = qblk_journal_names_find(directory, difference->name, NULL);
        }
    }
}

static gboolean
check_disk(Mend *mend, GError **error)
{
    const QblkPlannerRequest *request = &mend->request;
    const char *const disks[] = {request->context.target, NULL};
    g_autoptr(QblkCheckOptions) options = qblk_check_options_new();

    if (request->client != NULL) {
        qblk_check_options_set_address(options, qblk_client_get_address(request->client));
    }
    qblk_check_options_set_state_directory(options, request->options->state_directory);
    options->lists_named = mend->options->removes_leftovers;
    mend->check = qblk_check_snapshot(request->context.snapshot, disks, options, error);
    if (mend->check == NULL) {
        return FALSE;
    }
    if (mend->options->removes_leftovers) {
        set_journals(mend->check->differences, request->options->state_directory);
    }

    /* No file of a capture or of another machine is read. */
    if (request->client != NULL && qblk_client_is_local(request->client)) {
        mend->headers = qblk_chain_headers_read(qblk_check_get_chain(mend->check, 0));
    }
    return TRUE;
}

static gboolean
is_consistent(const Mend *mend)
{
    return mend->check->differences->len == 0 &&
           qblk_stale_images_get_n_images(mend->check->stale) == 0;
}

/* ---- the plan ---- */

/* Marks tell which image has the data: only the user knows if that was restored. */
static void
note_stale(QblkPlan *plan, const Mend *mend)
{
    const QblkStaleImages *stale = mend->check->stale;
    for (guint i = 0; i < qblk_stale_images_get_n_images(stale); i++) {
        QblkPlannedMend *found = qblk_planned_mend_new();
        found->kind = g_strdup("stale-image");
        found->text = qblk_stale_image_to_text(qblk_stale_images_get_image(stale, i));
        found->remains_because = g_strdup("its data are in another image");
        g_ptr_array_add(plan->mends, found);
    }
}

static QblkPlan *
make(const Mend *mend, const char *blocked, gboolean keeps_jobs, GError **error)
{
    const QblkMendFindings findings = {
        .chain = qblk_check_get_chain(mend->check, 0),
        .differences = mend->check->differences,
        .headers = mend->headers,
        .blocked = blocked,
        .keeps_jobs = keeps_jobs,
    };
    QblkPlan *plan = qblk_plan_make_mend(&mend->request.context, mend->options, &findings, error);
    if (plan != NULL) {
        note_stale(plan, mend);
    }
    return plan;
}

/* A plan without steps, which lists what remains because of @blocked. */
static QblkPlan *
make_blocked(const Mend *mend, const char *blocked, GError **error)
{
    QblkPlan *plan = make(mend, blocked, TRUE, error);
    if (plan != NULL) {
        plan->state_dir = qblk_state_directory_get(mend->request.options->state_directory);
        plan->is_shown_only = mend->request.context.is_dry_run;
    }
    return plan;
}

/* The same with steps that dismiss jobs that were left, if there are some: one of them may be what
 * prevents the rest. */
static QblkPlan *
make_dismissing(const Mend *mend, const char *blocked, GError **error)
{
    g_autoptr(QblkPlan) plan = make(mend, blocked, FALSE, error);
    if (plan == NULL || plan->steps->len == 0) {
        return plan == NULL ? NULL : make_blocked(mend, blocked, error);
    }
    return qblk_planner_request_end(&mend->request, g_steal_pointer(&plan), error);
}

/* What prevents that a disk is changed is the reason why all of it remains, except that its guest
 * has a manager: the user can allow that. */
static QblkPlan *
plan_disk(const Mend *mend, GError **error)
{
    const QblkPlanContext *context = &mend->request.context;
    g_autoptr(GError) cause = NULL;
    if (!qblk_plan_managed_check_disk(context, context->target, error)) {
        return NULL;
    }
    if (!qblk_plan_check_device(context, qblk_check_get_chain(mend->check, 0), &cause)) {
        return make_dismissing(mend, cause->message, error);
    }

    g_autoptr(QblkPlan) plan = make(mend, NULL, FALSE, error);
    if (plan == NULL || !qblk_planned_mends_any(plan->mends)) {
        return plan == NULL ? NULL : make_blocked(mend, NULL, error);
    }

    QblkPlan *ended = qblk_planner_request_end(&mend->request, g_steal_pointer(&plan), &cause);
    if (ended == NULL && g_error_matches(cause, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED)) {
        return make_blocked(mend, cause->message, error);
    }
    if (ended == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return ended;
}

/* ---- one or all disks ---- */

/* Everything is borrowed. */
typedef struct {
    QblkClient *client;
    const QblkSnapshot *snapshot;
    const QblkMendOptions *options;
    const QblkPlanOptions *plan_options;
} Request;

/* A disk with which nothing is wrong needs no plan, which tells that what the user knows is not
 * used. */
static gboolean
add_disk(QblkPlans *plans, const Request *request, const char *disk, GError **error)
{
    g_auto(Mend) mend = {.options = request->options};
    if (!qblk_planner_request_init(&mend.request, request->client, request->snapshot, disk,
                                   request->plan_options, error)) {
        return FALSE;
    }
    if (!check_disk(&mend, error)) {
        return FALSE;
    }
    if (is_consistent(&mend) && (mend.options->backings->len == 0 || mend.options->allows_unused)) {
        return TRUE;
    }

    g_autoptr(QblkPlan) plan = plan_disk(&mend, error);
    if (plan != NULL) {
        qblk_plans_add(plans, plan);
    }
    return plan != NULL;
}

/* A disk without a node has no chain. */
static gboolean
add_or_skip(QblkPlans *plans, const Request *request, const char *disk, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (add_disk(plans, request, disk, &cause)) {
        return TRUE;
    }
    if (g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE)) {
        qblk_plans_skip(plans, disk, cause->message);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

QblkPlans *
qblk_plans_new_mend(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                    const QblkMendOptions *options, const QblkPlanOptions *plan_options,
                    GError **error)
{
    g_autoptr(QblkMendOptions) defaults = options == NULL ? qblk_mend_options_new() : NULL;
    const Request request = {client, snapshot, options == NULL ? defaults : options, plan_options};
    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    g_autoptr(QblkPlans) plans = qblk_plans_new();

    if (disk != NULL) {
        return add_disk(plans, &request, disk, error) ? g_steal_pointer(&plans) : NULL;
    }
    for (guint i = 0; targets[i] != NULL; i++) {
        if (!add_or_skip(plans, &request, targets[i], error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&plans);
}

/* ---- plans that were read ---- */

/* @with_strings: the strings of @plan, as if the user had given them */
static QblkMendOptions *
options_of_plan(const QblkPlan *plan, gboolean with_strings)
{
    QblkMendOptions *options = qblk_mend_options_new();
    options->allows_unused = TRUE;
    options->removes_leftovers = qblk_leftovers_are_removed(plan);
    for (guint i = 0; with_strings && i < plan->after->len; i++) {
        const QblkExpectation *layer = plan->after->pdata[i];
        if (layer->backing_name == NULL || layer->node_name == NULL || layer->path == NULL) {
            continue;
        }

        g_autofree char *directory = g_path_get_dirname(layer->path);
        g_autofree char *path = g_canonicalize_filename(layer->backing_name, directory);
        g_autofree char *assignment = g_strdup_printf("node:%s=%s", layer->node_name, path);
        qblk_mend_options_add_backing(options, assignment);
    }
    return options;
}

static gboolean
is_same(const QblkPlans *made, const QblkPlan *plan)
{
    if (made == NULL || made->plans->len != 1) {
        return FALSE;
    }
    g_autoptr(QblkJson) expected = qblk_plan_json_new(made->plans->pdata[0]);
    g_autoptr(QblkJson) read = qblk_plan_json_new(plan);
    return qblk_json_equal(expected, read);
}

gboolean
qblk_planner_mend_check_read(QblkClient *client, const QblkSnapshot *snapshot, QblkPlan *plan,
                             GError **error)
{
    g_autoptr(QblkPlanOptions) plan_options = qblk_plan_options_new();
    qblk_plan_options_set_force_managed(plan_options, plan->is_forced);
    qblk_plan_options_set_state_directory(plan_options, plan->state_dir);

    g_autoptr(QblkMendOptions) defaults = options_of_plan(plan, FALSE);
    g_autoptr(QblkPlans) made =
        qblk_plans_new_mend(client, snapshot, plan->target, defaults, plan_options, error);
    if (made == NULL) {
        return FALSE;
    }
    if (!is_same(made, plan)) {
        g_autoptr(QblkMendOptions) options = options_of_plan(plan, TRUE);
        g_clear_pointer(&made, qblk_plans_unref);
        made = qblk_plans_new_mend(client, snapshot, plan->target, options, plan_options, NULL);
    }
    if (!is_same(made, plan)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE,
                    "the plan to mend '%s' is not the one for its chain: plan again", plan->target);
        return FALSE;
    }

    const QblkPlan *only = made->plans->pdata[0];
    plan->is_local = only->is_local;
    return TRUE;
}
