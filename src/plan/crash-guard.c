/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/crash-guard.h"

#include "plan/plan-check.h"

#define NO_VERSION                                                                                 \
    {                                                                                              \
        G_MAXINT, 0, 0                                                                             \
    }

static const struct {
    QblkQemuVersion from, before;
    const char *filter; /* its driver, or NULL */
    QblkCrashChange change;
} crashes[] = {
    /* Its bitmap is one of the node below it, which fails an assertion when it is closed: of
     * bdrv_close(), on dirty_bitmaps.  Since 9.1 the bitmap is one of the filter.  Seen on 7.2. */
    {{6, 2, 0}, {9, 1, 0}, "copy-before-write", QBLK_CRASH_REPLACE},
    /* The main loop waits forever: blockdev-mirror is not answered, and no command after it.  The
     * limits of the filter are those of the image below, and reading them takes a coroutine since
     * 8.0.  Seen on 10.0 and 11.1, and not on 7.2. */
    {{8, 0, 0}, NO_VERSION, "compress", QBLK_CRASH_MIRROR},
    /* A bitmap that is in use, by an export of a layer above, for example, fails an assertion of
     * bdrv_release_dirty_bitmap_locked().  Seen on 5.2, 7.2, 10.0 and 11.1. */
    {{0, 0, 0}, NO_VERSION, NULL, QBLK_CRASH_CLOSE},
    /* The reason to block other operations on the replaced node is set twice, which fails an
     * assertion of error_setv().  Seen on 5.2 and 7.2, and not on 10.0 and 11.1. */
    {{0, 0, 0}, {10, 0, 0}, NULL, QBLK_CRASH_TWICE},
};

static gboolean
is_affected(gsize row, const QblkQemuVersion *version, QblkCrashChange change)
{
    return crashes[row].change == change &&
           qblk_qemu_version_compare(version, &crashes[row].from) >= 0 &&
           qblk_qemu_version_compare(version, &crashes[row].before) < 0;
}

static gboolean
crashes_with(const QblkQemuVersion *version, const QblkNode *filter, QblkCrashChange change)
{
    for (gsize i = 0; i < G_N_ELEMENTS(crashes); i++) {
        if (g_strcmp0(filter->driver, crashes[i].filter) == 0 && is_affected(i, version, change)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
is_of_job(const QblkNode *node)
{
    return g_str_equal(node->driver, "mirror_top") || g_str_equal(node->driver, "commit_top");
}

/* The node that @filter was made for: a job adds its own filter between the two later. */
static const QblkNode *
find_below(const QblkSnapshot *snapshot, const QblkNode *filter)
{
    const QblkNode *node = qblk_node_filtered(filter);
    for (guint i = 0; node != NULL && i < snapshot->nodes->len; i++) {
        if (!is_of_job(node)) {
            return node;
        }
        node = qblk_node_filtered(node);
    }
    return node;
}

/* @above_job: only a filter that was added above that of a job, which is closed with the job.  Its
 * bitmaps are in that of the job; those of a filter that was there before are in the node below. */
static const QblkNode *
find_filter_above(const QblkSnapshot *snapshot, const char *node_name, gboolean above_job)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        const QblkNode *filter = snapshot->nodes->pdata[i];
        if (!crashes_with(&snapshot->version, filter, QBLK_CRASH_REPLACE)) {
            continue;
        }
        const QblkNode *child = qblk_node_filtered(filter);
        gboolean is_above_job = child != NULL && is_of_job(child) && child->has_unnamed_bitmaps;
        if (above_job && !is_above_job) {
            continue;
        }
        const QblkNode *below = find_below(snapshot, filter);
        if (below != NULL && g_strcmp0(below->name, node_name) == 0) {
            return filter;
        }
    }
    return NULL;
}

/* ---- the commands that remove the filter ---- */

static void
add_command(GString *text, const char *name, QblkJson *arguments)
{
    g_autoptr(QblkJson) command = qblk_json_new_object();
    qblk_json_set_string(command, "execute", name);
    qblk_json_set(command, "arguments", arguments);
    g_autofree char *line = qblk_json_print(command, QBLK_JSON_COMPACT);
    g_string_append_printf(text, "%s%s", text->len == 0 ? "" : " ", line);
}

static void
add_delete(GString *text, const char *node_name)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "node-name", node_name);
    add_command(text, "blockdev-del", arguments);
}

/* Delete the nodes that read what @filter has saved, attach the device to the node below it, and
 * delete it.  While it has a reader, it shares the node below with no other writer. */
static char *
describe_removal(const QblkDevice *device, const QblkNode *filter)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < filter->parents->len; i++) {
        const QblkNode *reader = filter->parents->pdata[i];
        add_delete(text, reader->name);
    }

    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "path", device->path);
    qblk_json_set_string(arguments, "property", "drive");
    qblk_json_set_string(arguments, "value", qblk_node_filtered(filter)->name);
    add_command(text, "qom-set", arguments);
    add_delete(text, filter->name);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Returns: (transfer full) (nullable): the commands that remove @filter, if that is what the device
 * of the disk @target is attached to */
static char *
find_removal(const QblkSnapshot *snapshot, const QblkNode *filter, const char *target)
{
    const QblkDevice *device = qblk_snapshot_find_device(snapshot, target, NULL);
    gboolean is_root = device != NULL && g_strcmp0(device->node_name, filter->name) == 0;
    return is_root && device->path != NULL ? describe_removal(device, filter) : NULL;
}

/* ---- the checks ---- */

gboolean
qblk_crash_guard_check_replaced(const QblkSnapshot *snapshot, const char *node_name,
                                const char *target, GError **error)
{
    const QblkNode *filter = find_filter_above(snapshot, node_name, FALSE);
    if (filter == NULL) {
        return TRUE;
    }

    const QblkQemuVersion *version = &snapshot->version;
    g_autofree char *commands = find_removal(snapshot, filter, target);
    if (commands == NULL) {
        return qblk_plan_refuse(error,
                                "disk '%s': filter '%s' (%s) above node '%s' would crash this QEMU "
                                "(%d.%d.%d) when the node is replaced: remove the filter, or end "
                                "the backup that uses it",
                                target, filter->name, filter->driver, node_name, version->major,
                                version->minor, version->micro);
    }
    return qblk_plan_refuse(error,
                            "disk '%s': filter '%s' (%s) above node '%s' would crash this QEMU "
                            "(%d.%d.%d) when the node is replaced: end the backup that uses the "
                            "filter, or remove it with these QMP commands: %s",
                            target, filter->name, filter->driver, node_name, version->major,
                            version->minor, version->micro, commands);
}

gboolean
qblk_crash_guard_check(const QblkPlanContext *context, const QblkLayer *layer, const char *target,
                       GError **error)
{
    return qblk_crash_guard_check_replaced(context->snapshot, layer->node_name, target, error);
}

gboolean
qblk_crash_guard_check_mirrored(const QblkSnapshot *snapshot, const QblkNode *root,
                                const char *target, GError **error)
{
    const QblkQemuVersion *version = &snapshot->version;
    if (!crashes_with(version, root, QBLK_CRASH_MIRROR)) {
        return TRUE;
    }

    g_autofree char *commands = find_removal(snapshot, root, target);
    if (commands == NULL) {
        return qblk_plan_refuse(error,
                                "disk '%s': this QEMU (%d.%d.%d) would stop responding when a copy "
                                "starts at filter '%s' (%s): remove the filter",
                                target, version->major, version->minor, version->micro, root->name,
                                root->driver);
    }
    return qblk_plan_refuse(error,
                            "disk '%s': this QEMU (%d.%d.%d) would stop responding when a copy "
                            "starts at filter '%s' (%s): remove the filter with these QMP "
                            "commands: %s",
                            target, version->major, version->minor, version->micro, root->name,
                            root->driver, commands);
}

gboolean
qblk_crash_guard_check_mirror(const QblkPlanContext *context, const QblkChain *chain,
                              GError **error)
{
    const QblkSnapshot *snapshot = context->snapshot;
    const QblkNode *root =
        chain->root == NULL ? NULL : qblk_snapshot_find_node(snapshot, chain->root);
    return root == NULL || qblk_crash_guard_check_mirrored(snapshot, root, chain->target, error);
}

gboolean
qblk_crash_guard_concerns(const QblkQemuVersion *version, QblkCrashChange change)
{
    for (gsize i = 0; i < G_N_ELEMENTS(crashes); i++) {
        if (is_affected(i, version, change)) {
            return TRUE;
        }
    }
    return FALSE;
}

static const QblkBitmap *
find_busy(const QblkNode *node)
{
    for (guint i = 0; node->bitmaps != NULL && i < node->bitmaps->len; i++) {
        const QblkBitmap *bitmap = node->bitmaps->pdata[i];
        if (bitmap->is_busy) {
            return bitmap;
        }
    }
    return NULL;
}

/* The node that @step closes, or NULL. */
static const char *
closed_by(const QblkStep *step)
{
    gboolean is_close = g_strcmp0(step->command, "blockdev-del") == 0;
    return is_close ? qblk_json_string(qblk_json_get(step->arguments, "node-name")) : NULL;
}

static gboolean
check_closed(const QblkPlan *plan, const QblkSnapshot *snapshot, GError **error)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const char *name = closed_by(plan->steps->pdata[i]);
        const QblkNode *node = name == NULL ? NULL : qblk_snapshot_find_node(snapshot, name);
        const QblkBitmap *bitmap = node == NULL ? NULL : find_busy(node);
        if (bitmap != NULL && qblk_crash_guard_concerns(&snapshot->version, QBLK_CRASH_CLOSE)) {
            return qblk_plan_refuse(
                error,
                "disk '%s': bitmap '%s' of node '%s' is in use, and would crash "
                "QEMU when the node is closed: end what uses the bitmap, such "
                "as a backup or an export",
                plan->target, bitmap->name, name);
        }
    }
    return TRUE;
}

gboolean
qblk_crash_guard_check_closed(QblkPlan *plan, const QblkPlanContext *context, GError **error)
{
    for (guint i = 0; plan->closed_node == NULL && i < plan->steps->len; i++) {
        const char *name = closed_by(plan->steps->pdata[i]);
        gboolean is_there =
            name != NULL && qblk_snapshot_find_node(context->snapshot, name) != NULL;
        plan->closed_node = is_there ? g_strdup(name) : NULL;
    }
    return check_closed(plan, context->snapshot, error);
}

void
qblk_crash_guard_watch(QblkPlan *plan, const QblkPlanContext *context, const QblkLayer *layer)
{
    if (qblk_crash_guard_concerns(&context->snapshot->version, QBLK_CRASH_REPLACE)) {
        g_free(plan->replaced_node);
        plan->replaced_node = g_strdup(layer->node_name);
    }
}

gboolean
qblk_crash_guard_check_again(const QblkPlan *plan, const QblkSnapshot *snapshot, GError **error)
{
    if (plan->replaced_node != NULL &&
        !qblk_crash_guard_check_replaced(snapshot, plan->replaced_node, plan->target, error)) {
        return FALSE;
    }
    return check_closed(plan, snapshot, error);
}

gboolean
qblk_crash_guard_check_cancelled(const QblkSnapshot *snapshot, const char *node_name,
                                 GError **error)
{
    const QblkNode *filter = find_filter_above(snapshot, node_name, TRUE);
    if (filter == NULL) {
        return TRUE;
    }
    return qblk_plan_refuse(error, "filter '%s' (%s) would crash QEMU when the job is cancelled",
                            filter->name, filter->driver);
}

gboolean
qblk_crash_guard_check_end(const QblkPlan *plan, const QblkSnapshot *snapshot, GError **error)
{
    return qblk_crash_guard_check_cancelled(snapshot, plan->replaced_node, error);
}

gboolean
qblk_crash_guard_check_node_closed(const QblkSnapshot *snapshot, const char *node_name,
                                   GError **error)
{
    const QblkNode *node = qblk_snapshot_find_node(snapshot, node_name);
    const QblkBitmap *bitmap = node == NULL ? NULL : find_busy(node);
    if (bitmap == NULL || !qblk_crash_guard_concerns(&snapshot->version, QBLK_CRASH_CLOSE)) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "bitmap '%s' of node '%s' is in use, and would crash QEMU when the "
                            "node is closed: end what uses the bitmap, such as a backup or an "
                            "export",
                            bitmap->name, node_name);
}
