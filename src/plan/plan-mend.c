/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-mend.h"

#include "plan/leftovers.h"
#include "plan/mend-layer.h"
#include "plan/plan-check.h"
#include "plan/plan-managed.h"
#include "plan/plan-steps.h"

static void
mend_clear(QblkMend *mend)
{
    qblk_plan_unref(mend->plan);
    g_ptr_array_unref(mend->differences);
    g_ptr_array_unref(mend->strings);
    g_free(mend->job);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkMend, mend_clear)

/* ---- the backing file that the user knows ---- */

static guint
count_wrong_headers(const QblkMend *mend)
{
    guint count = 0;
    for (guint i = 0; i < mend->chain->layers->len; i++) {
        if (qblk_mend_findings_find_header(&mend->findings, mend->chain->layers->pdata[i]) !=
            NULL) {
            count++;
        }
    }
    return count;
}

/* Returns: (nullable): the first file that the user has given for the header of @layer */
static const QblkMendBacking *
find_given(const QblkMend *mend, const QblkLayer *layer)
{
    const GPtrArray *backings = mend->options->backings;
    for (guint i = 0; i < backings->len; i++) {
        const QblkMendBacking *backing = backings->pdata[i];
        if (backing->layer == NULL ||
            qblk_chain_resolve(mend->chain, backing->layer, NULL) == layer) {
            return backing;
        }
    }
    return NULL;
}

/* Check that the header of a layer that the user has named is wrong. */
static gboolean
check_layer(const QblkMend *mend, const QblkMendBacking *backing, GError **error)
{
    const QblkLayer *layer = qblk_chain_resolve(mend->chain, backing->layer, error);
    if (layer == NULL) {
        return FALSE;
    }
    if (qblk_mend_findings_find_header(&mend->findings, layer) == NULL) {
        return qblk_plan_refuse(error,
                                "'%s' is not used: nothing is wrong with the backing file in the "
                                "header of '%s': leave --backing out",
                                backing->path, layer->filename);
    }
    return TRUE;
}

/* Check that what the user has given is used. */
static gboolean
check_backing(const QblkMend *mend, const QblkMendBacking *backing, GError **error)
{
    guint count = count_wrong_headers(mend);
    if (backing->layer != NULL) {
        return check_layer(mend, backing, error);
    }
    if (count > 1) {
        return qblk_plan_refuse(error,
                                "disk '%s' has %u wrong headers: use --backing LAYER=PATH, such as "
                                "'%s[1]=%s'",
                                mend->chain->target, count, mend->chain->target, backing->path);
    }
    if (count == 0) {
        return qblk_plan_refuse(error,
                                "'%s' is not used: nothing is wrong with the backing files in the "
                                "headers of disk '%s': leave --backing out",
                                backing->path, mend->chain->target);
    }
    return TRUE;
}

static gboolean
is_given_twice(const QblkMend *mend, const QblkMendBacking *backing)
{
    const GPtrArray *layers = mend->chain->layers;
    for (guint i = 0; i < layers->len; i++) {
        if (qblk_mend_findings_find_header(&mend->findings, layers->pdata[i]) != NULL &&
            find_given(mend, layers->pdata[i]) == backing) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
check_backings(const QblkMend *mend, GError **error)
{
    const GPtrArray *backings = mend->options->backings;
    for (guint i = 0; !mend->options->allows_unused && i < backings->len; i++) {
        const QblkMendBacking *backing = backings->pdata[i];
        if (!check_backing(mend, backing, error)) {
            return FALSE;
        }
        if (is_given_twice(mend, backing)) {
            return qblk_plan_refuse(
                error, "'%s' is not used: another --backing is for the same header", backing->path);
        }
    }
    return TRUE;
}

static gboolean
mend_layer(QblkMend *mend, const QblkLayer *layer, GError **error)
{
    char *string = NULL;
    const QblkMendBacking *given = find_given(mend, layer);
    const char *path = given == NULL ? NULL : given->path;
    if (!qblk_mend_layer(mend, layer, path, &string, error)) {
        return FALSE;
    }
    g_ptr_array_add(mend->strings, string);
    return TRUE;
}

/* ---- what is not mended ---- */

static const char moved[] =
    "QEMU keeps the file open, and reports its old name until it is started "
    "again: move the file back, or start the guest with its path";

static const char *
describe_remedy(const QblkMend *mend, QblkDifferenceKind kind)
{
    if (kind == QBLK_DIFFERENCE_MARK && mend->findings.blocked != NULL) {
        return mend->findings.blocked;
    }

    static const struct {
        QblkDifferenceKind kind;
        const char *reason;
    } reasons[] = {
        {QBLK_DIFFERENCE_ANOTHER_FILE, moved},
        {QBLK_DIFFERENCE_FILE_GONE, moved},
        {QBLK_DIFFERENCE_DESCRIPTOR, "QEMU was started with a descriptor instead of a name"},
        {QBLK_DIFFERENCE_FILE_UNKNOWN, "run qblk on the machine of QEMU, as a user that may "
                                       "inspect it"},
        {QBLK_DIFFERENCE_IO_STATUS, "end its cause, and resume the guest with 'cont'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
        if (reasons[i].kind == kind) {
            return reasons[i].reason;
        }
    }
    return "qblk cannot change it";
}

/* ---- what operations may have left ---- */

static gboolean
is_left(const QblkMend *mend, const QblkDifference *difference)
{
    return difference->kind == QBLK_DIFFERENCE_NODE ||
           (difference->kind == QBLK_DIFFERENCE_JOB &&
            qblk_leftovers_is_job(difference->name, mend->chain->target));
}

/* A job that has concluded may be what prevents changes of the disk; it changes nothing itself. */
static gboolean
is_removed(const QblkMend *mend, const QblkDifference *difference)
{
    gboolean is_image = mend->context->image_layers != NULL;
    gboolean is_blocked = difference->kind == QBLK_DIFFERENCE_JOB ? mend->findings.keeps_jobs
                                                                  : mend->findings.blocked != NULL;
    return mend->options->removes_leftovers && !is_image && !is_blocked &&
           difference->journal == NULL && is_left(mend, difference);
}

/* Returns: (transfer full): the QMP command that removes it */
static char *
removal_command(const QblkDifference *difference)
{
    gboolean is_job = difference->kind == QBLK_DIFFERENCE_JOB;
    g_autoptr(QblkJson) command = qblk_json_new_object();
    QblkJson *arguments = qblk_json_new_object();

    qblk_json_set_string(arguments, is_job ? "id" : "node-name", difference->name);
    qblk_json_set_string(command, "execute", is_job ? "job-dismiss" : "blockdev-del");
    qblk_json_set(command, "arguments", arguments);
    return qblk_json_print(command, QBLK_JSON_COMPACT);
}

/* Nothing shows whose a node or job is: another qblk, of another user or with other journals, gives
 * the same names, and its operation may still run; a journal of ours ends with its operation.  So
 * only the user can decide.
 *
 * Returns: (transfer full) (nullable): why it remains, with the command; NULL: it is neither */
static char *
describe_leftover(const QblkMend *mend, const QblkDifference *difference)
{
    gboolean is_job = difference->kind == QBLK_DIFFERENCE_JOB;
    if (!is_job && difference->kind != QBLK_DIFFERENCE_NODE) {
        return NULL;
    }
    if (difference->journal != NULL) {
        return g_strdup_printf("the journal '%s' names it: an operation may need it, end or "
                               "recover that first",
                               difference->journal);
    }
    if (mend->findings.blocked != NULL && mend->options->removes_leftovers &&
        is_left(mend, difference)) {
        return g_strdup(mend->findings.blocked);
    }

    g_autofree char *command = removal_command(difference);
    const char *option = is_left(mend, difference) ? "use 'qblk mend' with --leftovers, or " : "";
    return g_strdup_printf("it is not known whether another client still needs it: if none does, "
                           "%s%s it with the QMP command %s",
                           option, is_job ? "dismiss" : "delete", command);
}

/* The error of a job is gone with it. */
static void
warn_of_error(const QblkMend *mend, const QblkDifference *difference)
{
    const QblkJob *job = qblk_snapshot_find_job(mend->context->snapshot, difference->name);
    if (job != NULL && job->error != NULL) {
        g_ptr_array_add(mend->plan->warnings,
                        g_strdup_printf("job '%s' had failed: %s", job->id, job->error));
    }
}

/* Jobs are dismissed first: until then they keep ids that the plan may need, and may use nodes. */
static void
add_removals(const QblkMend *mend, QblkDifferenceKind kind)
{
    for (guint i = 0; i < mend->differences->len; i++) {
        const QblkDifference *difference = mend->differences->pdata[i];
        if (difference->kind != kind || !is_removed(mend, difference)) {
            continue;
        }

        (void)qblk_leftovers_add_step(mend->plan, kind == QBLK_DIFFERENCE_JOB, difference->name);
        if (kind == QBLK_DIFFERENCE_JOB) {
            warn_of_error(mend, difference);
        }
    }
}

/* ---- what is not in a layer ---- */

static void
note_other(const QblkMend *mend, const QblkDifference *difference)
{
    if (difference->kind == QBLK_DIFFERENCE_MARK && mend->findings.blocked == NULL) {
        qblk_planned_mends_add(mend->plan->mends, difference, "mark removed", NULL);
        return;
    }
    if (is_removed(mend, difference)) {
        gboolean is_job = difference->kind == QBLK_DIFFERENCE_JOB;
        qblk_planned_mends_add(mend->plan->mends, difference,
                               is_job ? "job dismissed" : "node deleted", NULL);
        return;
    }

    g_autofree char *leftover = describe_leftover(mend, difference);
    qblk_planned_mends_add(mend->plan->mends, difference, NULL,
                           leftover != NULL ? leftover : describe_remedy(mend, difference->kind));
}

static void
note_others(const QblkMend *mend)
{
    for (guint i = 0; i < mend->differences->len; i++) {
        const QblkDifference *difference = mend->differences->pdata[i];
        if (!qblk_difference_is_of_header(difference->kind) &&
            difference->kind != QBLK_DIFFERENCE_BITMAP) {
            note_other(mend, difference);
        }
    }
}

/* ---- the plan ---- */

/* The id of a job that is dismissed first is free. */
static gboolean
check_id(const QblkMend *mend, GError **error)
{
    for (guint i = 0; i < mend->plan->mends->len; i++) {
        const QblkPlannedMend *planned = mend->plan->mends->pdata[i];
        if (g_strcmp0(planned->removes, mend->job) == 0) {
            return TRUE;
        }
    }
    return qblk_plan_check_id(mend->context, mend->plan, error);
}

static void
add_expectations(const QblkMend *mend)
{
    const GPtrArray *layers = mend->chain->layers;
    for (guint i = 0; i < layers->len; i++) {
        const QblkLayer *layer = layers->pdata[i];
        const char *string = mend->strings->pdata[i];
        if (string == NULL) {
            (void)qblk_plan_expect(mend->plan, layer);
            continue;
        }

        qblk_plan_expect_header(mend->plan, layer, string);
    }
}

static gboolean
make_plan(QblkMend *mend, GError **error)
{
    qblk_plan_managed_warn(mend->plan, mend->context);
    if (!check_backings(mend, error)) {
        return FALSE;
    }
    add_removals(mend, QBLK_DIFFERENCE_JOB);
    add_removals(mend, QBLK_DIFFERENCE_NODE);
    for (guint i = 0; i < mend->chain->layers->len; i++) {
        if (!mend_layer(mend, mend->chain->layers->pdata[i], error)) {
            return FALSE;
        }
    }
    note_others(mend);
    if (mend->plan->steps->len > 0) {
        add_expectations(mend);
    }
    return check_id(mend, error);
}

QblkPlan *
qblk_plan_make_mend(const QblkPlanContext *context, const QblkMendOptions *options,
                    const QblkMendFindings *findings, GError **error)
{
    g_auto(QblkMend) mend = {
        .context = context,
        .options = options,
        .chain = findings->chain,
        .differences = qblk_mend_findings_list(findings, context->snapshot),
        .findings = *findings,
        .plan = qblk_plan_new(QBLK_PLAN_MEND, context, findings->chain),
        .strings = g_ptr_array_new_with_free_func(g_free),
    };

    mend.findings.differences = mend.differences;
    mend.job = g_strconcat(mend.plan->job, QBLK_PLAN_MEND_JOB_END, NULL);
    return make_plan(&mend, error) ? g_steal_pointer(&mend.plan) : NULL;
}
