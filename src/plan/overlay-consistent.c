/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/overlay-consistent.h"

#include "plan/plan-check.h"

/* The image that the plan creates and opens. */
typedef struct {
    const QblkPlan *plan;
    const QblkExpectation *overlay;
    char *storage; /* node-name of its file, owned */
} Overlay;

static void
overlay_clear(Overlay *overlay)
{
    g_free(overlay->storage);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Overlay, overlay_clear)

static gboolean
has_text(const QblkJson *object, const char *member, const char *text)
{
    return text != NULL && g_strcmp0(qblk_json_get_string(object, member), text) == 0;
}

/* ---- commands ---- */

static gboolean
is_create(const Overlay *overlay, const QblkStep *step)
{
    const QblkJson *options = qblk_json_get(step->arguments, "options");
    const GPtrArray *created = overlay->plan->created;
    const QblkCreatedFile *file = created->len == 0 ? NULL : created->pdata[0];
    if (file == NULL) {
        return FALSE;
    }
    if (has_text(options, "driver", "file")) {
        return has_text(options, "filename", file->filename);
    }
    return has_text(options, "driver", file->format) && has_text(options, "file", overlay->storage);
}

static gboolean
is_open(const Overlay *overlay, const QblkStep *step)
{
    const QblkExpectation *image = overlay->overlay;
    const QblkJson *options = step->arguments;
    if (has_text(options, "node-name", overlay->storage)) {
        return (has_text(options, "driver", "file") ||
                has_text(options, "driver", "host_device")) &&
               has_text(options, "filename", image->filename);
    }
    return has_text(options, "node-name", image->node_name) &&
           has_text(options, "driver", image->format) &&
           has_text(options, "file", overlay->storage) &&
           qblk_json_is_null(qblk_json_get(options, "backing"));
}

static gboolean
is_close(const Overlay *overlay, const QblkStep *step)
{
    return has_text(step->arguments, "node-name", overlay->overlay->node_name) ||
           has_text(step->arguments, "node-name", overlay->storage);
}

/* Bitmaps are added to the overlay, and then it is put over the active image. */
static gboolean
is_snapshot(const Overlay *overlay, const QblkStep *step)
{
    const QblkExpectation *top = overlay->plan->before->pdata[0];
    const QblkJson *actions = qblk_json_get(step->arguments, "actions");
    gsize count = qblk_json_length(actions);

    for (gsize i = 0; i < count; i++) {
        const QblkJson *action = qblk_json_at(actions, i), *data = qblk_json_get(action, "data");
        gboolean is_last = i + 1 == count;
        gboolean is_right = is_last ? has_text(action, "type", "blockdev-snapshot") &&
                                          has_text(data, "node", top->node_name) &&
                                          has_text(data, "overlay", overlay->overlay->node_name)
                                    : has_text(action, "type", "block-dirty-bitmap-add") &&
                                          has_text(data, "node", overlay->overlay->node_name);
        if (!is_right) {
            return FALSE;
        }
    }
    return count > 0 && step->is_final && step->is_joint;
}

/* The id of the job, or that the object is a secret, is checked in all plans. */
static gboolean
is_of_all_plans(const Overlay *overlay, const QblkStep *step)
{
    return TRUE;
}

static gboolean
is_delete_secret(const Overlay *overlay, const QblkStep *step)
{
    const QblkStep *first = overlay->plan->steps->pdata[0];
    return g_strcmp0(first->command, "object-add") == 0 &&
           has_text(step->arguments, "id", qblk_json_get_string(first->arguments, "id"));
}

static const struct {
    const char *command;
    gboolean (*is_right)(const Overlay *overlay, const QblkStep *step);
    gboolean is_undo; /* it rolls another one back */
    gboolean is_last; /* no other step follows it */
} commands[] = {
    {"object-add", is_of_all_plans, FALSE, FALSE},  {"blockdev-create", is_create, FALSE, FALSE},
    {"job-dismiss", is_of_all_plans, FALSE, FALSE}, {"blockdev-add", is_open, FALSE, FALSE},
    {"transaction", is_snapshot, FALSE, TRUE},      {"object-del", is_delete_secret, TRUE, FALSE},
    {"job-cancel", is_of_all_plans, TRUE, FALSE},   {"job-dismiss", is_of_all_plans, TRUE, FALSE},
    {"blockdev-del", is_close, TRUE, FALSE},
};

static gboolean
is_right_step(const Overlay *overlay, const QblkStep *step, gboolean is_undo, gboolean is_last)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_strcmp0(commands[i].command, step->command) == 0 && commands[i].is_undo == is_undo &&
            commands[i].is_last == is_last) {
            return commands[i].is_right(overlay, step);
        }
    }
    return FALSE;
}

static const QblkStep *
find_wrong_step(const Overlay *overlay)
{
    const GPtrArray *steps = overlay->plan->steps;

    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        if (!is_right_step(overlay, step, FALSE, i + 1 == steps->len)) {
            return step;
        }
        for (guint j = 0; j < step->undo->len; j++) {
            if (!is_right_step(overlay, step->undo->pdata[j], TRUE, FALSE)) {
                return step->undo->pdata[j];
            }
        }
    }
    return NULL;
}

/* ---- images ---- */

/* The chain afterwards has one more image, above all others. */
static gboolean
has_one_overlay(const QblkPlan *plan)
{
    if (plan->before->len == 0 || plan->after->len != plan->before->len + 1) {
        return FALSE;
    }
    for (guint i = 0; i < plan->before->len; i++) {
        const QblkExpectation *before = plan->before->pdata[i], *after = plan->after->pdata[i + 1];
        if (g_strcmp0(before->node_name, after->node_name) != 0 ||
            g_strcmp0(before->filename, after->filename) != 0) {
            return FALSE;
        }
    }

    const QblkExpectation *overlay = plan->after->pdata[0];
    return overlay->node_name != NULL && g_path_is_absolute(overlay->filename);
}

static gboolean
creates_overlay(const QblkPlan *plan)
{
    const QblkExpectation *overlay = plan->after->pdata[0];
    const QblkCreatedFile *file = plan->created->len == 0 ? NULL : plan->created->pdata[0];
    return file == NULL ||
           (plan->created->len == 1 && g_str_equal(file->filename, overlay->filename) &&
            g_str_equal(file->format, overlay->format));
}

/* What plans with a job have. */
static gboolean
has_nothing_else(const QblkPlan *plan)
{
    return plan->removed->len == 0 && plan->partial == NULL && plan->outcome == NULL &&
           plan->merged == NULL && plan->copy == NULL && !plan->existing_job && !plan->stays_ready;
}

gboolean
qblk_overlay_consistent_check(const QblkPlan *plan, GError **error)
{
    if (!has_one_overlay(plan) || !creates_overlay(plan) || !has_nothing_else(plan)) {
        return qblk_plan_refuse(error,
                                "the plan of '%s' is not valid: it does not put one overlay over "
                                "the active image",
                                plan->target);
    }

    g_auto(Overlay) overlay = {.plan = plan, .overlay = plan->after->pdata[0]};
    overlay.storage = g_strconcat(overlay.overlay->node_name, "-file", NULL);
    const QblkStep *wrong = find_wrong_step(&overlay);
    if (plan->steps->len > 0 && wrong == NULL) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "the plan of '%s' is not valid: to %s, it would do what no snapshot "
                            "does",
                            plan->target, wrong == NULL ? "do nothing" : wrong->purpose);
}
