/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/metrics-table.h"

#include "cli/print/output.h"

#include <qblk/version.h>
#include <string.h>

/* ---- labels ---- */

/* What a terminal may not show is escaped twice: a label has text that can be read. */
void
qblk_metrics_add_label(GString *labels, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }

    g_autofree char *safe = qblk_output_escape(value);
    g_string_append_printf(labels, ",%s=\"", name);
    for (const char *at = safe; *at != '\0'; at++) {
        if (*at == '\\' || *at == '"') {
            g_string_append_c(labels, '\\');
        }
        g_string_append_c(labels, *at);
    }
    g_string_append_c(labels, '"');
}

static void
add_number(GString *labels, const char *name, gint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    qblk_metrics_add_label(labels, name, text);
}

static void
add_build_labels(const QblkMetricsItem *item, GString *labels)
{
    qblk_metrics_add_label(labels, "version", qblk_version());
}

static void
add_vm_labels(const QblkMetricsItem *item, GString *labels)
{
    int major, minor, micro;
    qblk_metrics_add_label(labels, "vm", item->vm);
    if (item->snapshot == NULL) {
        return;
    }

    if (qblk_snapshot_get_qemu_version(item->snapshot, &major, &minor, &micro)) {
        g_autofree char *version = g_strdup_printf("%d.%d.%d", major, minor, micro);
        qblk_metrics_add_label(labels, "qemu", version);
    }
    qblk_metrics_add_label(labels, "manager", qblk_snapshot_get_manager(item->snapshot));
}

static void
add_disk_labels(const QblkMetricsItem *item, GString *labels)
{
    const QblkDevice *device = item->device;
    qblk_metrics_add_label(labels, "bus", qblk_bus_name(qblk_device_get_bus(device)));
    qblk_metrics_add_label(labels, "device", qblk_device_kind_name(qblk_device_get_kind(device)));
    qblk_metrics_add_label(labels, "alias", qblk_device_get_alias(device));
    qblk_metrics_add_label(labels, "backend", qblk_device_get_backend(device));
}

static void
add_layer_labels(const QblkMetricsItem *item, GString *labels)
{
    const QblkLayer *layer = item->layer;
    add_number(labels, "position", qblk_layer_get_position(layer));
    qblk_metrics_add_label(labels, "format", qblk_layer_get_format_name(layer));
    qblk_metrics_add_label(labels, "file", qblk_layer_get_filename(layer));
    qblk_metrics_add_label(labels, "read_only", qblk_layer_is_read_only(layer) ? "true" : "false");
}

static void
add_job_labels(const QblkMetricsItem *item, GString *labels)
{
    qblk_metrics_add_label(labels, "kind", qblk_job_get_kind_name(item->job));
    qblk_metrics_add_label(labels, "state", qblk_job_get_state(item->job));
}

/* ---- values ---- */

static gint64
get_vms(const QblkMetricsItem *item)
{
    return item->vms;
}

static gint64
get_time(const QblkMetricsItem *item)
{
    return item->time_ns;
}

static gint64
get_duration(const QblkMetricsItem *item)
{
    return item->duration_ns;
}

static gint64
get_up(const QblkMetricsItem *item)
{
    return item->snapshot != NULL ? 1 : 0;
}

static gint64
get_readable(const QblkMetricsItem *item)
{
    return item->is_readable ? 1 : 0;
}

static gint64
get_depth(const QblkMetricsItem *item)
{
    return item->chain == NULL ? QBLK_UNKNOWN : (gint64)qblk_chain_get_depth(item->chain);
}

/* Of the active layer. */
static gint64
get_capacity(const QblkMetricsItem *item)
{
    return item->layer == NULL ? QBLK_UNKNOWN : qblk_layer_get_virtual_size(item->layer);
}

static gint64
get_physical(const QblkMetricsItem *item)
{
    return item->layer == NULL ? QBLK_UNKNOWN : qblk_layer_get_actual_size(item->layer);
}

static gint64
get_written_end(const QblkMetricsItem *item)
{
    if (item->storage == NULL || !qblk_snapshot_has_statistics(item->snapshot)) {
        return QBLK_UNKNOWN;
    }

    gint64 end = qblk_node_get_written_end(item->storage);
    return end == QBLK_UNKNOWN ? 0 : end; /* nothing was written */
}

static gint64
get_write_threshold(const QblkMetricsItem *item)
{
    gint64 threshold = qblk_layer_get_write_threshold(item->layer);
    return threshold > 0 ? threshold : QBLK_UNKNOWN;
}

/* @status: (nullable) */
static gint64
is_failed(const char *status)
{
    return status == NULL ? QBLK_UNKNOWN : !g_str_equal(status, "ok");
}

static gint64
get_io_error(const QblkMetricsItem *item)
{
    return is_failed(qblk_device_get_io_status(item->device));
}

static gint64
get_bitmaps(const QblkMetricsItem *item)
{
    return qblk_layer_get_n_bitmaps(item->layer);
}

static gint64
get_granularity(const QblkMetricsItem *item)
{
    return qblk_bitmap_get_granularity(item->bitmap);
}

static gint64
get_dirty(const QblkMetricsItem *item)
{
    return qblk_bitmap_get_dirty(item->bitmap);
}

static gint64
get_recording(const QblkMetricsItem *item)
{
    return qblk_bitmap_is_recording(item->bitmap) ? 1 : 0;
}

static gint64
get_persistent(const QblkMetricsItem *item)
{
    return qblk_bitmap_is_persistent(item->bitmap) ? 1 : 0;
}

static gint64
get_inconsistent(const QblkMetricsItem *item)
{
    return qblk_bitmap_is_inconsistent(item->bitmap) ? 1 : 0;
}

static gint64
get_busy(const QblkMetricsItem *item)
{
    return qblk_bitmap_is_busy(item->bitmap) ? 1 : 0;
}

static gint64
get_progress(const QblkMetricsItem *item)
{
    return qblk_job_get_progress(item->job);
}

static gint64
get_total(const QblkMetricsItem *item)
{
    return qblk_job_get_total(item->job);
}

static gint64
get_ready(const QblkMetricsItem *item)
{
    return qblk_job_is_ready(item->job) ? 1 : 0;
}

static gint64
get_paused(const QblkMetricsItem *item)
{
    return qblk_job_is_paused(item->job) ? 1 : 0;
}

static gint64
get_job_failed(const QblkMetricsItem *item)
{
    return qblk_job_get_error(item->job) != NULL ? 1 : 0;
}

static gint64
get_job_io_error(const QblkMetricsItem *item)
{
    return is_failed(qblk_job_get_io_status(item->job));
}

static gint64
get_speed(const QblkMetricsItem *item)
{
    return qblk_job_get_speed(item->job);
}

/* ---- the table ---- */

#define RUN       QBLK_METRICS_LEVEL_RUN
#define VM        QBLK_METRICS_LEVEL_VM
#define DISK      QBLK_METRICS_LEVEL_DISK
#define OPERATION QBLK_METRICS_LEVEL_OPERATION
#define LAYER     QBLK_METRICS_LEVEL_LAYER
#define BITMAP    QBLK_METRICS_LEVEL_BITMAP
#define JOB       QBLK_METRICS_LEVEL_JOB
#define GAUGE     QBLK_METRICS_GAUGE
#define COUNTER   QBLK_METRICS_COUNTER
#define INFO      QBLK_METRICS_INFO
#define PLAIN     QBLK_METRICS_NO_UNIT
#define BYTES     QBLK_METRICS_BYTES
#define SECONDS   QBLK_METRICS_SECONDS
#define PER_S     QBLK_METRICS_BYTES_PER_SECOND
#define LIBVIRT   "libvirt_domain_block_stats_"
#define STATS     "query-blockstats: "
#define NODES     "query-named-block-nodes: "
#define BITMAPS   NODES "dirty-bitmaps: "
#define JOBS      "query-jobs: "

static const QblkMetricsRow rows[] = {
    {"qblk_build", RUN, INFO, PLAIN, "The version of qblk", "-", .add_labels = add_build_labels},
    {"qblk_vms", RUN, GAUGE, PLAIN, "VMs that were to be read", "-", .get = get_vms},
    {"qblk_read_timestamp_seconds", RUN, GAUGE, SECONDS,
     "Time when the VMs had been read, since 1970", "-", .get = get_time},
    {"qblk_read_duration_seconds", RUN, GAUGE, SECONDS, "Time that reading all VMs took", "-",
     .get = get_duration},

    {"qblk_up", VM, GAUGE, PLAIN, "1 if the VM could be read", "-", .get = get_up},
    {"qblk_domain", VM, INFO, PLAIN,
     "The VM as it was given, the version of QEMU and the program that manages the guest",
     "greeting", .add_labels = add_vm_labels},

    {"qblk_disk", DISK, INFO, PLAIN, "Bus, kind, qdev id and -drive id of a disk",
     "query-block, qom-get", .add_labels = add_disk_labels},
    {"qblk_disk_readable", DISK, GAUGE, PLAIN, "0 if the chain of the disk cannot be read", "-",
     .get = get_readable},
    {"qblk_chain_depth", DISK, GAUGE, PLAIN, "Layers in the chain, with the active layer", "-",
     .get = get_depth},
    {LIBVIRT "capacity_bytes", DISK, GAUGE, BYTES, "Size of the disk that the guest sees",
     NODES "image.virtual-size of the active layer", .get = get_capacity},
    {LIBVIRT "physicalsize_bytes", DISK, GAUGE, BYTES,
     "Space on the host that the active layer uses", NODES "image.actual-size of the active layer",
     .get = get_physical},
    {LIBVIRT "allocation", DISK, GAUGE, PLAIN,
     "Bytes up to the end of the highest write to the file of the active layer since QEMU opened "
     "it",
     STATS "stats.wr_highest_offset of the protocol node", .get = get_written_end},
    {LIBVIRT "read_bytes", DISK, COUNTER, BYTES, "Bytes that the guest has read",
     STATS "stats.rd_bytes", .counter = qblk_io_statistics_get_bytes,
     .operation = QBLK_IO_OPERATION_READ},
    {LIBVIRT "read_requests", DISK, COUNTER, PLAIN, "Read requests of the guest that succeeded",
     STATS "stats.rd_operations", .counter = qblk_io_statistics_get_requests,
     .operation = QBLK_IO_OPERATION_READ},
    {LIBVIRT "read_time_seconds", DISK, COUNTER, SECONDS, "Time that read requests took",
     STATS "stats.rd_total_time_ns", .counter = qblk_io_statistics_get_time,
     .operation = QBLK_IO_OPERATION_READ},
    {LIBVIRT "write_bytes", DISK, COUNTER, BYTES, "Bytes that the guest has written",
     STATS "stats.wr_bytes", .counter = qblk_io_statistics_get_bytes,
     .operation = QBLK_IO_OPERATION_WRITE},
    {LIBVIRT "write_requests", DISK, COUNTER, PLAIN, "Write requests of the guest that succeeded",
     STATS "stats.wr_operations", .counter = qblk_io_statistics_get_requests,
     .operation = QBLK_IO_OPERATION_WRITE},
    {LIBVIRT "write_time_seconds", DISK, COUNTER, SECONDS, "Time that write requests took",
     STATS "stats.wr_total_time_ns", .counter = qblk_io_statistics_get_time,
     .operation = QBLK_IO_OPERATION_WRITE},
    {LIBVIRT "flush_requests", DISK, COUNTER, PLAIN, "Flush requests of the guest that succeeded",
     STATS "stats.flush_operations", .counter = qblk_io_statistics_get_requests,
     .operation = QBLK_IO_OPERATION_FLUSH},
    {LIBVIRT "flush_time_seconds", DISK, COUNTER, SECONDS, "Time that flush requests took",
     STATS "stats.flush_total_time_ns", .counter = qblk_io_statistics_get_time,
     .operation = QBLK_IO_OPERATION_FLUSH},
    {"qblk_disk_unmap_bytes", DISK, COUNTER, BYTES, "Bytes that the guest has discarded",
     STATS "stats.unmap_bytes", .counter = qblk_io_statistics_get_bytes,
     .operation = QBLK_IO_OPERATION_UNMAP},
    {"qblk_disk_unmap_requests", DISK, COUNTER, PLAIN,
     "Discard requests of the guest that succeeded", STATS "stats.unmap_operations",
     .counter = qblk_io_statistics_get_requests, .operation = QBLK_IO_OPERATION_UNMAP},
    {"qblk_disk_unmap_time_seconds", DISK, COUNTER, SECONDS, "Time that discard requests took",
     STATS "stats.unmap_total_time_ns", .counter = qblk_io_statistics_get_time,
     .operation = QBLK_IO_OPERATION_UNMAP},
    {"qblk_disk_io_error", DISK, GAUGE, PLAIN,
     "1 if QEMU has stopped the guest because of an error of this disk", "query-block: io-status",
     .get = get_io_error},
    {"qblk_disk_failed_requests", OPERATION, COUNTER, PLAIN, "Requests of the guest that failed",
     STATS "stats.failed_*_operations", .counter = qblk_io_statistics_get_failed},
    {"qblk_disk_invalid_requests", OPERATION, COUNTER, PLAIN,
     "Requests of the guest that are not valid, such as those beyond the end of the disk",
     STATS "stats.invalid_*_operations", .counter = qblk_io_statistics_get_invalid},
    {"qblk_disk_merged_requests", OPERATION, COUNTER, PLAIN,
     "Requests of the guest that QEMU has merged into another one", STATS "stats.*_merged",
     .counter = qblk_io_statistics_get_merged},

    {"qblk_layer", LAYER, INFO, PLAIN,
     "Position, format and file of a layer, and if QEMU has it open read-only",
     NODES "drv, file, ro", .add_labels = add_layer_labels},
    {"qblk_layer_virtual_size_bytes", LAYER, GAUGE, BYTES, "Size of the content of the layer",
     NODES "image.virtual-size", .get = get_capacity},
    {"qblk_layer_allocation_bytes", LAYER, GAUGE, BYTES,
     "Space on the host that the layer uses, not known of block devices", NODES "image.actual-size",
     .get = get_physical},
    {"qblk_layer_written_end_bytes", LAYER, GAUGE, BYTES,
     "Bytes up to the end of the highest write to the file of the layer since QEMU opened it",
     STATS "stats.wr_highest_offset of the protocol node", .get = get_written_end},
    {"qblk_layer_write_threshold_bytes", LAYER, GAUGE, BYTES,
     "Offset beyond which a write causes an event, if it is set", NODES "write_threshold",
     .get = get_write_threshold},
    {"qblk_layer_bitmaps", LAYER, GAUGE, PLAIN, "Dirty bitmaps of the layer that have a name",
     BITMAPS "name", .get = get_bitmaps},

    {"qblk_bitmap_granularity_bytes", BITMAP, GAUGE, BYTES, "Bytes that one bit stands for",
     BITMAPS "granularity", .get = get_granularity},
    {"qblk_bitmap_dirty_bytes", BITMAP, GAUGE, BYTES, "Bytes that are dirty", BITMAPS "count",
     .get = get_dirty},
    {"qblk_bitmap_recording", BITMAP, GAUGE, PLAIN,
     "1 if writes set bits, 0 if the bitmap is disabled", BITMAPS "recording",
     .get = get_recording},
    {"qblk_bitmap_persistent", BITMAP, GAUGE, PLAIN,
     "1 if the image keeps the bitmap when QEMU closes it", BITMAPS "persistent",
     .get = get_persistent},
    {"qblk_bitmap_inconsistent", BITMAP, GAUGE, PLAIN,
     "1 if QEMU ended without saving the bitmap, which can only be removed", BITMAPS "inconsistent",
     .get = get_inconsistent},
    {"qblk_bitmap_busy", BITMAP, GAUGE, PLAIN,
     "1 if a job, an export or a migration uses the bitmap", BITMAPS "busy", .get = get_busy},

    {"qblk_job", JOB, INFO, PLAIN, "Kind and state of a job", JOBS "type, status",
     .add_labels = add_job_labels},
    {"qblk_job_current_progress", JOB, GAUGE, PLAIN,
     "Work that the job has done, in bytes for jobs that copy data", JOBS "current-progress",
     .get = get_progress},
    {"qblk_job_total_progress", JOB, GAUGE, PLAIN, "Work of the whole job, which may grow",
     JOBS "total-progress", .get = get_total},
    {"qblk_job_ready", JOB, GAUGE, PLAIN, "1 if the job is in sync and waits to be completed",
     "query-block-jobs: ready", .get = get_ready},
    {"qblk_job_paused", JOB, GAUGE, PLAIN, "1 if the job is paused", "query-block-jobs: paused",
     .get = get_paused},
    {"qblk_job_failed", JOB, GAUGE, PLAIN, "1 if the job has failed", JOBS "error",
     .get = get_job_failed},
    {"qblk_job_io_error", JOB, GAUGE, PLAIN, "1 if an error of an image has paused the job",
     "query-block-jobs: io-status", .get = get_job_io_error},
    {"qblk_job_speed_limit_bytes_per_second", JOB, GAUGE, PER_S,
     "Limit of the speed of the job, 0 for no limit", "query-block-jobs: speed", .get = get_speed},
};

const QblkMetricsRow *
qblk_metrics_table(guint *count)
{
    *count = G_N_ELEMENTS(rows);
    return rows;
}

gint64
qblk_metrics_row_value(const QblkMetricsRow *row, const QblkMetricsItem *item)
{
    if (row->get != NULL) {
        return row->get(item);
    }
    if (row->counter == NULL) {
        return 1;
    }

    const QblkIoStatistics *statistics = qblk_device_get_statistics(item->device);
    gboolean is_own = row->level == QBLK_METRICS_LEVEL_OPERATION;
    return statistics == NULL ? QBLK_UNKNOWN
                              : row->counter(statistics, is_own ? item->operation : row->operation);
}
