/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk bridge`: one monitor for many clients. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/interrupt.h"
#include "cli/vm-argument.h"

#include <poll.h>
#include <pthread.h>
#include <qblk/bridge.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MAX_STOP_SECONDS (24.0 * 3600)

typedef struct {
    char **listen, **listen_read_only, **connect; /* owned, NULL-terminated, or NULL */
    char **allow, **deny;
    char *mode, *group, *state_dir; /* owned, or NULL */
    double stop_timeout;            /* seconds */
    gboolean stdio, reconnect;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    options->stop_timeout = 30;
    const GOptionEntry entries[] = {
        {"listen", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->listen,
         "Serve clients at the socket PATH (may be repeated)", "PATH"},
        {"listen-read-only", 'r', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->listen_read_only,
         "Serve clients that may only query (may be repeated)", "PATH"},
        {"stdio", 0, 0, G_OPTION_ARG_NONE, &options->stdio,
         "Serve one client on standard input and output, and end with it", NULL},
        {"connect", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->connect,
         "Connect to a client that listens at PATH (may be repeated)", "PATH"},
        {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->allow,
         "Also allow COMMAND to read-only clients; * and ? are wildcards", "COMMAND"},
        {"deny", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->deny,
         "Refuse COMMAND to all clients; * and ? are wildcards", "COMMAND"},
        {"mode", 0, 0, G_OPTION_ARG_STRING, &options->mode,
         "Set the permissions of the sockets, in octal; default: 600", "MODE"},
        {"group", 0, 0, G_OPTION_ARG_STRING, &options->group, "Set the group of the sockets",
         "GROUP"},
        {"reconnect", 0, 0, G_OPTION_ARG_NONE, &options->reconnect,
         "Wait for QEMU to start, and for the next one after its end", NULL},
        {"stop-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options->stop_timeout,
         "Let operations continue for this time after SIGTERM; default: 30", "SECONDS"},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         "Keep the journals in this directory", "DIRECTORY"},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

static void
clear_options(gpointer data)
{
    Options *options = data;
    g_strfreev(options->listen);
    g_strfreev(options->listen_read_only);
    g_strfreev(options->connect);
    g_strfreev(options->allow);
    g_strfreev(options->deny);
    g_free(options->mode);
    g_free(options->group);
    g_free(options->state_dir);
}

/* ---- setting it up ---- */

static void
add_patterns(QblkBridgeOptions *bridge_options, char **patterns,
             void (*add)(QblkBridgeOptions *options, const char *pattern))
{
    for (guint i = 0; patterns != NULL && patterns[i] != NULL; i++) {
        add(bridge_options, patterns[i]);
    }
}

static QblkBridgeOptions *
make_options(const QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkBridgeOptions) made = qblk_bridge_options_new();
    if (!(options->stop_timeout >= 0 && options->stop_timeout <= MAX_STOP_SECONDS)) {
        (void)qblk_usage_error(error, "invalid --stop-timeout: specify seconds from 0 to %g",
                               MAX_STOP_SECONDS);
        return NULL;
    }
    if ((options->mode != NULL && !qblk_bridge_options_set_mode(made, options->mode, error)) ||
        (options->group != NULL && !qblk_bridge_options_set_group(made, options->group, error))) {
        return NULL;
    }

    add_patterns(made, options->allow, qblk_bridge_options_add_allow);
    add_patterns(made, options->deny, qblk_bridge_options_add_deny);
    qblk_bridge_options_set_timeout(made, invocation->timeout_ms);
    qblk_bridge_options_set_reconnect(made, options->reconnect);
    qblk_bridge_options_set_stop_timeout(made, (int)(options->stop_timeout * 1000));
    qblk_bridge_options_set_notify_socket(made, g_getenv("NOTIFY_SOCKET"));
    qblk_bridge_options_set_state_directory(made, options->state_dir);
    qblk_bridge_options_set_snapshot_options(made, invocation->snapshot_options);
    return g_steal_pointer(&made);
}

static gboolean
listen_at(QblkBridge *bridge, char **paths, gboolean read_only, GError **error)
{
    for (guint i = 0; paths != NULL && paths[i] != NULL; i++) {
        if (!qblk_bridge_listen(bridge, paths[i], read_only, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
connect_to(QblkBridge *bridge, char **paths, GError **error)
{
    for (guint i = 0; paths != NULL && paths[i] != NULL; i++) {
        if (!qblk_bridge_connect(bridge, paths[i], FALSE, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The processes that it starts must not take the variables for theirs. */
static gboolean
add_activated(QblkBridge *bridge, guint *count, GError **error)
{
    g_auto(GStrv) environment = g_get_environ();
    const char *const *variables = (const char *const *)environment;
    gboolean done = qblk_bridge_add_activated(bridge, variables, count, error);

    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
    g_unsetenv("NOTIFY_SOCKET");
    return done;
}

static gboolean
add_clients(QblkBridge *bridge, const Options *options, GError **error)
{
    guint activated = 0;
    if (!add_activated(bridge, &activated, error)) {
        return FALSE;
    }
    if (activated == 0 && options->listen == NULL && options->listen_read_only == NULL &&
        options->connect == NULL && !options->stdio) {
        return qblk_usage_error(error, "no place for clients: specify --listen PATH, "
                                       "--listen-read-only PATH, --connect PATH or --stdio");
    }

    return listen_at(bridge, options->listen, FALSE, error) &&
           listen_at(bridge, options->listen_read_only, TRUE, error) &&
           connect_to(bridge, options->connect, error) &&
           (!options->stdio ||
            qblk_bridge_add_client(bridge, STDIN_FILENO, STDOUT_FILENO, FALSE, error));
}

/* ---- output ---- */

static void
print_notice(QblkBridge *bridge, const char *message, gpointer user_data)
{
    qblk_output_notice(user_data, message);
}

static void
log_message(gboolean sent, const char *message, gpointer user_data)
{
    qblk_output_log(user_data, sent, message);
}

/* ---- running ---- */

/* Returns: a descriptor that is readable after a signal that ends the bridge */
static int
open_signals(void)
{
    sigset_t signals;
    qblk_interrupt_get_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    /* A client on standard output may go away. */
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A second signal ends the bridge at once, but not a second SIGHUP: the kernel and the shell send
 * one each.  @count: (inout): the signals so far */
static void
read_signals(int fd, guint *count, QblkBridge *bridge)
{
    struct signalfd_siginfo record;
    while (read(fd, &record, sizeof(record)) == sizeof(record)) {
        if ((*count)++ == 0 || record.ssi_signo != SIGHUP) {
            qblk_bridge_stop(bridge);
        }
    }
}

static gboolean
run_bridge(QblkBridge *bridge, int signals, GError **error)
{
    guint count = 0;

    while (qblk_bridge_process(bridge)) {
        struct pollfd items[] = {
            {qblk_bridge_get_fd(bridge), (short)qblk_bridge_get_events(bridge), 0},
            {signals, POLLIN, 0},
        };
        (void)poll(items, G_N_ELEMENTS(items), qblk_bridge_get_timeout(bridge));
        if (items[1].revents != 0) {
            read_signals(signals, &count, bridge);
        }
    }
    return qblk_bridge_get_result(bridge, error);
}

static gboolean
run_with_signals(QblkInvocation *invocation, int signals, GError **error)
{
    g_autoptr(QblkBridgeOptions) options = make_options(invocation, error);
    g_autoptr(QblkBridge) bridge =
        options == NULL ? NULL : qblk_bridge_new(invocation->address, options, error);
    if (bridge == NULL || !add_clients(bridge, invocation->options, error)) {
        return FALSE;
    }

    /* A client on standard output wants to see no more on the terminal than from QEMU. */
    const Options *own_options = invocation->options;
    if (!own_options->stdio || invocation->verbose) {
        qblk_bridge_set_notice(bridge, print_notice, &invocation->output, NULL);
    }
    if (invocation->verbose) {
        qblk_bridge_set_logger(bridge, log_message, &invocation->output, NULL);
    }
    return run_bridge(bridge, signals, error);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    if (!qblk_vm_argument_check_machine(invocation, error)) {
        return FALSE;
    }

    /* A signal before the bridge runs would leave its sockets. */
    int signals = open_signals();
    gboolean done = run_with_signals(invocation, signals, error);
    close(signals);
    return done;
}

const QblkCommand qblk_cmd_bridge = {
    .name = "bridge",
    .arguments = "VM",
    .summary = "Serve many clients on one QMP monitor",
    .description = "Clients connect to the sockets of --listen and --listen-read-only. The command "
                   "runs until QEMU ends or a signal stops it.",
    .example = "qblk bridge /run/vm1.qmp --listen /run/vm1.sock",
    .group = QBLK_COMMAND_SERVES,
    .prints_plain = TRUE,
    .needs_qemu = TRUE,
    .bridges = TRUE,
    .has_default_vm = TRUE,
    .min_arguments = 1,
    .max_arguments = 1,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
