/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/metrics.h"

#include "cli/print/metrics-table.h"

#include <qblk/redact.h>

typedef struct {
    char *vm;               /* owned: as it was given */
    char *address;          /* owned */
    char *name;             /* owned, or NULL */
    QblkSnapshot *snapshot; /* a reference, or NULL */
} Vm;

struct QblkMetrics {
    GPtrArray *vms; /* of Vm, owned */
    gint64 time_ns;
    gint64 duration_ns;
};

/* What is printed, made from the VMs. */
typedef struct {
    GPtrArray *items[QBLK_METRICS_LEVELS]; /* of QblkMetricsItem, owned */
    GPtrArray *chains;                     /* of QblkChain, owned */
    GPtrArray *labels;                     /* of char, owned */
} Items;

static void
vm_free(gpointer data)
{
    Vm *vm = data;
    g_free(vm->vm);
    g_free(vm->address);
    g_free(vm->name);
    g_clear_pointer(&vm->snapshot, qblk_snapshot_unref);
    g_free(vm);
}

QblkMetrics *
qblk_metrics_new(void)
{
    QblkMetrics *metrics = g_new0(QblkMetrics, 1);
    metrics->vms = g_ptr_array_new_with_free_func(vm_free);
    return metrics;
}

void
qblk_metrics_free(QblkMetrics *metrics)
{
    if (metrics != NULL) {
        g_ptr_array_unref(metrics->vms);
        g_free(metrics);
    }
}

void
qblk_metrics_set_time(QblkMetrics *metrics, gint64 time_us, gint64 duration_us)
{
    metrics->time_ns = time_us * 1000;
    metrics->duration_ns = duration_us * 1000;
}

void
qblk_metrics_add_vm(QblkMetrics *metrics, const char *vm, const char *address, const char *name,
                    const QblkSnapshot *snapshot)
{
    const char *known = address == NULL ? vm : address;
    for (guint i = 0; i < metrics->vms->len; i++) {
        const Vm *other = metrics->vms->pdata[i];
        if (g_str_equal(other->address, known)) {
            return;
        }
    }

    Vm *added = g_new0(Vm, 1);
    added->vm = qblk_redact_text(vm);
    added->address = g_strdup(known);
    added->name = name == NULL || name[0] == '\0' ? NULL : g_strdup(name);
    added->snapshot = snapshot == NULL ? NULL : qblk_snapshot_ref(snapshot);
    g_ptr_array_add(metrics->vms, added);
}

/* ---- labels ---- */

/* How often a VM could have each text as its label. */
static GHashTable *
count_names(const QblkMetrics *metrics)
{
    GHashTable *counts = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < metrics->vms->len; i++) {
        const Vm *vm = metrics->vms->pdata[i];
        char *const texts[] = {vm->address, vm->name};
        gboolean is_one = g_strcmp0(vm->address, vm->name) == 0;

        for (gsize j = is_one ? 1 : 0; j < G_N_ELEMENTS(texts); j++) {
            guint count =
                texts[j] == NULL ? 0 : GPOINTER_TO_UINT(g_hash_table_lookup(counts, texts[j]));
            if (texts[j] != NULL) {
                g_hash_table_insert(counts, texts[j], GUINT_TO_POINTER(count + 1));
            }
        }
    }
    return counts;
}

/* Addresses differ from each other, and a name is used only if nothing else has it. */
static char *
choose_domain(const Vm *vm, GHashTable *counts)
{
    gboolean is_unique =
        vm->name != NULL && GPOINTER_TO_UINT(g_hash_table_lookup(counts, vm->name)) == 1;
    return is_unique ? g_strdup(vm->name) : qblk_redact_text(vm->address);
}

/* Returns: a copy of @base, owned by @items, with its labels and one more */
static QblkMetricsItem *
add_item(Items *items, QblkMetricsLevel level, const QblkMetricsItem *base, const char *name,
         const char *value)
{
    GString *labels = g_string_new(base->labels);
    qblk_metrics_add_label(labels, name, value);
    QblkMetricsItem *item = g_new(QblkMetricsItem, 1);
    *item = *base;
    item->labels = labels->str;
    g_ptr_array_add(items->labels, g_string_free(labels, FALSE));
    g_ptr_array_add(items->items[level], item);
    return item;
}

static void
add_more(Items *items, QblkMetricsItem *item, const char *name, const char *value)
{
    GString *labels = g_string_new(item->labels);
    qblk_metrics_add_label(labels, name, value);
    item->labels = labels->str;
    g_ptr_array_add(items->labels, g_string_free(labels, FALSE));
}

/* ---- what a VM has ---- */

static void
add_layer(Items *items, const QblkMetricsItem *disk, const QblkLayer *layer)
{
    gint64 index = qblk_layer_get_index(layer);
    g_autofree char *number = index < 0 ? NULL : g_strdup_printf("%" G_GINT64_FORMAT, index);
    QblkMetricsItem *item = add_item(items, QBLK_METRICS_LEVEL_LAYER, disk, "node_name",
                                     qblk_layer_get_node_name(layer));
    add_more(items, item, "index", number);
    item->layer = layer;
    const char *storage = qblk_layer_get_storage_node_name(layer);
    item->storage = storage == NULL ? NULL : qblk_snapshot_find_node(item->snapshot, storage);

    for (guint i = 0; i < qblk_layer_get_n_bitmaps(layer); i++) {
        const QblkBitmap *bitmap = qblk_layer_get_bitmap(layer, i);
        QblkMetricsItem *below = add_item(items, QBLK_METRICS_LEVEL_BITMAP, item, "bitmap",
                                          qblk_bitmap_get_name(bitmap));
        below->bitmap = bitmap;
    }
}

/* The chain of a disk; NULL for an empty drive and if it cannot be read. */
static void
load_chain(Items *items, QblkMetricsItem *disk, const char *name)
{
    g_autoptr(GError) error = NULL;
    QblkChain *chain = qblk_snapshot_chain(disk->snapshot, name, &error);
    gboolean is_empty = qblk_device_get_node_name(disk->device) == NULL;
    disk->is_readable = chain != NULL || is_empty;
    if (chain == NULL) {
        return;
    }

    g_ptr_array_add(items->chains, chain);
    disk->chain = chain;
    disk->layer = qblk_chain_get_layer(chain, 0);
    const char *storage =
        disk->layer == NULL ? NULL : qblk_layer_get_storage_node_name(disk->layer);
    disk->storage = storage == NULL ? NULL : qblk_snapshot_find_node(disk->snapshot, storage);
}

static void
add_disk(Items *items, const QblkMetricsItem *vm, const QblkDevice *device)
{
    const char *target = qblk_device_get_target(device);
    const char *name = target == NULL ? qblk_device_get_label(device) : target;
    QblkMetricsItem *disk = add_item(items, QBLK_METRICS_LEVEL_DISK, vm, "target_device", name);
    disk->device = device;
    load_chain(items, disk, name);

    for (guint i = QBLK_IO_OPERATION_READ; i <= QBLK_IO_OPERATION_UNMAP; i++) {
        QblkMetricsItem *item = add_item(items, QBLK_METRICS_LEVEL_OPERATION, disk, "operation",
                                         qblk_io_operation_name((QblkIoOperation)i));
        item->operation = (QblkIoOperation)i;
    }
    for (guint i = 0; disk->chain != NULL && i < qblk_chain_get_depth(disk->chain); i++) {
        add_layer(items, disk, qblk_chain_get_layer(disk->chain, i));
    }
}

static void
add_job(Items *items, const QblkMetricsItem *vm, const QblkJob *job)
{
    QblkMetricsItem *item =
        add_item(items, QBLK_METRICS_LEVEL_JOB, vm, "target_device", qblk_job_get_target(job));
    add_more(items, item, "job_id", qblk_job_get_id(job));
    item->job = job;
}

static void
add_vm(Items *items, const QblkMetricsItem *run, const Vm *vm, GHashTable *counts)
{
    g_autofree char *domain = choose_domain(vm, counts);
    QblkMetricsItem *item = add_item(items, QBLK_METRICS_LEVEL_VM, run, "domain", domain);
    const QblkSnapshot *snapshot = vm->snapshot;
    item->vm = vm->vm;
    item->snapshot = snapshot;
    if (snapshot == NULL) {
        return;
    }

    for (guint i = 0; i < qblk_snapshot_get_n_devices(snapshot); i++) {
        add_disk(items, item, qblk_snapshot_get_device(snapshot, i));
    }
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        add_job(items, item, qblk_snapshot_get_job(snapshot, i));
    }
}

/* ---- printing ---- */

void
qblk_metrics_print(const QblkMetrics *metrics, QblkMetricsFormat format, GString *out)
{
    Items items = {.chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref),
                   .labels = g_ptr_array_new_with_free_func(g_free)};
    g_autoptr(GHashTable) counts = count_names(metrics);
    for (guint level = 0; level < QBLK_METRICS_LEVELS; level++) {
        items.items[level] = g_ptr_array_new_with_free_func(g_free);
    }

    const QblkMetricsItem start = {.labels = "",
                                   .vms = metrics->vms->len,
                                   .time_ns = metrics->time_ns,
                                   .duration_ns = metrics->duration_ns};
    const QblkMetricsItem *run = add_item(&items, QBLK_METRICS_LEVEL_RUN, &start, NULL, NULL);
    for (guint i = 0; i < metrics->vms->len; i++) {
        add_vm(&items, run, metrics->vms->pdata[i], counts);
    }

    guint count;
    const QblkMetricsRow *rows = qblk_metrics_table(&count);
    for (guint i = 0; i < count; i++) {
        qblk_metrics_text_family(&rows[i], items.items[rows[i].level], format, out);
    }
    qblk_metrics_text_end(format, out);

    for (guint level = 0; level < QBLK_METRICS_LEVELS; level++) {
        g_ptr_array_unref(items.items[level]);
    }
    g_ptr_array_unref(items.labels);
    g_ptr_array_unref(items.chains);
}
