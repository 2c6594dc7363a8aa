/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commit a layer of a disk into the layer below it.  Ctrl-C cancels the job, and the chain is as
 * before.  A second Ctrl-C does not wait for that: recover-at-start.c does the rest.
 *
 *     cc commit-layer.c -o commit-layer $(pkg-config --cflags --libs qblk)
 *     ./commit-layer [--speed BYTES] [--state-dir DIRECTORY] /run/vm1.qmp vda 'vda[1]'
 */
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <qblk/qblk.h>

static gint64 speed;
static char *state_directory;

static const GOptionEntry entries[] = {
    {"speed", 0, 0, G_OPTION_ARG_INT64, &speed, "Limit of the job per second", "BYTES"},
    {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &state_directory, "For the journal", "DIRECTORY"},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
};

static void
show_progress(QblkOperation *operation, const char *target, const char *state, gint64 done,
              gint64 total, gpointer user_data)
{
    g_printerr("%s: %s, %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " bytes\n", target,
               state != NULL ? state : "not started", done, total);
}

static void
show_warning(QblkOperation *operation, const char *message, gpointer user_data)
{
    g_printerr("commit-layer: warning: %s\n", message);
}

static QblkPlan *
make_plan(QblkClient *client, const char *disk, const char *layer, GError **error)
{
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, NULL, error);
    if (snapshot == NULL) {
        return NULL;
    }

    g_autoptr(QblkCommitOptions) options = qblk_commit_options_new();
    qblk_commit_options_set_top(options, layer);
    qblk_commit_options_set_shallow(options, TRUE);
    g_autoptr(QblkPlanOptions) plan_options = qblk_plan_options_new();
    qblk_plan_options_set_speed(plan_options, speed);
    qblk_plan_options_set_state_directory(plan_options, state_directory);
    return qblk_plan_commit(client, snapshot, disk, options, plan_options, error);
}

/* Drive the operation from poll(), together with the descriptor @interrupts. */
static gboolean
wait_for_end(QblkOperation *operation, int interrupts, GError **error)
{
    struct pollfd fds[2];
    gboolean is_cancelled = FALSE;
    do {
        fds[0] = (struct pollfd){qblk_operation_get_fd(operation),
                                 (short)qblk_operation_get_events(operation), 0};
        fds[1] = (struct pollfd){interrupts, POLLIN, 0};
        int n_ready = poll(fds, 2, qblk_operation_get_timeout(operation));
        struct signalfd_siginfo signal;
        if (n_ready > 0 && fds[1].revents != 0 && read(interrupts, &signal, sizeof signal) > 0) {
            if (is_cancelled) {
                g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED,
                            "interrupted: the commit can be resumed: see recover-at-start");
                return FALSE; /* dropped in the middle, the operation leaves its journal */
            }
            g_printerr("cancelling; press Ctrl-C again to exit at once\n");
            qblk_operation_cancel(operation); /* it ends after its rollback */
            is_cancelled = TRUE;
        }
    } while (qblk_operation_process(operation, fds[0].revents));
    return qblk_operation_get_result(operation, error);
}

static gboolean
run(QblkClient *client, QblkPlan *plan, GError **error)
{
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    qblk_plans_add(plans, plan);
    g_autoptr(QblkOperation) operation = qblk_operation_start(client, plans, NULL, error);
    if (operation == NULL) {
        return FALSE;
    }

    qblk_operation_set_progress(operation, show_progress, NULL, NULL);
    qblk_operation_set_warning(operation, show_warning, NULL, NULL);

    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int interrupts = signalfd(-1, &signals, SFD_CLOEXEC);
    gboolean is_done = wait_for_end(operation, interrupts, error);
    close(interrupts);
    if (qblk_operation_has_journal(operation)) {
        g_printerr("commit-layer: the commit can be resumed: see recover-at-start\n");
    }

    return is_done;
}

static gboolean
commit_layer(const char *monitor, const char *disk, const char *layer, GError **error)
{
    g_autoptr(QblkClient) client = qblk_client_connect(monitor, 0, error);
    if (client == NULL) {
        return FALSE;
    }

    g_autoptr(QblkPlan) plan = make_plan(client, disk, layer, error);
    if (plan == NULL) {
        return FALSE;
    }

    g_autofree char *text = qblk_plan_to_text(plan);
    g_print("%s", text);
    for (guint i = 0; i < qblk_plan_get_n_warnings(plan); i++) {
        g_printerr("commit-layer: warning: %s\n", qblk_plan_get_warning(plan, i));
    }

    if (!run(client, plan, error)) {
        return FALSE;
    }

    g_autofree char *result = qblk_plan_result_to_text(plan, FALSE);
    g_print("%s", result);
    return TRUE;
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new("MONITOR DISK LAYER");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 4) {
        g_printerr("commit-layer: %s\n", error != NULL ? error->message : "see --help");
        return 2;
    }

    if (!commit_layer(argv[1], argv[2], argv[3], &error)) {
        g_printerr("commit-layer: %s\n", error->message);
        return 1;
    }

    return 0;
}
