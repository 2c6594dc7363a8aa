/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follow the jobs of several guests from one main loop: print each job when QEMU reports a change,
 * and once a second while it runs.  A guest that ends is connected to again when it is back.
 *
 *     cc follow-jobs.c -o follow-jobs $(pkg-config --cflags --libs qblk)
 *     ./follow-jobs /run/vm1.qmp /run/vm2.qmp ...
 */
#include <string.h>

#include <glib-unix.h>
#include <qblk/qblk.h>

enum {
    TIMEOUT_MS = 2000, /* for QEMU to reply; meanwhile the other guests wait */
    INTERVAL_S = 1,
};

typedef struct {
    const char *address;
    QblkClient *client;     /* NULL while the guest cannot be reached */
    QblkSnapshot *snapshot; /* knows the disks; NULL before the handshake */
    guint watch;            /* of the client */
    gboolean has_jobs;
    gboolean was_reported; /* that the guest cannot be reached */
} Guest;

static void
show_jobs(Guest *guest, const QblkSnapshot *snapshot)
{
    guest->has_jobs = qblk_snapshot_get_n_jobs(snapshot) > 0;
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        const char *target = qblk_job_get_target(job);
        const char *error = qblk_job_get_error(job);
        g_print("%s: %s: job '%s' %s, %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " bytes%s%s\n",
                guest->address, target != NULL ? target : "?", qblk_job_get_id(job),
                qblk_job_get_state(job), qblk_job_get_progress(job), qblk_job_get_total(job),
                error != NULL ? ": " : "", error != NULL ? error : "");
    }
}

static void
clear_guest(gpointer item)
{
    Guest *guest = item;
    g_clear_handle_id(&guest->watch, g_source_remove);
    g_clear_pointer(&guest->snapshot, qblk_snapshot_unref);
    g_clear_pointer(&guest->client, qblk_client_unref);
}

/* Report why the guest cannot be reached, and try again in a second. */
static void
disconnect(Guest *guest, const GError *error)
{
    if (!guest->was_reported) {
        g_printerr("%s: %s\n", guest->address, error->message);
    }

    guest->was_reported = TRUE;
    guest->has_jobs = FALSE;
    clear_guest(guest);
}

/* The graph, which tells the disks of the jobs. */
static void
read_graph(Guest *guest)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) before = guest->snapshot;
    guest->snapshot = qblk_snapshot_fetch(guest->client, NULL, &error);
    if (guest->snapshot == NULL) {
        disconnect(guest, error);
        return;
    }

    if (before == NULL) {
        g_print("%s: connected\n", guest->address);
        guest->was_reported = FALSE;
    }

    show_jobs(guest, guest->snapshot);
}

/* QEMU reports no progress by itself. */
static void
read_progress(Guest *guest)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshot) jobs = qblk_snapshot_fetch_jobs(guest->client, guest->snapshot, &error);
    if (jobs == NULL) {
        disconnect(guest, error);
        return;
    }

    show_jobs(guest, jobs);
}

/* Called when the client is ready, has received something, or has failed. */
static gboolean
client_changed(QblkClient *client, gpointer user_data)
{
    Guest *guest = user_data;
    const GError *failure = qblk_client_get_error(client);
    if (failure != NULL) {
        disconnect(guest, failure);
        return G_SOURCE_REMOVE;
    }

    gboolean has_changed = guest->snapshot == NULL && qblk_client_is_ready(client);
    for (char *event; (event = qblk_client_take_event(client)) != NULL; g_free(event)) {
        has_changed |= strstr(event, "\"JOB_STATUS_CHANGE\"") != NULL;
    }

    if (has_changed) {
        read_graph(guest);
    }

    return guest->client != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
connect_guest(Guest *guest)
{
    g_autoptr(GError) error = NULL;
    guest->client = qblk_client_start(guest->address, TIMEOUT_MS, &error);
    if (guest->client == NULL) {
        disconnect(guest, error);
        return;
    }

    guest->watch = qblk_client_add_watch(guest->client, client_changed, guest, NULL);
}

static gboolean
interval_passed(gpointer user_data)
{
    GArray *guests = user_data;
    for (guint i = 0; i < guests->len; i++) {
        Guest *guest = &g_array_index(guests, Guest, i);
        if (guest->client == NULL) {
            connect_guest(guest);
        } else if (guest->has_jobs) {
            read_progress(guest);
        }
    }

    return G_SOURCE_CONTINUE;
}

static gboolean
interrupted(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_CONTINUE;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        g_printerr("usage: follow-jobs MONITOR...\n");
        return 2;
    }

    g_autoptr(GArray) guests = g_array_new(FALSE, TRUE, sizeof(Guest));
    g_array_set_clear_func(guests, clear_guest);
    g_array_set_size(guests, (guint)argc - 1);
    for (guint i = 0; i < guests->len; i++) {
        g_array_index(guests, Guest, i).address = argv[i + 1];
    }

    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGINT, interrupted, loop);
    g_timeout_add_seconds(INTERVAL_S, interval_passed, guests);
    interval_passed(guests);
    g_main_loop_run(loop);

    return 0;
}
