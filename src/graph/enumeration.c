/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/enumeration.h"

#include "graph/alias.h"

#include <string.h>

/* SCSI, SATA and USB disks share the names sd*, in this order. */
static const char *const bus_order[] = {"virtio", "scsi", "sata", "usb",
                                        "sd",     "ide",  "fdc",  "nvme"};

static gsize
bus_rank(const QblkDevice *device)
{
    gsize rank = 0;
    while (rank < G_N_ELEMENTS(bus_order) && g_strcmp0(device->bus, bus_order[rank]) != 0) {
        rank++;
    }
    return rank;
}

static int
compare_places(gconstpointer left, gconstpointer right)
{
    const QblkDevice *a = *(const QblkDevice *const *)left;
    const QblkDevice *b = *(const QblkDevice *const *)right;
    gsize rank_a = bus_rank(a), rank_b = bus_rank(b);
    if (rank_a != rank_b) {
        return rank_a < rank_b ? -1 : 1;
    }
    if (a->address == NULL || b->address == NULL) {
        return (a->address == NULL) - (b->address == NULL);
    }
    return qblk_bus_address_compare(a->address, b->address);
}

typedef struct {
    GHashTable *taken;
    GHashTable *ambiguous;
    GHashTable *next;       /* prefix -> the first number that may be free */
    const char *controller; /* the last NVMe controller, borrowed */
    guint controllers;      /* number of NVMe controllers so far */
} Enumeration;

static gboolean
is_free(const Enumeration *state, const char *name)
{
    return !g_hash_table_contains(state->taken, name) &&
           !g_hash_table_contains(state->ambiguous, name);
}

static char *
next_letters(Enumeration *state, const char *prefix)
{
    for (guint number = GPOINTER_TO_UINT(g_hash_table_lookup(state->next, prefix));; number++) {
        g_autofree char *name = qblk_alias_target(prefix, number);
        if (is_free(state, name)) {
            g_hash_table_insert(state->next, g_strdup(prefix), GUINT_TO_POINTER(number + 1));
            return g_steal_pointer(&name);
        }
    }
}

/* The last step of a namespace's address is its number on the controller; a controller with a
 * drive of its own has the namespace 1. */
static char *
nvme_name(Enumeration *state, const QblkDevice *device)
{
    gint64 namespace = 1;
    const char *controller = device->path;
    if (g_strcmp0(device->type, "nvme-ns") == 0 && device->address != NULL &&
        device->address->len > 0) {
        const QblkBusStep *last =
            &g_array_index(device->address, QblkBusStep, device->address->len - 1);
        namespace = last->number;
        controller = device->controller;
    }

    if (state->controllers == 0 || g_strcmp0(controller, state->controller) != 0) {
        state->controllers++;
        state->controller = controller;
    }
    for (;; state->controllers++) {
        g_autofree char *name =
            g_strdup_printf("nvme%un%" G_GINT64_FORMAT, state->controllers - 1, namespace);
        if (is_free(state, name)) {
            return g_steal_pointer(&name);
        }
    }
}

/* A namespace whose controller is not known could belong to any. */
static gboolean
has_unknown_controller(const QblkDevice *device)
{
    return g_strcmp0(device->type, "nvme-ns") == 0 && device->controller == NULL;
}

/* A drive on an unknown bus keeps its own name, if that can be a target name. */
static const char *
own_name(const Enumeration *state, const QblkDevice *device, QblkNameSource *source)
{
    const struct {
        const char *name;
        QblkNameSource source;
    } names[] = {{device->backend, QBLK_NAME_SOURCE_BACKEND}, {device->id, QBLK_NAME_SOURCE_QDEV}};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *name = names[i].name;
        if (name != NULL && strpbrk(name, "[]/:") == NULL && is_free(state, name)) {
            *source = names[i].source;
            return name;
        }
    }
    return NULL;
}

static void
name_device(Enumeration *state, QblkDevice *device)
{
    const char *prefix = qblk_device_prefix(device);
    device->name_source = QBLK_NAME_SOURCE_ENUMERATION;
    if (prefix == NULL || has_unknown_controller(device)) {
        device->target = g_strdup(own_name(state, device, &device->name_source));
    }
    if (device->target == NULL && g_strcmp0(prefix, "nvme") == 0) {
        device->target = nvme_name(state, device);
    }
    if (device->target == NULL) {
        device->target = next_letters(state, prefix == NULL ? "vd" : prefix);
    }
    g_hash_table_insert(state->taken, device->target, device);
}

void
qblk_enumeration_assign(GPtrArray *devices, GHashTable *taken, GHashTable *ambiguous)
{
    g_autoptr(GHashTable) next = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Enumeration state = {.taken = taken, .ambiguous = ambiguous, .next = next};
    g_autoptr(GPtrArray) open = g_ptr_array_new();

    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *device = devices->pdata[i];
        if (device->target == NULL && device->kind != QBLK_DEVICE_KIND_FIRMWARE) {
            g_ptr_array_add(open, device);
        }
    }

    g_ptr_array_sort(
        open, compare_places); /* stable: devices without an address keep the order of QEMU */
    for (guint i = 0; i < open->len; i++) {
        name_device(&state, open->pdata[i]);
    }
}
