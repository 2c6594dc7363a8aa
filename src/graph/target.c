/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/target.h"

#include "base/const-cast.h"
#include "graph/alias.h"
#include "graph/enumeration.h"
#include "image/image-arguments.h"

/* A longer way from a device to its file is not searched: the graph may form a cycle. */
#define MAX_DEPTH 100

typedef struct {
    GPtrArray *devices; /* of QblkDevice */
    const QblkSnapshotOptions *options;
    GHashTable *taken;     /* name -> QblkDevice, borrowed */
    GHashTable *ambiguous; /* name -> GPtrArray of QblkDevice, borrowed */
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
    GPtrArray *devices = g_hash_table_lookup(assignment->ambiguous, name);
    if (devices == NULL) {
        devices = g_ptr_array_new();
        g_hash_table_insert(assignment->ambiguous, g_strdup(name), devices);
    }
    g_ptr_array_add(devices, qblk_const_cast(device));
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

/* A device that has some name, and another one that has it, too, or NULL. */
typedef struct {
    QblkDevice *first, *second;
} Named;

static void
add_name(GHashTable *by_name, const char *name, QblkDevice *device)
{
    Named *named = g_hash_table_lookup(by_name, name);
    if (named == NULL) {
        named = g_new0(Named, 1);
        named->first = device;
        g_hash_table_insert(by_name, qblk_const_cast(name), named);
    } else if (named->first != device && named->second == NULL) {
        named->second = device;
    }
}

static void
add_names(GHashTable *by_name, QblkDevice *device)
{
    const char *const names[] = {device->id, device->qdev, device->backend, device->node_name};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i] != NULL) {
            add_name(by_name, names[i], device);
        }
    }
}

/* Find the device of @wanted.  Returns: FALSE with an error if there are several; @device is NULL
 * if there is no such device. */
static gboolean
find_named_device(GHashTable *by_name, const QblkTargetAssignment *wanted, QblkDevice **device,
                  GError **error)
{
    const Named *named = g_hash_table_lookup(by_name, wanted->device);
    *device = named == NULL ? NULL : named->first;
    if (named == NULL || named->second == NULL) {
        return TRUE;
    }

    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                "cannot assign the name '%s': '%s' matches '%s' and '%s'", wanted->target,
                wanted->device, qblk_device_get_label(named->first),
                qblk_device_get_label(named->second));
    return FALSE;
}

static gboolean
assign_one_by_user(Assignment *assignment, GHashTable *by_name, GHashTable *nodes,
                   const QblkTargetAssignment *wanted, GError **error)
{
    QblkDevice *device = NULL;
    if (!find_named_device(by_name, wanted, &device, error)) {
        return FALSE;
    }

    const QblkNode *node = g_hash_table_lookup(nodes, wanted->device);
    if (device == NULL && node != NULL) {
        device = qblk_device_new_for_node(node);
        g_ptr_array_add(assignment->devices, device);
        add_names(by_name, device);
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
    const GPtrArray *assignments = assignment->options->assignments;
    g_autoptr(GHashTable) by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    for (guint i = 0; i < assignment->devices->len && assignments->len > 0; i++) {
        add_names(by_name, assignment->devices->pdata[i]);
    }

    for (guint i = 0; i < assignments->len; i++) {
        if (!assign_one_by_user(assignment, by_name, nodes, assignments->pdata[i], error)) {
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

static const char *
device_alias(const QblkDevice *device)
{
    return device->id;
}

static const char *
device_serial(const QblkDevice *device)
{
    return device->serial;
}

/* A property of a device, and the member of QblkTargetHint that is equal to it. */
typedef struct {
    const char *(*get)(const QblkDevice *device);
    gsize hint;
} Match;

/* QEMU and XML have an empty text if there is no value. */
static gboolean
is_value(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Returns: value -> QblkDevice, the only one without a target that has it, NULL if there are
 * several */
static GHashTable *
index_devices(const GPtrArray *devices, const Match *match)
{
    GHashTable *by_value = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *device = devices->pdata[i];
        const char *value = device->target == NULL ? match->get(device) : NULL;
        if (is_value(value)) {
            gboolean is_second = g_hash_table_contains(by_value, value);
            g_hash_table_insert(by_value, qblk_const_cast(value), is_second ? NULL : device);
        }
    }
    return by_value;
}

static void
assign_by_match(Assignment *assignment, const Match *match)
{
    const GPtrArray *hints = assignment->options->hints;
    g_autoptr(GHashTable) by_value = index_devices(assignment->devices, match);
    for (guint i = 0; i < hints->len; i++) {
        QblkTargetHint *hint = hints->pdata[i];
        const char *value = G_STRUCT_MEMBER(const char *, hint, match->hint);
        gboolean is_open =
            is_value(value) && !g_hash_table_contains(assignment->taken, hint->target);
        QblkDevice *device = is_open ? g_hash_table_lookup(by_value, value) : NULL;
        if (device != NULL && device->target == NULL) {
            set_target(assignment, device, hint->target, QBLK_NAME_SOURCE_DOMAIN);
        }
    }
}

/* All aliases before the first serial number: a weaker match must not use up the device that a
 * stronger one identifies. */
static void
assign_by_domain(Assignment *assignment)
{
    static const Match matches[] = {
        {device_alias, G_STRUCT_OFFSET(QblkTargetHint, alias)},
        {device_serial, G_STRUCT_OFFSET(QblkTargetHint, serial)},
        {active_file, G_STRUCT_OFFSET(QblkTargetHint, file)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(matches) && assignment->options->hints->len > 0; i++) {
        assign_by_match(assignment, &matches[i]);
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
