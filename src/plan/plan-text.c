/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-text.h"

#include "base/text.h"

static void
print_command(GString *out, const QblkStep *step)
{
    if (step->command == NULL) {
        return;
    }

    g_autofree char *arguments = qblk_json_print(step->arguments, QBLK_JSON_COMPACT);
    g_autofree char *safe = qblk_text_escape(arguments);
    g_string_append_printf(out, "     %s %s\n", step->command, safe);
}

/* Only the names of the commands: their arguments follow from the step. */
static void
print_undo(GString *out, const QblkStep *step)
{
    if (step->undo->len == 0) {
        return;
    }

    g_string_append(out, "     rolled back by ");
    for (guint i = 0; i < step->undo->len; i++) {
        const QblkStep *undo = step->undo->pdata[i];
        g_string_append_printf(out, "%s%s", i == 0 ? "" : ", ", undo->command);
    }
    g_string_append_c(out, '\n');
}

static void
print_step(GString *out, guint number, const QblkStep *step)
{
    g_string_append_printf(out, "%3u. %s\n", number, step->purpose);
    print_command(out, step);
    if (step->until != NULL) {
        g_string_append_printf(out, "     until the job is %s%s\n", step->until,
                               step->is_final ? "; then the operation is committed" : "");
    }
    if (step->is_joint) {
        g_string_append(out, "     in one transaction for all disks; then the operation is "
                             "committed\n");
    }
    print_undo(out, step);
    if (step->may_fail) {
        g_string_append(out, "     may fail if QEMU has already done it\n");
    }
}

static void
print_deleted(GString *out, guint number, const GPtrArray *removed)
{
    for (guint i = 0; i < removed->len; i++) {
        const QblkRemovedImage *image = removed->pdata[i];

        if (image->will_delete) {
            g_autofree char *file = qblk_text_escape(qblk_plan_removed_name(image));
            g_string_append_printf(out, "%3u. delete %s\n", number++, file);
        }
    }
}

static void
print_layer(GString *out, const QblkExpectation *layer, gboolean is_last)
{
    g_autofree char *file = qblk_text_escape(layer->filename);
    g_autofree char *format = qblk_text_escape(layer->format);

    g_string_append_printf(out, "  %s %s (%s", is_last ? "└─" : "├─", file, format);
    if (layer->node_name != NULL) {
        g_autofree char *node = qblk_text_escape(layer->node_name);
        g_string_append_printf(out, ", node %s", node);
    }
    g_string_append(out, ")\n");

    if (layer->backing_name != NULL) {
        g_autofree char *backing = qblk_text_escape(layer->backing_name);
        g_string_append_printf(out, "     backing file in its header: '%s'\n", backing);
    }
}

/* @layers: of QblkExpectation; none if the chain is not known, or does not matter */
static void
print_chain(GString *out, const char *title, const GPtrArray *layers)
{
    if (layers->len == 0) {
        return;
    }

    g_string_append_printf(out, "%s\n", title);
    for (guint i = 0; i < layers->len; i++) {
        print_layer(out, layers->pdata[i], i + 1 == layers->len);
    }
}

static void
print_bitmap_sources(GString *out, const QblkPlannedBitmap *bitmap)
{
    for (guint i = 0; i < bitmap->from->len; i++) {
        const QblkBitmapSource *source = bitmap->from->pdata[i];
        g_autofree char *file = qblk_text_escape(source->filename);
        g_string_append_printf(out, "     from %s\n", file);
    }
}

static void
print_bitmap(GString *out, const QblkPlannedBitmap *bitmap)
{
    g_autofree char *name = qblk_text_escape(bitmap->name);
    if (bitmap->into == NULL) {
        g_autofree char *reason = qblk_text_escape(bitmap->left_out_because);
        g_string_append_printf(out, "  %s is left out: %s\n", name, reason);
    } else {
        g_autofree char *node = qblk_text_escape(bitmap->into);
        g_string_append_printf(out, "  %s is %s node %s\n", name,
                               bitmap->exists ? "merged into that of" : "added to", node);
    }
    print_bitmap_sources(out, bitmap);
}

static void
print_bitmaps(GString *out, const GPtrArray *bitmaps)
{
    if (bitmaps->len > 0) {
        g_string_append(out, "bitmaps:\n");
    }
    for (guint i = 0; i < bitmaps->len; i++) {
        print_bitmap(out, bitmaps->pdata[i]);
    }
}

/* @done: the word for what the plan mends */
static void
print_mends(GString *out, const GPtrArray *mends, const char *done)
{
    for (guint i = 0; i < mends->len; i++) {
        const QblkPlannedMend *mend = mends->pdata[i];
        gboolean remains = mend->result == NULL;
        g_autofree char *text = qblk_text_escape(mend->text);
        g_autofree char *end = qblk_text_escape(remains ? mend->remains_because : mend->result);

        g_string_append_printf(out, "%s\n  %s: %s\n", text, remains ? "remains" : done, end);
    }
}

void
qblk_plan_text_steps(const QblkPlan *plan, GString *out)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        print_step(out, i + 1, plan->steps->pdata[i]);
    }
}

void
qblk_plan_text(const QblkPlan *plan, GString *out)
{
    g_autofree char *kind = qblk_text_escape(plan->kind); /* QEMU's word, of an existing job */
    g_autofree char *target = qblk_text_escape(plan->target);

    g_string_append_printf(out, "%s of %s", kind, target);
    if (plan->fingerprint[0] != '\0') {
        g_string_append_printf(out, ", fingerprint %s", plan->fingerprint);
    }
    g_string_append_c(out, '\n');

    qblk_plan_text_steps(plan, out);
    print_deleted(out, plan->steps->len + 1, plan->removed);
    if (plan->steps->len > 0) {
        print_chain(out, "before:", plan->before);
        print_chain(out, "after:", plan->after);
    }
    print_bitmaps(out, plan->bitmaps);
    print_mends(out, plan->mends, "will be");

    if (plan->stays_ready) {
        g_autofree char *job = qblk_text_escape(plan->job);
        g_string_append_printf(
            out, "job '%s' stays ready until 'qblk job' ends it with --pivot or --finish\n", job);
    }
}

static void
print_job_state(GString *out, const QblkPlan *plan, const char *state)
{
    g_autofree char *kind = qblk_text_escape(plan->kind);
    g_autofree char *target = qblk_text_escape(plan->target);
    g_autofree char *job = qblk_text_escape(plan->job);

    if (g_str_equal(state, "ready")) {
        g_string_append_printf(out, "%s of %s: job '%s' is ready\n", kind, target, job);
    } else {
        g_string_append_printf(
            out, "%s of %s: job '%s' has started, and does not change the chain by itself\n", kind,
            target, job);
    }
}

/* What to print for an outcome that is not "done". */
static const char *
describe_outcome(const char *outcome)
{
    static const struct {
        const char *outcome, *text;
    } texts[] = {
        {QBLK_OUTCOME_CANCELLED, "cancelled"},
        {QBLK_OUTCOME_FINISHED, "finished, the disk stays on its image"},
        {QBLK_OUTCOME_DISMISSED, "dismissed, it had ended before without an error"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (g_strcmp0(texts[i].outcome, outcome) == 0) {
            return texts[i].text;
        }
    }
    return NULL;
}

static void
print_done(GString *out, const QblkPlan *plan)
{
    g_autofree char *kind = qblk_text_escape(plan->kind);
    g_autofree char *target = qblk_text_escape(plan->target);

    const QblkStep *first = plan->steps->len == 0 ? NULL : plan->steps->pdata[0];

    g_string_append_printf(out, "%s of %s: ", kind, target);
    if (plan->outcome != NULL) {
        g_string_append_printf(out, "%s\n", describe_outcome(plan->outcome));
        return;
    }

    if (plan->stays_ready && first != NULL) {
        g_string_append_printf(out, "%s: ", first->purpose);
    }
    g_string_append(out, "done\n");
}

/* A snapshot has the old active image below the overlay. */
static void
print_overlay(GString *out, const QblkPlan *plan)
{
    if (!g_str_equal(plan->kind, "snapshot") || plan->after->len < 2) {
        return;
    }

    const QblkExpectation *overlay = plan->after->pdata[0];
    g_autofree char *active = qblk_text_escape(overlay->filename);
    g_autofree char *below = qblk_text_escape(qblk_plan_get_active_image(plan));
    g_string_append_printf(
        out,
        "active image: %s\n%s: %s\n"
        "start the guest from the active image from now on\n",
        active, plan->keeps_writer ? "still open for writing" : "no longer changes", below);
}

static void
print_images(GString *out, const QblkPlan *plan)
{
    print_overlay(out, plan);
    if (plan->copy != NULL) {
        g_autofree char *file = qblk_text_escape(plan->copy);
        g_string_append_printf(out, "copy of the disk: %s\n", file);
    }
    if (qblk_plan_is_cancel(plan) && plan->partial != NULL) {
        g_autofree char *file = qblk_text_escape(plan->partial);
        g_string_append_printf(out, "incomplete copy: %s\n", file);
    }

    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *image = plan->removed->pdata[i];
        g_autofree char *file = qblk_text_escape(qblk_plan_removed_name(image));

        if (qblk_plan_removed_has_no_name(image)) {
            g_string_append_printf(out, "no longer in use: a file that has no name, once %s\n",
                                   file);
            continue;
        }
        g_string_append_printf(out, "%s: %s\n",
                               image->will_delete ? "deleted" : "no longer in use (not deleted)",
                               file);
    }
}

void
qblk_plan_text_result(const QblkPlan *plan, const char *state, GString *out)
{
    gboolean has_ended = g_str_equal(state, "done") || describe_outcome(state) != NULL;
    if (!has_ended) {
        print_job_state(out, plan, state);
        return;
    }

    if (plan->mends->len > 0) {
        print_mends(out, plan->mends, "mended");
        return;
    }
    print_done(out, plan);
    print_images(out, plan);
}

char *
qblk_plan_to_text(const QblkPlan *plan)
{
    GString *out = g_string_new(NULL);

    qblk_plan_text(plan, out);
    return g_string_free(out, FALSE);
}

char *
qblk_plan_steps_to_text(const QblkPlan *plan)
{
    GString *out = g_string_new(NULL);

    qblk_plan_text_steps(plan, out);
    return g_string_free(out, FALSE);
}
