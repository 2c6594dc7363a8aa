/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/target.h"

#include "graph/alias.h"
#include "graph/enumeration.h"
#include "image/image-arguments.h"

/* A longer way from a device to its file is not searched: the graph may form a cycle. */
#define MAX_DEPTH 100

typedef struct {
    GPtrArray *devices; /* of QblkDevice */
    const QblkSnapshotOptions *options;
    GHashTable *taken;     /* name -> QblkDevice, borrowed */
    GHashTable *ambiguous; /* name -> text */
} Assignment;

/* ---- names that one device proposes ---- */

static char *
name_by_qdev(const QblkDevice *device)
{
    if (device->id == NULL || !qblk_alias_is_target(device->id)) {
        return NULL;
    }
    return g_strdup(device->id);
}

static char *
name_by_alias(const QblkDevice *device)
{
    const char *bus = NULL;
    return device->id == NULL ? NULL : qblk_alias_to_target(device->id, &bus);
}

static char *
name_by_backend(const QblkDevice *device)
{
    if (device->backend == NULL || !qblk_alias_is_target(device->backend)) {
        return NULL;
    }
    return g_strdup(device->backend);
}

/* Only the private daemon has these nodes without a device.  An overlay, or the filter of a job,
 * may be above the node that was opened as the top.  If that is gone, one disk is left, which
 * enumeration names. */
static char *
name_by_image(const QblkDevice *device)
{
    const QblkNode *node = device->node;
    if (device->qdev != NULL || device->backend != NULL) {
        return NULL;
    }

    for (guint depth = 0; node != NULL && depth < MAX_DEPTH; depth++) {
        if (g_str_equal(node->name, QBLK_IMAGE_NODE) ||
            g_str_equal(node->name, QBLK_IMAGE_PLAN_NODE)) {
            return g_strdup("vda");
        }
        const QblkNode *filtered = qblk_node_filtered(node);
        node = filtered != NULL ? filtered : qblk_node_find_child(node, "backing");
    }
    return NULL;
}

/* From the most to the least reliable. */
static const struct {
    QblkNameSource source;
    char *(*name)(const QblkDevice *device);
} sources[] = {
    {QBLK_NAME_SOURCE_QDEV, name_by_qdev},
    {QBLK_NAME_SOURCE_ALIAS, name_by_alias},
    {QBLK_NAME_SOURCE_BACKEND, name_by_backend},
    {QBLK_NAME_SOURCE_IMAGE, name_by_image},
};

/* An IDE disk may be on a SATA controller, and a SCSI disk inside a USB device. */
static gboolean
is_bus_certain(const QblkDevice *device)
{
    return device->bus != NULL && !g_str_has_prefix(device->type, "ide-") &&
           !g_str_has_prefix(device->type, "scsi-");
}

gboolean
qblk_target_needs_address(const QblkDevice *device)
{
    if (device->type == NULL || device->kind == QBLK_DEVICE_KIND_FIRMWARE) {
        return FALSE;
    }

    g_autofree char *by_alias = name_by_alias(device);
    if (by_alias != NULL) {
        return FALSE;
    }
    if (!is_bus_certain(device)) {
        return TRUE;
    }

    g_autofree char *by_qdev = name_by_qdev(device);
    g_autofree char *by_backend = name_by_backend(device);
    return by_qdev == NULL && by_backend == NULL;
}

static void
set_target(Assignment *assignment, QblkDevice *device, const char *name, QblkNameSource source)
{
    device->target = g_strdup(name);
    device->name_source = source;
    g_hash_table_insert(assignment->taken, device->target, device);
}

static void
add_candidate(Assignment *assignment, const char *name, const QblkDevice *device)
{
    const char *others = g_hash_table_lookup(assignment->ambiguous, name);
    const char *label = qblk_device_get_label(device);
    char *all = others == NULL ? g_strdup_printf("'%s'", label)
                               : g_strdup_printf("%s and '%s'", others, label);
    g_hash_table_insert(assignment->ambiguous, g_strdup(name), all);
}

/* The name that each device proposes, NULL if it proposes no name or has one. */
static GPtrArray *
collect_proposals(const Assignment *assignment, char *(*name)(const QblkDevice *device))
{
    GPtrArray *proposals = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < assignment->devices->len; i++) {
        const QblkDevice *device = assignment->devices->pdata[i];
        gboolean is_open = device->target == NULL && device->kind != QBLK_DEVICE_KIND_FIRMWARE;
        g_ptr_array_add(proposals, is_open ? name(device) : NULL);
    }
    return proposals;
}

/* name -> how many devices propose it. */
static GHashTable *
count_proposals(const GPtrArray *proposals)
{
    GHashTable *counts = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < proposals->len; i++) {
        char *name = proposals->pdata[i];
        if (name != NULL) {
            guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));
            g_hash_table_insert(counts, name, GUINT_TO_POINTER(count + 1));
        }
    }
    return counts;
}

/* A name that a better source has assigned is not available, and one that two devices propose is
 * assigned to neither. */
static void
assign_by_source(Assignment *assignment, gsize source)
{
    g_autoptr(GPtrArray) proposals = collect_proposals(assignment, sources[source].name);
    g_autoptr(GHashTable) counts = count_proposals(proposals);

    for (guint i = 0; i < proposals->len; i++) {
        const char *name = proposals->pdata[i];
        QblkDevice *device = assignment->devices->pdata[i];
        if (name == NULL || g_hash_table_contains(assignment->taken, name)) {
            continue;
        }

        if (GPOINTER_TO_UINT(g_hash_table_lookup(counts, name)) > 1) {
            add_candidate(assignment, name, device);
        } else if (!g_hash_table_contains(assignment->ambiguous, name)) {
            set_target(assignment, device, name, sources[source].source);
        }
    }
}

/* ---- names that the user gives ---- */

static gboolean
has_name(const QblkDevice *device, const char *name)
{
    const char *const names[] = {device->id, device->qdev, device->backend, device->node_name};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(names[i], name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Find the device of @wanted.  Returns: FALSE with an error if there are several; @device is NULL
 * if there is no such device. */
static gboolean
find_named_device(GPtrArray *devices, const QblkTargetAssignment *wanted, QblkDevice **device,
                  GError **error)
{
    *device = NULL;
    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *candidate = devices->pdata[i];
        if (!has_name(candidate, wanted->device)) {
            continue;
        }
        if (*device != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                        "cannot assign the name '%s': '%s' matches '%s' and '%s'", wanted->target,
                        wanted->device, qblk_device_get_label(*device),
                        qblk_device_get_label(candidate));
            return FALSE;
        }
        *device = candidate;
    }
    return TRUE;
}

static gboolean
assign_one_by_user(Assignment *assignment, GHashTable *nodes, const QblkTargetAssignment *wanted,
                   GError **error)
{
    QblkDevice *device = NULL;
    if (!find_named_device(assignment->devices, wanted, &device, error)) {
        return FALSE;
    }

    const QblkNode *node = g_hash_table_lookup(nodes, wanted->device);
    if (device == NULL && node != NULL) {
        device = qblk_device_new_for_node(node);
        g_ptr_array_add(assignment->devices, device);
    }

    if (device == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                    "cannot assign the name '%s': no device, drive or node '%s'", wanted->target,
                    wanted->device);
        return FALSE;
    }
    if (device->target != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                    "cannot assign the name '%s': '%s' has the name '%s'", wanted->target,
                    wanted->device, device->target);
        return FALSE;
    }
    set_target(assignment, device, wanted->target, QBLK_NAME_SOURCE_USER);
    return TRUE;
}

static gboolean
assign_by_user(Assignment *assignment, GHashTable *nodes, GError **error)
{
    for (guint i = 0; i < assignment->options->assignments->len; i++) {
        if (!assign_one_by_user(assignment, nodes, assignment->options->assignments->pdata[i],
                                error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- names of a libvirt domain ---- */

/* The file that stores the active layer.  The name of the format node is `json:` if its backing was
 * specified with -blockdev, as libvirt does. */
static const char *
active_file(const QblkDevice *device)
{
    const char *filename = NULL;
    const QblkNode *node = device->node;
    for (guint depth = 0; node != NULL && depth < MAX_DEPTH; depth++) {
        filename = node->filename;
        node = qblk_node_storage(node);
    }
    return filename;
}

/* QEMU and XML have an empty text if there is no value. */
static gboolean
equals_hint(const char *reported, const char *hint)
{
    return hint != NULL && hint[0] != '\0' && g_strcmp0(reported, hint) == 0;
}

static gboolean
has_alias(const QblkDevice *device, const QblkTargetHint *hint)
{
    return equals_hint(device->id, hint->alias);
}

static gboolean
has_serial(const QblkDevice *device, const QblkTargetHint *hint)
{
    return equals_hint(device->serial, hint->serial);
}

static gboolean
has_active_file(const QblkDevice *device, const QblkTargetHint *hint)
{
    return equals_hint(active_file(device), hint->file);
}

typedef gboolean (*Match)(const QblkDevice *device, const QblkTargetHint *hint);

/* The only device without a target that @matches; NULL if there is no such device or several. */
static QblkDevice *
find_single(GPtrArray *devices, Match matches, const QblkTargetHint *hint)
{
    QblkDevice *found = NULL;
    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *device = devices->pdata[i];
        if (device->target != NULL || !matches(device, hint)) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = device;
    }
    return found;
}

static void
assign_by_match(Assignment *assignment, Match matches)
{
    for (guint i = 0; i < assignment->options->hints->len; i++) {
        const QblkTargetHint *hint = assignment->options->hints->pdata[i];
        if (g_hash_table_contains(assignment->taken, hint->target)) {
            continue;
        }
        QblkDevice *device = find_single(assignment->devices, matches, hint);
        if (device != NULL) {
            set_target(assignment, device, hint->target, QBLK_NAME_SOURCE_DOMAIN);
        }
    }
}

/* All aliases before the first serial number: a weaker match must not use up the device that a
 * stronger one identifies. */
static void
assign_by_domain(Assignment *assignment)
{
    static const Match matches[] = {has_alias, has_serial, has_active_file};
    for (gsize i = 0; i < G_N_ELEMENTS(matches); i++) {
        assign_by_match(assignment, matches[i]);
    }
}

/* The alias implies the bus if the controller was not queried. */
static void
complete_bus(QblkDevice *device)
{
    const char *bus = NULL;
    g_autofree char *target = device->id == NULL ? NULL : qblk_alias_to_target(device->id, &bus);
    if (target != NULL && !qblk_target_needs_address(device)) {
        device->bus = bus;
    }
}

gboolean
qblk_target_assign(GPtrArray *devices, GHashTable *nodes, const QblkSnapshotOptions *options,
                   GHashTable *ambiguous, GError **error)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    Assignment assignment = {devices, options, taken, ambiguous};

    for (guint i = 0; i < devices->len; i++) {
        complete_bus(devices->pdata[i]);
    }

    if (!assign_by_user(&assignment, nodes, error)) {
        return FALSE;
    }
    assign_by_domain(&assignment);
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        assign_by_source(&assignment, i);
    }
    qblk_enumeration_assign(devices, taken, ambiguous);
    return TRUE;
}
