/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-guest.h"

#include "base/text.h"

/* ---- texts ---- */

char *
qblk_watch_time_text(gint64 time)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_local(time / G_USEC_PER_SEC);
    return moment == NULL ? g_strdup("--:--:--") : g_date_time_format(moment, "%H:%M:%S");
}

char *
qblk_watch_job_text(const QblkJob *job)
{
    int percent = qblk_text_percent(qblk_job_get_progress(job), qblk_job_get_total(job));
    const char *target = qblk_job_get_target(job);
    g_autofree char *text =
        g_strdup_printf("%s: %s '%s' is %s", target == NULL ? "-" : target,
                        qblk_job_get_kind_name(job), qblk_job_get_id(job), qblk_job_get_state(job));
    return percent < 0 ? g_steal_pointer(&text) : g_strdup_printf("%s, %d %%", text, percent);
}

char *
qblk_watch_chain_text(const QblkChain *chain)
{
    guint depth = qblk_chain_get_depth(chain);
    const char *bus = qblk_chain_get_bus_name(chain);
    const char *kind = qblk_device_kind_name(qblk_chain_get_device_kind(chain));
    g_autofree char *what = bus == NULL ? g_strdup(kind) : g_strconcat(bus, " ", kind, NULL);
    if (depth == 0) {
        return g_strdup_printf("%s, empty%s", what,
                               qblk_chain_is_tray_open(chain) ? ", tray open" : "");
    }
    return g_strdup_printf("%s, %u layer%s%s", what, depth, depth == 1 ? "" : "s",
                           qblk_chain_is_complete(chain) ? "" : ", incomplete");
}

char *
qblk_watch_status_text(const QblkWatch *watch)
{
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(watch);
    int major, minor, micro;
    if (snapshot == NULL) {
        return NULL;
    }

    const char *state = qblk_snapshot_get_run_state(snapshot);
    GString *text = g_string_new(NULL);
    if (qblk_snapshot_get_qemu_version(snapshot, &major, &minor, &micro)) {
        g_string_append_printf(text, "QEMU %d.%d.%d", major, minor, micro);
    }
    if (state != NULL) {
        g_string_append_printf(text, "%s%s", text->len == 0 ? "" : ", ", state);
    }
    return g_string_free(text, FALSE);
}

char *
qblk_watch_problem_text(const QblkWatch *watch)
{
    const GError *problem = qblk_watch_get_problem(watch);
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(watch);

    switch (qblk_watch_get_state(watch)) {
    case QBLK_WATCH_STATE_CONNECTING:
        return problem == NULL ? g_strdup("connecting")
                               : g_strdup_printf("%s; connecting", problem->message);
    case QBLK_WATCH_STATE_SILENT:
        return g_strdup_printf("QEMU does not respond: %s", problem->message);
    case QBLK_WATCH_STATE_LOST:
    case QBLK_WATCH_STATE_ENDED:
        return g_strdup(problem->message);
    case QBLK_WATCH_STATE_CONNECTED:
        break;
    }
    if (problem != NULL) {
        return g_strdup(problem->message);
    }
    return snapshot == NULL ? NULL : g_strdup(qblk_snapshot_get_no_nodes_reason(snapshot));
}

/* ---- disks ---- */

gboolean
qblk_watch_guest_shows(const char *const *disks, const QblkSnapshot *snapshot, const char *target)
{
    if (disks == NULL) {
        return TRUE;
    }
    for (guint i = 0; target != NULL && disks[i] != NULL; i++) {
        const QblkDevice *device = qblk_snapshot_find_device(snapshot, disks[i], NULL);
        const char *name = device == NULL ? disks[i] : qblk_device_get_target(device);
        if (g_strcmp0(name, target) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: (transfer full) (nullable): the allocated size.  A block device has none, but at least
 * what QEMU has written to it since it opened the image. */
static char *
describe_used(const QblkLayer *layer)
{
    gint64 actual_size = qblk_layer_get_actual_size(layer);
    gint64 written_end = qblk_layer_get_written_end(layer);
    if (actual_size != QBLK_UNKNOWN || written_end == QBLK_UNKNOWN) {
        return qblk_text_size(actual_size);
    }

    g_autofree char *size = qblk_text_size(written_end);
    return g_strconcat(">= ", size, NULL);
}

static void
add_layer(QblkWatchDisk *disk, const QblkLayer *layer)
{
    QblkWatchLayer *shown = qblk_watch_disk_add_layer(disk);
    shown->layer = g_strdup(qblk_layer_get_spec(layer));
    shown->format = g_strdup(qblk_layer_get_format_name(layer));
    shown->size = qblk_text_size(qblk_layer_get_virtual_size(layer));
    shown->used = describe_used(layer);
    shown->file = g_strdup(qblk_layer_get_filename(layer));
}

static QblkWatchDisk *
new_disk(const QblkSnapshot *snapshot, const char *target)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, target, &error);
    QblkWatchDisk *disk = qblk_watch_disk_new(target);
    if (chain == NULL) {
        disk->remark = g_strdup(error->message);
        return disk;
    }

    disk->remark = qblk_watch_chain_text(chain);
    disk->fingerprint = g_strdup(qblk_chain_get_fingerprint(chain));
    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        add_layer(disk, qblk_chain_get_layer(chain, i));
    }
    return disk;
}

/* While the nodes cannot be queried, the disks stay as they were. */
static void
update_disks(QblkWatchGuest *guest, const QblkSnapshot *snapshot, const char *const *disks)
{
    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    if (qblk_snapshot_get_no_nodes_reason(snapshot) != NULL && guest->disks->len > 0) {
        return;
    }

    g_ptr_array_set_size(guest->disks, 0);
    for (guint i = 0; targets[i] != NULL; i++) {
        if (qblk_watch_guest_shows(disks, snapshot, targets[i])) {
            g_ptr_array_add(guest->disks, new_disk(snapshot, targets[i]));
        }
    }
}

/* ---- jobs ---- */

static void
add_job(QblkWatchGuest *guest, const QblkWatch *watch, const QblkJob *job)
{
    const char *id = qblk_job_get_id(job);
    const char *state = qblk_job_get_state(job);
    const char *io_status = qblk_job_get_io_status(job);
    QblkWatchJob *shown = qblk_watch_guest_add_job(guest);

    shown->target = g_strdup(qblk_job_get_target(job));
    shown->text = g_strdup_printf("%s '%s' is %s", qblk_job_get_kind_name(job), id, state);
    shown->percent = qblk_text_percent(qblk_job_get_progress(job), qblk_job_get_total(job));
    shown->error = g_strdup(qblk_job_get_error(job));
    if (shown->error == NULL && io_status != NULL && !g_str_equal(io_status, "ok")) {
        shown->error = g_strdup_printf("I/O status '%s'", io_status);
    }
    if (g_str_equal(state, "running")) {
        shown->rate = qblk_watch_get_job_rate(watch, id);
        shown->seconds_left = qblk_watch_get_job_seconds_left(watch, id);
    }
}

static void
update_jobs(QblkWatchGuest *guest, const QblkWatch *watch, const char *const *disks)
{
    const QblkSnapshot *jobs = qblk_watch_get_jobs(watch);
    g_ptr_array_set_size(guest->jobs, 0);
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(jobs); i++) {
        const QblkJob *job = qblk_snapshot_get_job(jobs, i);
        if (qblk_watch_guest_shows(disks, qblk_watch_get_snapshot(watch),
                                   qblk_job_get_target(job))) {
            add_job(guest, watch, job);
        }
    }
}

void
qblk_watch_guest_update(QblkWatchGuest *guest, const QblkWatch *watch, const char *const *disks,
                        gint64 now)
{
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(watch);
    g_free(guest->status);
    guest->status = qblk_watch_status_text(watch);
    g_free(guest->problem);
    guest->problem = qblk_watch_problem_text(watch);

    gboolean is_lost = qblk_watch_get_state(watch) == QBLK_WATCH_STATE_LOST;
    if (!is_lost) {
        guest->retry_at = -1;
    } else if (guest->retry_at < 0) {
        guest->retry_at = now + (gint64)qblk_watch_get_pause(watch) * G_USEC_PER_SEC;
    }

    if (snapshot != NULL && guest->source != snapshot) {
        update_disks(guest, snapshot, disks);
        guest->source = snapshot;
    }
    if (snapshot != NULL) {
        update_jobs(guest, watch, disks);
    }
}
