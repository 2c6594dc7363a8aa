/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/target.h"

#include "graph/alias.h"
#include "graph/enumeration.h"
#include "image/image-arguments.h"

typedef struct {
    GPtrArray *devices; /* of QblkDevice */
    const QblkSnapshotOptions *options;
    GHashTable *taken;     /* name -> QblkDevice, borrowed */
    GHashTable *ambiguous; /* name -> text */
} Ladder;

/* ---- levels that look at one device ---- */

static char *
name_by_qdev(const QblkDevice *device)
{
    return device->id != NULL && qblk_alias_is_target(device->id) ? g_strdup(device->id) : NULL;
}

static char *
name_by_alias(const QblkDevice *device)
{
    const char *bus;
    return device->id == NULL ? NULL : qblk_alias_to_target(device->id, &bus);
}

static char *
name_by_backend(const QblkDevice *device)
{
    return device->backend != NULL && qblk_alias_is_target(device->backend)
               ? g_strdup(device->backend)
               : NULL;
}

/* A node of that name in a QEMU that has devices is not ours. */
static char *
name_by_image(const QblkDevice *device)
{
    gboolean is_image = device->qdev == NULL && device->backend == NULL &&
                        g_strcmp0(device->node_name, QBLK_IMAGE_NODE) == 0;
    return is_image ? g_strdup("vda") : NULL;
}

static const struct {
    QblkNameSource source;
    char *(*name)(const QblkDevice *device);
} levels[] = {
    {QBLK_NAME_QDEV, name_by_qdev},
    {QBLK_NAME_ALIAS, name_by_alias},
    {QBLK_NAME_BACKEND, name_by_backend},
    {QBLK_NAME_IMAGE, name_by_image},
};

gboolean
qblk_target_needs_address(const QblkDevice *device)
{
    if (device->type == NULL || device->kind == QBLK_DEVICE_FIRMWARE) {
        return FALSE;
    }
    const char *bus = NULL;
    g_autofree char *by_alias = device->id == NULL ? NULL : qblk_alias_to_target(device->id, &bus);
    if (by_alias != NULL) {
        return FALSE;
    }
    /* An IDE disk may be on a SATA controller, a SCSI disk inside a USB device. */
    gboolean bus_is_sure = device->bus != NULL && !g_str_has_prefix(device->type, "ide-") &&
                           !g_str_has_prefix(device->type, "scsi-");
    g_autofree char *by_qdev = name_by_qdev(device);
    g_autofree char *by_backend = name_by_backend(device);
    return !bus_is_sure || (by_qdev == NULL && by_backend == NULL);
}

static void
take(Ladder *ladder, QblkDevice *device, const char *name, QblkNameSource source)
{
    device->target = g_strdup(name);
    device->name_source = source;
    g_hash_table_insert(ladder->taken, device->target, device);
}

static void
add_candidate(Ladder *ladder, const char *name, const QblkDevice *device)
{
    const char *others = g_hash_table_lookup(ladder->ambiguous, name);
    char *all = others == NULL ? g_strdup_printf("'%s'", qblk_device_label(device))
                               : g_strdup_printf("%s and '%s'", others, qblk_device_label(device));
    g_hash_table_insert(ladder->ambiguous, g_strdup(name), all);
}

/* Hand out the names of @proposals (one for each device, NULL for none): a name of a better
 * level is gone, one that two devices propose goes to none. */
static void
settle(Ladder *ladder, GPtrArray *proposals, QblkNameSource source)
{
    g_autoptr(GHashTable) count = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < proposals->len; i++) {
        const char *name = proposals->pdata[i];
        if (name != NULL) {
            guint seen = GPOINTER_TO_UINT(g_hash_table_lookup(count, name));
            g_hash_table_insert(count, proposals->pdata[i], GUINT_TO_POINTER(seen + 1));
        }
    }
    for (guint i = 0; i < proposals->len; i++) {
        const char *name = proposals->pdata[i];
        QblkDevice *device = ladder->devices->pdata[i];
        if (name == NULL || g_hash_table_contains(ladder->taken, name)) {
            continue;
        }
        if (GPOINTER_TO_UINT(g_hash_table_lookup(count, name)) > 1) {
            add_candidate(ladder, name, device);
        } else if (!g_hash_table_contains(ladder->ambiguous, name)) {
            take(ladder, device, name, source);
        }
    }
}

static void
climb(Ladder *ladder, gsize level)
{
    g_autoptr(GPtrArray) proposals = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < ladder->devices->len; i++) {
        const QblkDevice *device = ladder->devices->pdata[i];
        gboolean open = device->target == NULL && device->kind != QBLK_DEVICE_FIRMWARE;
        g_ptr_array_add(proposals, open ? levels[level].name(device) : NULL);
    }
    settle(ladder, proposals, levels[level].source);
}

/* ---- the user's word ---- */

static gboolean
is_called(const QblkDevice *device, const char *name)
{
    const char *const names[] = {device->id, device->qdev, device->backend, device->node_name};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(names[i], name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The one device that is called @name; NULL with an error for several, NULL without for none. */
static QblkDevice *
find_called(GPtrArray *devices, const QblkTargetAssignment *assignment, GError **error)
{
    QblkDevice *found = NULL;
    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *device = devices->pdata[i];
        if (!is_called(device, assignment->device)) {
            continue;
        }
        if (found != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                        "cannot give the name '%s': '%s' could be '%s' and '%s'",
                        assignment->target, assignment->device, qblk_device_label(found),
                        qblk_device_label(device));
            return NULL;
        }
        found = device;
    }
    return found;
}

static gboolean
assign_by_user(Ladder *ladder, GHashTable *nodes, GError **error)
{
    for (guint i = 0; i < ladder->options->assignments->len; i++) {
        const QblkTargetAssignment *assignment = ladder->options->assignments->pdata[i];
        g_autoptr(GError) cause = NULL;
        QblkDevice *device = find_called(ladder->devices, assignment, &cause);
        if (cause != NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        const QblkNode *node = g_hash_table_lookup(nodes, assignment->device);
        if (device == NULL && node != NULL) {
            device = qblk_device_new_for_node(node);
            g_ptr_array_add(ladder->devices, device);
        }
        if (device == NULL || device->target != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK,
                        "cannot give the name '%s': %s '%s'", assignment->target,
                        device == NULL ? "there is no device, drive or node"
                                       : "another name was given already to",
                        assignment->device);
            return FALSE;
        }
        take(ladder, device, assignment->target, QBLK_NAME_USER);
    }
    return TRUE;
}

/* ---- libvirt's word ---- */

/* The file that stores the active layer.  The format node's own name is `json:` as soon as its
 * backing was given to it, which libvirt always does. */
static const char *
active_file(const QblkDevice *device)
{
    const char *filename = NULL;
    const QblkNode *node = device->node;
    /* A graph that goes in a circle is found later. */
    for (guint depth = 0; node != NULL && depth < 100; depth++) {
        filename = node->filename;
        node = qblk_node_storage(node);
    }
    return filename;
}

/* An empty text is what QEMU and XML say where there is none. */
static gboolean
is_same(const char *said, const char *hint)
{
    return hint != NULL && hint[0] != '\0' && g_strcmp0(said, hint) == 0;
}

static gboolean
has_alias(const QblkDevice *device, const QblkTargetHint *hint)
{
    return is_same(device->id, hint->alias);
}

static gboolean
has_serial(const QblkDevice *device, const QblkTargetHint *hint)
{
    return is_same(device->serial, hint->serial);
}

static gboolean
has_file(const QblkDevice *device, const QblkTargetHint *hint)
{
    return is_same(active_file(device), hint->file);
}

/* The one device without a name that @matches; NULL for none or several. */
static QblkDevice *
find_single(GPtrArray *devices, gboolean (*matches)(const QblkDevice *, const QblkTargetHint *),
            const QblkTargetHint *hint)
{
    QblkDevice *found = NULL;
    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *device = devices->pdata[i];
        if (device->target == NULL && matches(device, hint)) {
            if (found != NULL) {
                return NULL;
            }
            found = device;
        }
    }
    return found;
}

/* All aliases before the first serial: what is sure of one disk must not be guessed for another. */
static void
assign_by_domain(Ladder *ladder)
{
    static gboolean (*const matches[])(const QblkDevice *,
                                       const QblkTargetHint *) = {has_alias, has_serial, has_file};
    for (gsize i = 0; i < G_N_ELEMENTS(matches); i++) {
        for (guint j = 0; j < ladder->options->hints->len; j++) {
            const QblkTargetHint *hint = ladder->options->hints->pdata[j];
            gboolean is_open = !g_hash_table_contains(ladder->taken, hint->target);
            QblkDevice *device = is_open ? find_single(ladder->devices, matches[i], hint) : NULL;
            if (device != NULL) {
                take(ladder, device, hint->target, QBLK_NAME_DOMAIN);
            }
        }
    }
}

/* The alias says the bus where nobody asked for the controller. */
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
    Ladder ladder = {devices, options, taken, ambiguous};
    for (guint i = 0; i < devices->len; i++) {
        complete_bus(devices->pdata[i]);
    }
    if (!assign_by_user(&ladder, nodes, error)) {
        return FALSE;
    }
    assign_by_domain(&ladder);
    for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
        climb(&ladder, i);
    }
    qblk_enumeration_assign(devices, taken, ambiguous);
    return TRUE;
}
