/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follow the jobs of several guests from one main loop: print each job when QEMU reports a change,
 * and once a second while it runs.  A guest that ends is connected to again when it is back.
 *
 *     cc follow-jobs.c -o follow-jobs $(pkg-config --cflags --libs qblk)
 *     ./follow-jobs /run/vm1.qmp /run/vm2.qmp ...
 */
#include <glib-unix.h>
#include <qblk/qblk.h>

static void
show_state(QblkWatch *watch, gpointer user_data)
{
    (void)user_data;
    if (qblk_watch_get_state(watch) == QBLK_WATCH_STATE_CONNECTING) {
        return;
    }

    const char *address = qblk_watch_get_address(watch);
    const GError *problem = qblk_watch_get_problem(watch);
    if (problem != NULL) {
        g_printerr("%s: %s\n", address, problem->message);
    } else {
        g_print("%s: %s\n", address, qblk_watch_state_name(qblk_watch_get_state(watch)));
    }
}

/* QEMU has changed something, or the progress was queried. */
static void
show_jobs(QblkWatch *watch, gpointer user_data)
{
    (void)user_data;
    const QblkSnapshot *jobs = qblk_watch_get_jobs(watch);
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(jobs); i++) {
        const QblkJob *job = qblk_snapshot_get_job(jobs, i);
        const char *target = qblk_job_get_target(job);
        const char *error = qblk_job_get_error(job);
        g_print("%s: %s: job '%s' %s, %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " bytes%s%s\n",
                qblk_watch_get_address(watch), target != NULL ? target : "?", qblk_job_get_id(job),
                qblk_job_get_state(job), qblk_job_get_progress(job), qblk_job_get_total(job),
                error != NULL ? ": " : "", error != NULL ? error : "");
    }
}

/* The main loop keeps the watch, which only ends by itself if its address is a descriptor. */
static gboolean
follow(const char *address, GError **error)
{
    g_autoptr(QblkWatch) watch = qblk_watch_new(address, NULL, error);
    if (watch == NULL) {
        return FALSE;
    }

    qblk_watch_set_state_changed(watch, show_state, NULL, NULL);
    qblk_watch_set_snapshot_changed(watch, show_jobs, NULL, NULL);
    qblk_watch_set_progress(watch, show_jobs, NULL, NULL);
    qblk_watch_attach(watch);

    return TRUE;
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

    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        if (!follow(argv[i], &error)) {
            g_printerr("%s: %s\n", argv[i], error->message);
            return 1;
        }
    }

    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGINT, interrupted, loop);
    g_main_loop_run(loop);

    return 0;
}
