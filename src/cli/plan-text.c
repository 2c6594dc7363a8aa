/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/plan-text.h"

#include "cli/output.h"

static void
print_step(GString *out, guint number, const QblkStep *step)
{
    g_autofree char *arguments = qblk_json_print(step->arguments, QBLK_JSON_COMPACT);
    g_autofree char *safe = qblk_output_escape(arguments);
    g_string_append_printf(out, "%3u. %s\n     %s %s\n", number, step->purpose, step->command,
                           safe);
    if (step->until != NULL) {
        g_string_append_printf(out, "     until the job is %s%s\n", step->until,
                               step->is_final ? "; from here on there is no way back" : "");
    }
    if (step->may_fail) {
        g_string_append(out, "     unless QEMU has done it by itself\n");
    }
}

static void
print_chain(GString *out, const char *title, const GPtrArray *layers)
{
    g_string_append_printf(out, "%s\n", title);
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        g_autofree char *file = qblk_output_escape(layer->filename);
        g_autofree char *node = qblk_output_escape(layer->node_name);
        g_string_append_printf(out, "  %s %s (%s, node %s)\n", i + 1 < layers->len ? "├─" : "└─",
                               file, layer->format, node);
        if (layer->backing_name != NULL) {
            g_autofree char *backing = qblk_output_escape(layer->backing_name);
            g_string_append_printf(out, "     its header will say '%s'\n", backing);
        }
    }
}

void
qblk_plan_text(const QblkPlan *plan, GString *out)
{
    g_autofree char *target = qblk_output_escape(plan->target);
    g_string_append_printf(out, "%s of %s, fingerprint %s\n", plan->kind, target,
                           plan->fingerprint);
    for (guint i = 0; i < plan->steps->len; i++) {
        print_step(out, i + 1, plan->steps->pdata[i]);
    }
    print_chain(out, "before:", plan->before);
    print_chain(out, "after:", plan->after);
    if (plan->stays_ready) {
        g_string_append_printf(out, "The job '%s' stays ready until it is pivoted or cancelled.\n",
                               plan->job);
    }
}

void
qblk_plan_text_result(const QblkPlan *plan, GString *out)
{
    g_autofree char *target = qblk_output_escape(plan->target);
    if (plan->stays_ready) {
        g_string_append_printf(out, "%s of %s: job '%s' is ready\n", plan->kind, target, plan->job);
        return;
    }
    g_string_append_printf(out, "%s of %s: done\n", plan->kind, target);
    for (guint i = 0; i < plan->removed->len; i++) {
        g_autofree char *file = qblk_output_escape(plan->removed->pdata[i]);
        g_string_append_printf(out, "no longer used: %s\n", file);
    }
}
