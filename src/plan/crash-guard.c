/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/crash-guard.h"

#include "plan/plan-check.h"

/* The crashes when a node is replaced below a filter. */
static const struct {
    QblkQemuVersion from, before;
    const char *filter; /* its driver */
} crashes[] = {
    /* Its bitmap is one of the node below it, which fails an assertion when it is closed: of
     * bdrv_close(), on dirty_bitmaps.  Since 9.1 the bitmap is one of the filter.  Seen on 7.2. */
    {{6, 2, 0}, {9, 1, 0}, "copy-before-write"},
};

static gboolean
crashes_with(const QblkQemuVersion *version, const QblkNode *filter)
{
    for (gsize i = 0; i < G_N_ELEMENTS(crashes); i++) {
        if (g_str_equal(filter->driver, crashes[i].filter) &&
            qblk_qemu_version_compare(version, &crashes[i].from) >= 0 &&
            qblk_qemu_version_compare(version, &crashes[i].before) < 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The node that @filter was made for: a job adds its own filter between the two later. */
static const QblkNode *
find_below(const QblkSnapshot *snapshot, const QblkNode *filter)
{
    const QblkNode *node = qblk_node_filtered(filter);
    for (guint i = 0; node != NULL && i < snapshot->nodes->len; i++) {
        gboolean is_of_job =
            g_str_equal(node->driver, "mirror_top") || g_str_equal(node->driver, "commit_top");
        if (!is_of_job) {
            return node;
        }
        node = qblk_node_filtered(node);
    }
    return node;
}

static const QblkNode *
find_filter(const QblkSnapshot *snapshot, const char *node_name)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        const QblkNode *filter = snapshot->nodes->pdata[i];
        if (!crashes_with(&snapshot->version, filter)) {
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

gboolean
qblk_crash_guard_check(const QblkPlanContext *context, const QblkLayer *layer, const char *target,
                       GError **error)
{
    const QblkSnapshot *snapshot = context->snapshot;
    const QblkNode *filter = find_filter(snapshot, layer->node_name);
    if (filter == NULL) {
        return TRUE;
    }

    const QblkQemuVersion *version = &snapshot->version;
    const QblkDevice *device = qblk_snapshot_find(snapshot, target, NULL);
    if (device == NULL || device->path == NULL || g_strcmp0(device->node_name, filter->name) != 0) {
        return qblk_plan_refuse(error,
                                "disk '%s': filter '%s' (%s) above node '%s' would crash this QEMU "
                                "(%d.%d.%d) when the node is replaced: remove the filter, or end "
                                "the backup that uses it",
                                target, filter->name, filter->driver, layer->node_name,
                                version->major, version->minor, version->micro);
    }

    g_autofree char *commands = describe_removal(device, filter);
    return qblk_plan_refuse(error,
                            "disk '%s': filter '%s' (%s) above node '%s' would crash this QEMU "
                            "(%d.%d.%d) when the node is replaced: end the backup that uses the "
                            "filter, or remove it with these QMP commands: %s",
                            target, filter->name, filter->driver, layer->node_name, version->major,
                            version->minor, version->micro, commands);
}
