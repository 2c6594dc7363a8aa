/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-flush.h"

#include "chain/location.h"
#include "graph/node.h"
#include "image/image-arguments.h"
#include "plan/plan-check.h"
#include "plan/plan-steps.h"

/* Edges that an option of the same name makes. */
static const char *const edges[] = {"file", "backing", "data-file"};

/* Drivers whose options are known: a node that is reopened without an option loses it. */
static const char *const drivers[] = {"qcow2", "raw", NULL};

static const QblkNode *
find_node(const QblkPlanContext *context, const char *name)
{
    return name == NULL ? NULL : qblk_snapshot_find_node(context->snapshot, name);
}

static gboolean
is_of_image(const QblkPlanContext *context, const char *name)
{
    return context->image_layers != NULL &&
           qblk_image_arguments_has_node(context->image_layers, name);
}

/* ---- reopening ---- */

/* The options of a node that another program has opened, as far as QEMU reports them. */
static QblkJson *
reported_options(const QblkNode *node)
{
    QblkJson *options = qblk_json_new_object();

    qblk_json_set_string(options, "driver", node->driver);
    qblk_json_set_string(options, "node-name", node->name);
    if (node->detects_zeroes != NULL) {
        qblk_json_set_string(options, "detect-zeroes", node->detects_zeroes);
    }
    if (node->is_direct) {
        QblkJson *cache = qblk_json_new_object();
        qblk_json_set_boolean(cache, "direct", TRUE);
        qblk_json_set(options, "cache", cache);
    }
    return options;
}

/* The children stay: they are named as they are now. */
static void
set_children(QblkJson *options, const QblkNode *node)
{
    gboolean has_backing = g_str_equal(node->driver, "qcow2");

    for (gsize i = 0; i < G_N_ELEMENTS(edges); i++) {
        const QblkNode *child = qblk_node_find_child(node, edges[i]);
        if (child != NULL) {
            qblk_json_set_string(options, edges[i], child->name);
        } else if (has_backing && g_str_equal(edges[i], "backing")) {
            qblk_json_set(options, edges[i], qblk_json_new_null());
        }
    }
}

static QblkJson *
reopen_arguments(const QblkPlanContext *context, const QblkNode *node)
{
    QblkJson *options = is_of_image(context, node->name)
                            ? qblk_image_arguments_node(context->image_layers, node->name)
                            : reported_options(node);
    qblk_json_set_boolean(options, "read-only", FALSE);
    set_children(options, node);

    QblkJson *list = qblk_json_new_array();
    qblk_json_append(list, options);
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set(arguments, "options", list);
    return arguments;
}

/* TRUE if @node is a raw node that shows a part of its file, or that is not known. */
static gboolean
may_be_slice(const QblkNode *node, const QblkNode *storage)
{
    g_autoptr(QblkLocation) location = qblk_location_new(node, storage);
    g_autoptr(QblkSource) source = qblk_location_decode(location, NULL);

    return source == NULL || source->slice_offset != NULL;
}

/* TRUE if no option of @node that counts is lost. */
static gboolean
can_reopen(const QblkPlanContext *context, const QblkNode *node)
{
    if (is_of_image(context, node->name)) {
        return TRUE;
    }

    const QblkNode *storage = qblk_node_storage(node);
    return g_strv_contains(drivers, node->driver) && node->encryption == NULL && storage != NULL &&
           !may_be_slice(node, storage);
}

static void
add_reopen(QblkPlan *plan, const QblkPlanContext *context, const QblkNode *node)
{
    (void)qblk_plan_add(plan, "flush the written data", "blockdev-reopen",
                        reopen_arguments(context, node));
    if (!is_of_image(context, node->name)) {
        char *warning = g_strdup_printf(
            "node '%s' is reopened to flush it, and loses options that QEMU does not report, such "
            "as 'discard': set them again with 'blockdev-reopen'",
            node->name);
        g_ptr_array_add(plan->warnings, warning);
    }
}

/* ---- either way ---- */

static void
add_hmp(QblkPlan *plan, const char *node)
{
    g_autofree char *line = g_strdup_printf("qemu-io \"%s\" flush", node);
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "command-line", line);

    QblkStep *step =
        qblk_plan_add(plan, "flush the written data", "human-monitor-command", arguments);
    step->is_silent = TRUE;
}

void
qblk_plan_add_flush(QblkPlan *plan, const QblkPlanContext *context, const char *node)
{
    if (!context->lacks_hmp) {
        add_hmp(plan, node);
        return;
    }

    const QblkNode *found = find_node(context, node);
    if (found != NULL && !context->lacks_reopen && can_reopen(context, found)) {
        add_reopen(plan, context, found);
    }
}

gboolean
qblk_plan_flush_check(const QblkPlanContext *context, const QblkLayer *layer, GError **error)
{
    const QblkNode *node = find_node(context, layer->node_name);
    if (!context->lacks_hmp || node == NULL) {
        return TRUE;
    }

    if (context->lacks_reopen) {
        return qblk_plan_refuse(error,
                                "this qemu-storage-daemon cannot flush what the job writes to "
                                "'%s', and the data could be lost: it lacks 'blockdev-reopen', "
                                "which QEMU has since 6.1",
                                layer->filename);
    }
    if (!can_reopen(context, node)) {
        return qblk_plan_refuse(error,
                                "this qemu-storage-daemon cannot flush what the job writes to "
                                "'%s', and the data could be lost: node '%s' has options that it "
                                "does not report",
                                layer->filename, node->name);
    }
    return TRUE;
}

/* ---- plans that were read ---- */

/* The options of a node, with the type of each.  A reference to a node is a string; an object would
 * open another file. */
static const struct {
    const char *name;
    QblkJsonType type;
} allowed[] = {
    {"driver", QBLK_JSON_STRING},     {"node-name", QBLK_JSON_STRING},
    {"read-only", QBLK_JSON_BOOLEAN}, {"file", QBLK_JSON_STRING},
    {"backing", QBLK_JSON_STRING},    {"data-file", QBLK_JSON_STRING},
    {"discard", QBLK_JSON_STRING},    {"detect-zeroes", QBLK_JSON_STRING},
    {"cache", QBLK_JSON_OBJECT},      {"encrypt", QBLK_JSON_OBJECT},
    {"key-secret", QBLK_JSON_STRING},
};

static gboolean
is_allowed(const char *key, const QblkJson *value, gpointer user_data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
        if (g_str_equal(key, allowed[i].name)) {
            gboolean is_no_backing = g_str_equal(key, "backing") && qblk_json_is_null(value);
            return is_no_backing || qblk_json_is(value, allowed[i].type);
        }
    }
    return FALSE;
}

gboolean
qblk_plan_flush_is_reopen(const QblkJson *arguments)
{
    const QblkJson *options = qblk_json_get(arguments, "options");
    const QblkJson *node = qblk_json_at(options, 0);
    const char *driver = qblk_json_get_string(node, "driver");

    /* Other drivers have no children that are named as these. */
    return qblk_json_length(options) == 1 && driver != NULL && qblk_driver_find(driver) != NULL &&
           qblk_driver_find(driver)->kind == QBLK_DRIVER_FORMAT &&
           qblk_json_get_string(node, "node-name") != NULL &&
           qblk_json_each(node, is_allowed, NULL);
}

static gboolean
is_unchanged(const QblkPlanContext *context, const QblkStep *step)
{
    const QblkJson *options = qblk_json_at(qblk_json_get(step->arguments, "options"), 0);
    const QblkNode *node = find_node(context, qblk_json_get_string(options, "node-name"));
    if (node == NULL || !can_reopen(context, node)) {
        return FALSE;
    }

    g_autoptr(QblkJson) expected = reopen_arguments(context, node);
    return qblk_json_equal(expected, step->arguments);
}

gboolean
qblk_plan_flush_check_read(const QblkPlanContext *context, const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        gboolean is_reopen = g_strcmp0(step->command, "blockdev-reopen") == 0;
        if (is_reopen && !is_unchanged(context, step)) {
            return qblk_plan_refuse(error,
                                    "the plan of '%s' would change the options of a node: plan "
                                    "again",
                                    plan->target);
        }
    }
    return TRUE;
}
