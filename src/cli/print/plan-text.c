/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/plan-text.h"

#include "cli/print/output.h"

static void
print_command(GString *out, const QblkStep *step)
{
    if (step->command == NULL) {
        return;
    }
    g_autofree char *arguments = qblk_json_print(step->arguments, QBLK_JSON_COMPACT);
    g_autofree char *safe = qblk_output_escape(arguments);
    g_string_append_printf(out, "     %s %s\n", step->command, safe);
}

/* The commands alone: their arguments name what the step has named. */
static void
print_undo(GString *out, const QblkStep *step)
{
    for (guint i = 0; i < step->undo->len; i++) {
        const QblkStep *undo = step->undo->pdata[i];
        g_string_append_printf(out, "%s%s", i == 0 ? "     taken back by " : ", ", undo->command);
    }
    g_string_append(out, step->undo->len == 0 ? "" : "\n");
}

static void
print_step(GString *out, guint number, const QblkStep *step)
{
    g_string_append_printf(out, "%3u. %s\n", number, step->purpose);
    print_command(out, step);
    if (step->until != NULL) {
        g_string_append_printf(out, "     until the job is %s%s\n", step->until,
                               step->is_final ? "; from here on there is no way back" : "");
    }
    print_undo(out, step);
    if (step->may_fail) {
        g_string_append(out, "     unless QEMU has done it by itself\n");
    }
}

static void
print_removals(GString *out, guint number, const GPtrArray *removed)
{
    for (guint i = 0; i < removed->len; i++) {
        const QblkRemovedImage *removal = removed->pdata[i];
        if (removal->will_delete) {
            g_autofree char *file = qblk_output_escape(removal->filename);
            g_string_append_printf(out, "%3u. delete %s\n", number++, file);
        }
    }
}

static void
print_chain(GString *out, const char *title, const GPtrArray *layers)
{
    if (layers->len > 0) { /* else it is not known, or of no matter */
        g_string_append_printf(out, "%s\n", title);
    }
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        g_autofree char *file = qblk_output_escape(layer->filename);
        g_autofree char *format = qblk_output_escape(layer->format);
        g_autofree char *node =
            layer->node_name == NULL ? NULL : qblk_output_escape(layer->node_name);
        g_string_append_printf(out, "  %s %s (%s%s%s)\n", i + 1 < layers->len ? "├─" : "└─", file,
                               format, node == NULL ? "" : ", node ", node == NULL ? "" : node);
        if (layer->backing_name != NULL) {
            g_autofree char *backing = qblk_output_escape(layer->backing_name);
            g_string_append_printf(out, "     its header will say '%s'\n", backing);
        }
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
    g_autofree char *kind = qblk_output_escape(plan->kind); /* a job has any that QEMU says */
    g_autofree char *target = qblk_output_escape(plan->target);
    gboolean is_known = plan->fingerprint[0] != '\0';
    g_string_append_printf(out, "%s of %s%s%s\n", kind, target, is_known ? ", fingerprint " : "",
                           plan->fingerprint);
    qblk_plan_text_steps(plan, out);
    print_removals(out, plan->steps->len + 1, plan->removed);
    print_chain(out, "before:", plan->before);
    print_chain(out, "after:", plan->after);
    if (plan->stays_ready) {
        g_autofree char *job = qblk_output_escape(plan->job);
        g_string_append_printf(out, "The job '%s' stays ready until it is pivoted or finished.\n",
                               job);
    }
}

void
qblk_plan_text_result(const QblkPlan *plan, const char *state, GString *out)
{
    g_autofree char *kind = qblk_output_escape(plan->kind);
    g_autofree char *target = qblk_output_escape(plan->target);
    if (!g_str_equal(state, "done")) {
        g_autofree char *job = qblk_output_escape(plan->job);
        g_string_append_printf(out, "%s of %s: job '%s' %s %s\n", kind, target, job,
                               g_str_equal(state, "ready") ? "is" : "has", state);
        return;
    }
    const QblkStep *first = plan->steps->len == 0 ? NULL : plan->steps->pdata[0];
    gboolean is_told = plan->stays_ready && first != NULL;
    g_string_append_printf(out, "%s of %s: %s%sdone\n", kind, target, is_told ? first->purpose : "",
                           is_told ? ": " : "");
    if (plan->copy != NULL) {
        g_autofree char *file = qblk_output_escape(plan->copy);
        g_string_append_printf(out, "a copy of the disk: %s\n", file);
    }
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *removal = plan->removed->pdata[i];
        g_autofree char *file = qblk_output_escape(removal->filename);
        g_string_append_printf(out, "%s: %s\n", removal->will_delete ? "deleted" : "no longer used",
                               file);
    }
}
