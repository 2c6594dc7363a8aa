/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mend-layer.h"

#include "chain/chain-number.h"
#include "image/image-chain.h"
#include "image/image-overlay.h"
#include "plan/backing-string.h"
#include "plan/mend-string.h"
#include "plan/plan-check.h"
#include "plan/plan-files.h"
#include "plan/plan-filters.h"
#include "plan/plan-jobs.h"
#include "plan/plan-steps.h"

/* What is to be mended of one layer. */
typedef struct {
    const QblkLayer *layer;
    const QblkLayer *below; /* NULL: it is the bottom */
    gboolean has_header;    /* its header is wrong */
    gboolean has_bitmap;    /* it has an inconsistent bitmap */
    const char *given;      /* a path that the user knows, or NULL */
    char *string;           /* owned: its new backing string, or NULL */
    char *header_reason;    /* owned: why the header remains, or NULL */
    char *bitmap_reason;    /* owned: why the bitmaps remain, or NULL */
} Work;

static void
work_clear(Work *work)
{
    g_free(work->string);
    g_free(work->header_reason);
    g_free(work->bitmap_reason);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

/* ---- what was found ---- */

static gboolean
has_difference(const QblkMend *mend, const QblkLayer *layer, QblkDifferenceKind kind)
{
    return qblk_mend_findings_find(&mend->findings, layer, kind, kind) != NULL;
}

/* ---- what prevents it ---- */

/* A layer below the active one is opened again by its name. */
static gboolean
check_write(const QblkMend *mend, const QblkLayer *layer, GError **error)
{
    gboolean is_top = layer->position == 0;
    g_auto(QblkFileUses) uses = {0};
    qblk_file_uses_init(&uses, mend->chain);
    qblk_file_uses_set(&uses, layer->position, layer->position + 1,
                       is_top ? QBLK_USE_WRITE : QBLK_USE_REOPEN);

    return qblk_plan_check_users(mend->context, mend->chain, layer, layer, error) &&
           qblk_plan_check_jobs(mend->context, mend->chain, layer->position, layer->position + 1,
                                error) &&
           qblk_file_uses_check(&uses, error);
}

/* Returns: (transfer full) (nullable): why nothing can be written to @layer */
static char *
find_obstacle(const QblkMend *mend, const QblkLayer *layer)
{
    g_autoptr(GError) cause = NULL;
    if (mend->findings.blocked != NULL) {
        return g_strdup(mend->findings.blocked);
    }
    return check_write(mend, layer, &cause) ? NULL : g_strdup(cause->message);
}

/* QEMU 5.2 would record a filter as the backing format, and no QEMU before 9.0 the format "raw" of
 * a node that has only a protocol. */
static char *
find_stream_obstacle(const QblkMend *mend, const Work *work)
{
    const QblkLayer *below = work->below;
    const QblkFilter *filter =
        below == NULL || below->filters->len == 0 ? NULL : below->filters->pdata[0];
    if (filter != NULL) {
        return g_strdup_printf("filter '%s' (%s) is between '%s' and '%s': remove the filter first",
                               filter->node_name, filter->driver, work->layer->filename,
                               below->filename);
    }

    gboolean has_format_node = below == NULL || g_strcmp0(below->node_name, below->storage) != 0;
    if (!has_format_node && !mend->context->masks_protocol) {
        return g_strdup_printf(
            "'%s' has no format node, and this QEMU would record a wrong format: "
            "use 'qemu-img rebase -u' while the images are not in use",
            below->filename);
    }
    return NULL;
}

/* ---- the header ---- */

/* Returns: (nullable): what is known of the image below, if no QEMU has it open */
static const QblkImageLayer *
get_image_below(const QblkMend *mend, const Work *work)
{
    const GPtrArray *layers = mend->context->image_layers;
    gboolean is_known =
        layers != NULL && work->below != NULL && work->below->position < layers->len;
    return is_known ? layers->pdata[work->below->position] : NULL;
}

/* Returns: (transfer full) (nullable): why it is not known that the image below is raw.  One whose
 * header is damaged has no magic either, but hardly the size of the disk. */
static char *
find_raw_doubt(const QblkMend *mend, const Work *work, const QblkImageLayer *image)
{
    gboolean is_raw = image->has_wrong_record && g_str_equal(image->format, "raw");
    if (!is_raw || image->is_specified || work->below->virtual_size == work->layer->virtual_size) {
        return NULL;
    }
    g_autofree char *spec = qblk_chain_layer_spec(mend->chain, work->layer);
    return g_strdup_printf("'%s' has the magic of no format, but not the size of '%s' either: its "
                           "header may be damaged; use --backing-format '%s=raw' if it is raw",
                           image->path, work->layer->filename, spec);
}

/* Why QEMU cannot write the header, whatever its string. */
static char *
find_header_obstacle(const QblkMend *mend, const Work *work)
{
    const QblkLayer *layer = work->layer;
    const QblkImageLayer *image = get_image_below(mend, work);
    if (image != NULL && image->undecided != NULL) {
        g_autofree char *spec = qblk_chain_layer_spec(mend->chain, layer);
        return g_strdup_printf("'%s' looks like %s, but a guest can write that into a raw image: "
                               "use --backing-format '%s=%s', or '%s=raw' if it is raw",
                               image->path, image->undecided, spec, image->undecided, spec);
    }
    char *doubt = image == NULL ? NULL : find_raw_doubt(mend, work, image);
    if (doubt != NULL) {
        return doubt;
    }
    if (has_difference(mend, layer, QBLK_DIFFERENCE_BACKING_ENDS)) {
        return g_strdup_printf("QEMU writes no header without a backing file: if '%s' is complete, "
                               "use 'qemu-img rebase -u -b \"\"' while it is not in use",
                               layer->filename);
    }
    if (has_difference(mend, layer, QBLK_DIFFERENCE_UNCOMPARABLE)) {
        return g_strdup("the two names cannot be compared");
    }
    if (!g_str_equal(layer->format, "qcow2") && !g_str_equal(layer->format, "qed")) {
        return g_strdup_printf("QEMU cannot write the backing file of a %s image", layer->format);
    }
    return find_obstacle(mend, layer);
}

static gboolean
is_same_format(const Work *work)
{
    return g_strcmp0(work->layer->format, work->below->format) == 0;
}

/* Returns: (nullable): the string of a header of which only the format is wrong.  A check accepts
 * the old name of an image that was renamed, too. */
static const char *
find_kept(const QblkMend *mend, const Work *work)
{
    const char *string = qblk_mend_findings_keep_string(&mend->findings, work->layer, NULL);
    gboolean leads =
        string != NULL && qblk_backing_string_leads_to_layer(mend->context->snapshot, work->layer,
                                                             string, work->below);
    return leads ? string : NULL;
}

/* Nothing but the word of the user shows that an image belongs below another one if the header of
 * that leads nowhere. */
static gboolean
check_given(const QblkMend *mend, const Work *work, GError **error)
{
    const QblkImageLayer *below = get_image_below(mend, work);
    if (below == NULL || !below->is_given) {
        return TRUE;
    }
    if (work->below->virtual_size > work->layer->virtual_size) {
        return qblk_plan_refuse(error,
                                "'%s' (%" G_GINT64_FORMAT
                                " bytes) is larger than '%s' (%" G_GINT64_FORMAT
                                " bytes), and so not its backing file",
                                below->path, work->below->virtual_size, work->layer->filename,
                                work->layer->virtual_size);
    }

    g_autofree char *other = qblk_image_overlay_find(below->path, work->layer->filename);
    if (other != NULL) {
        char *text =
            g_strdup_printf("disk '%s': '%s' is the backing file of '%s' as well, which may "
                            "be the image that belongs below '%s'",
                            mend->plan->target, below->path, other, work->layer->filename);
        g_ptr_array_add(mend->plan->warnings, text);
    }
    char *warning =
        g_strdup_printf("disk '%s': '%s' has the format and a size that fit below '%s'; "
                        "that it is the right image is known from --backing only",
                        mend->plan->target, below->path, work->layer->filename);
    g_ptr_array_add(mend->plan->warnings, warning);
    return TRUE;
}

/* Nothing but the absence of a magic, or the word of the user, shows the format. */
static void
warn_of_format(const QblkMend *mend, const Work *work)
{
    const QblkImageLayer *below = get_image_below(mend, work);
    if (below == NULL || !has_difference(mend, work->layer, QBLK_DIFFERENCE_BACKING_FORMAT)) {
        return;
    }
    if (below->is_specified) {
        char *text = g_strdup_printf("disk '%s': that '%s' is %s is known from --backing-format "
                                     "only",
                                     mend->plan->target, below->path, below->format);
        g_ptr_array_add(mend->plan->warnings, text);
    } else if (g_str_equal(below->format, "raw")) {
        char *text = g_strdup_printf("disk '%s': '%s' is taken for raw because it has the magic of "
                                     "no format: if its header is damaged, do not mend this",
                                     mend->plan->target, below->path);
        g_ptr_array_add(mend->plan->warnings, text);
    }
}

/* Choose the new backing string.  FALSE: the path that the user has given is refused. */
static gboolean
choose_string(const QblkMend *mend, Work *work, GError **error)
{
    gboolean is_wrong_string = has_difference(mend, work->layer, QBLK_DIFFERENCE_BACKING_FILE) ||
                               has_difference(mend, work->layer, QBLK_DIFFERENCE_BACKING_GOES_ON);
    const QblkMendString request = {
        .snapshot = mend->context->snapshot,
        .chain = mend->chain,
        .upper = work->layer,
        .lower = work->below,
        .now = qblk_mend_findings_get_string(&mend->findings, work->layer),
        .kept = is_wrong_string ? NULL : find_kept(mend, work),
        .given = work->given,
        .is_image = mend->context->image_layers != NULL,
    };
    g_autoptr(GError) cause = NULL;

    work->header_reason = find_header_obstacle(mend, work);
    if (work->header_reason == NULL && !is_same_format(work)) {
        work->header_reason = find_stream_obstacle(mend, work);
    }
    if (work->header_reason != NULL) {
        return TRUE;
    }

    if (!check_given(mend, work, error)) {
        return FALSE;
    }
    warn_of_format(mend, work);
    work->string = qblk_mend_string_choose(&request, &cause);
    if (work->string == NULL && request.given != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    work->header_reason = work->string == NULL ? g_strdup(cause->message) : NULL;
    return TRUE;
}

/* ---- the bitmaps ---- */

/* The bitmaps of the active layer are removed as they are. */
static char *
find_bitmap_obstacle(const QblkMend *mend, const Work *work)
{
    char *reason = find_obstacle(mend, work->layer);
    if (reason != NULL || work->layer->position == 0) {
        return reason;
    }

    reason = find_stream_obstacle(mend, work);
    if (reason != NULL) {
        return reason;
    }
    if (work->header_reason != NULL) {
        return g_strdup("QEMU would write its header as well, which is wrong and remains");
    }

    g_autoptr(GError) cause = NULL;
    if (work->below == NULL || work->string != NULL ||
        qblk_mend_findings_keep_string(&mend->findings, work->layer, &cause) != NULL) {
        return NULL;
    }
    return g_strdup(cause->message);
}

/* ---- the steps ---- */

static void
add_change_backing_file(const QblkMend *mend, const Work *work)
{
    QblkJson *arguments = qblk_json_new_object();

    qblk_json_set_string(arguments, "device", mend->chain->root);
    qblk_json_set_string(arguments, "image-node-name", work->layer->node_name);
    qblk_json_set_string(arguments, "backing-file", work->string);
    (void)qblk_plan_add(mend->plan, "write the backing file into the header", "change-backing-file",
                        arguments);
}

static void
add_bitmaps(const QblkMend *mend, const Work *work)
{
    const GPtrArray *bitmaps = work->layer->bitmaps;
    for (guint i = 0; bitmaps != NULL && i < bitmaps->len; i++) {
        const QblkBitmap *bitmap = bitmaps->pdata[i];
        if (!bitmap->is_inconsistent) {
            continue;
        }

        QblkJson *arguments = qblk_json_new_object();
        qblk_json_set_string(arguments, "node", work->layer->node_name);
        qblk_json_set_string(arguments, "name", bitmap->name);
        (void)qblk_plan_add(mend->plan, "remove the inconsistent bitmap",
                            "block-dirty-bitmap-remove", arguments);
    }
}

/* The string of the header that the stream writes: also if it is right now. */
static void
add_stream_start(const QblkMend *mend, const Work *work)
{
    const char *string = work->string;
    if (string == NULL && work->below != NULL) {
        string = qblk_mend_findings_keep_string(&mend->findings, work->layer, NULL);
    }
    QblkJson *arguments = qblk_json_new_object();

    qblk_json_set_string(arguments, "job-id", mend->job);
    qblk_json_set_string(arguments, "device", work->layer->node_name);
    if (work->below != NULL) {
        qblk_json_set_string(arguments, "base-node", work->below->node_name);
        qblk_json_set_string(arguments, "backing-file", string);
    }
    if (work->below != NULL && mend->context->masks_protocol) {
        qblk_json_set_boolean(arguments, "backing-mask-protocol", TRUE);
    }
    qblk_json_set_boolean(arguments, "auto-finalize", FALSE);
    qblk_json_set_boolean(arguments, "auto-dismiss", FALSE);
    (void)qblk_plan_add_job(mend->plan, "open the image for writing", "block-stream", arguments,
                            mend->job, "pending");
}

/* QEMU does not make the layer read-only again after a stream (10.0 and 11.1, not 7.2). */
static void
warn_of_writable(const QblkMend *mend, const Work *work)
{
    static const QblkQemuVersion last_good = {.major = 7, .minor = 2, .micro = G_MAXINT};
    if (work->layer->position == 0 || mend->context->image_layers != NULL ||
        qblk_qemu_version_compare(&mend->context->snapshot->version, &last_good) <= 0) {
        return;
    }

    char *warning = g_strdup_printf("disk '%s': this QEMU may keep '%s' open for writing until it "
                                    "ends, so that other processes cannot open the image",
                                    mend->plan->target, work->layer->filename);
    g_ptr_array_add(mend->plan->warnings, warning);
}

/* Between the end of the job and its dismissal nothing may query the nodes (docs/architecture.md,
 * "Crash guard"). */
static void
add_stream(const QblkMend *mend, const Work *work, gboolean removes_bitmaps)
{
    add_stream_start(mend, work);
    if (removes_bitmaps) {
        add_bitmaps(mend, work);
    }
    (void)qblk_plan_add_for_job(mend->plan, "write the header", "job-finalize", mend->job,
                                "concluded");
    QblkStep *dismiss =
        qblk_plan_add_for_job(mend->plan, "dismiss the job", "job-dismiss", mend->job, NULL);
    dismiss->may_fail = TRUE;

    warn_of_writable(mend, work);
}

static void
add_steps(const QblkMend *mend, const Work *work)
{
    gboolean writes_header = work->has_header && work->header_reason == NULL;
    gboolean removes_bitmaps = work->has_bitmap && work->bitmap_reason == NULL;
    gboolean is_top = work->layer->position == 0;
    gboolean uses_stream = (writes_header && !is_same_format(work)) || (removes_bitmaps && !is_top);

    if ((writes_header || removes_bitmaps) && mend->plan->writes == NULL) {
        mend->plan->writes = g_strdup(work->layer->filename); /* the first one */
    }
    if (uses_stream) {
        add_stream(mend, work, removes_bitmaps);
        return;
    }
    if (writes_header) {
        add_change_backing_file(mend, work);
    }
    if (removes_bitmaps) {
        add_bitmaps(mend, work);
    }
}

/* ---- one layer ---- */

static void
note_layer(const QblkMend *mend, const Work *work)
{
    g_autofree char *header =
        work->string == NULL
            ? NULL
            : g_strdup_printf("backing file '%s' (%s)", work->string, work->below->format);

    for (guint i = 0; i < mend->differences->len; i++) {
        const QblkDifference *difference = mend->differences->pdata[i];
        if (difference->position != (gint64)work->layer->position) {
            continue;
        }
        if (qblk_difference_is_of_header(difference->kind)) {
            qblk_planned_mends_add(mend->plan->mends, difference, header, work->header_reason);
        } else if (difference->kind == QBLK_DIFFERENCE_BITMAP) {
            qblk_planned_mends_add(mend->plan->mends, difference,
                                   work->bitmap_reason == NULL ? "bitmap removed" : NULL,
                                   work->bitmap_reason);
        }
    }
}

gboolean
qblk_mend_layer(const QblkMend *mend, const QblkLayer *layer, const char *given, char **string,
                GError **error)
{
    g_auto(Work) work = {
        .layer = layer,
        .below = qblk_chain_get_layer(mend->chain, layer->position + 1),
        .given = given,
        .has_header = qblk_mend_findings_find_header(&mend->findings, layer) != NULL,
        .has_bitmap = has_difference(mend, layer, QBLK_DIFFERENCE_BITMAP),
    };

    if (work.has_header && !choose_string(mend, &work, error)) {
        return FALSE;
    }
    if (work.has_bitmap) {
        work.bitmap_reason = find_bitmap_obstacle(mend, &work);
    }
    add_steps(mend, &work);
    note_layer(mend, &work);
    *string = g_steal_pointer(&work.string);
    return TRUE;
}
