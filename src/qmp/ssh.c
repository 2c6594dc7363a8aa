/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/ssh.h"

#include "base/memory-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <qblk/error.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_BYTES    4096 /* of the output that are used for a message */
#define END_MS       2000 /* that ssh may take to end */
#define WAIT_TURN_MS 2    /* between two looks at it */

struct QblkSsh {
    char *text;      /* owned: of the address */
    char *call;      /* owned: how a person would connect to the host */
    char *host;      /* owned */
    char *path;      /* owned: of the socket on the host */
    char *directory; /* owned; NULL after it was removed */
    char *socket;    /* owned */
    pid_t pid;       /* 0 after it has ended */
    int ready_fd;    /* readable as soon as it is ready or has ended */
    int log_fd;      /* what it has written to standard error */
    gint64 greeted;  /* the size of that when it was ready */
};

/* ---- the private directory ---- */

/* Returns: FALSE if ssh would not listen on a socket in @base: its path is too long, or contains
 * the variable of an environment. */
static gboolean
is_suitable(const char *base)
{
    gsize length = base == NULL ? 0 : strlen(base) + strlen("/qblk-XXXXXX/s");

    return length > 0 && length < sizeof(((struct sockaddr_un *)0)->sun_path) &&
           g_path_is_absolute(base) && strstr(base, "${") == NULL;
}

static gboolean
make_directory(QblkSsh *ssh, GError **error)
{
    const char *const bases[] = {g_getenv("XDG_RUNTIME_DIR"), g_get_tmp_dir(), "/tmp"};
    const char *base = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(bases) && ssh->directory == NULL; i++) {
        base = bases[i];
        g_autofree char *directory =
            is_suitable(base) ? g_build_filename(base, "qblk-XXXXXX", NULL) : NULL;
        if (directory != NULL && g_mkdtemp_full(directory, 0700) != NULL) {
            ssh->directory = g_steal_pointer(&directory);
        }
    }
    if (ssh->directory == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot create a directory in '%s' for the socket of ssh: %s", base,
                    g_strerror(errno));
        return FALSE;
    }

    ssh->socket = g_build_filename(ssh->directory, "s", NULL);
    return TRUE;
}

/* ---- its arguments ---- */

/* In a forwarding ':' separates two paths, and '%' begins a name that ssh replaces. */
static void
append_path(GString *text, const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == ':' || *at == '\\') {
            g_string_append_c(text, '\\');
        } else if (*at == '%') {
            g_string_append_c(text, '%');
        }
        g_string_append_c(text, *at);
    }
}

/* Without a terminal ssh asks only if a program for that is set. */
static gboolean
can_ask(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal >= 0) {
        close(terminal);
    }
    return terminal >= 0 || g_getenv("SSH_ASKPASS") != NULL;
}

/* The forwardings of the user's configuration may fail, because another ssh has them; if this one
 * fails nothing listens. */
static const char *const fixed_arguments[] = {
    "-N",
    "-T",
    "-S",
    "none",
    "-o",
    "ExitOnForwardFailure=no",
    "-o",
    "StreamLocalBindUnlink=no",
    "-o",
    "StreamLocalBindMask=0177",
    "-o",
    "LogLevel=INFO",
    /* It runs as soon as ssh listens, and ssh closes its standard output afterwards. */
    "-o",
    "PermitLocalCommand=yes",
    "-o",
    "LocalCommand=echo ready",
};

static char **
make_arguments(const QblkSsh *ssh, const QblkAddress *address, const char *program, int timeout_ms,
               gboolean asks)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autoptr(GString) forward = g_string_new(NULL);

    g_ptr_array_add(all, g_strdup(program));
    for (gsize i = 0; i < G_N_ELEMENTS(fixed_arguments); i++) {
        g_ptr_array_add(all, g_strdup(fixed_arguments[i]));
    }
    g_ptr_array_add(all, g_strdup_printf("-oBatchMode=%s", asks ? "no" : "yes"));
    g_ptr_array_add(all, g_strdup_printf("-oConnectTimeout=%d", (timeout_ms - 1) / 1000 + 1));

    append_path(forward, ssh->socket);
    g_string_append_c(forward, ':');
    append_path(forward, address->path);
    g_ptr_array_add(all, g_strdup("-L"));
    g_ptr_array_add(all, g_strdup(forward->str));

    if (address->port != NULL) {
        g_ptr_array_add(all, g_strdup("-p"));
        g_ptr_array_add(all, g_strdup(address->port));
    }
    if (address->user != NULL) {
        g_ptr_array_add(all, g_strdup("-l"));
        g_ptr_array_add(all, g_strdup(address->user));
    }
    g_ptr_array_add(all, g_strdup("--"));
    g_ptr_array_add(all, g_strdup(address->host));
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

/* ---- the process ---- */

/* Called in the child, between fork and exec: only async-signal-safe functions may be used.  The
 * signal that ends ssh may be blocked or ignored in this program. */
static void
set_up_child(gpointer user_data)
{
    const pid_t *parent = user_data;
    sigset_t none;

    sigemptyset(&none);
    (void)signal(SIGTERM, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != *parent) {
        _exit(127); /* the parent died before that */
    }
}

static void
set_spawn_error(const char *program, const GError *cause, GError **error)
{
    if (g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot find '%s', which connects to other machines: on Debian install the "
                    "package openssh-client",
                    program);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot start '%s': %s", program,
                    cause->message);
    }
}

static gboolean
spawn(QblkSsh *ssh, const char *program, char **arguments, GError **error)
{
    int pair[2];
    ssh->log_fd = qblk_memory_file_new("qblk-ssh", NULL, 0);
    if (ssh->log_fd < 0 || pipe2(pair, O_CLOEXEC) != 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot create the pipe of '%s': %s", program, g_strerror(errno));
        return FALSE;
    }
    ssh->ready_fd = pair[0];

    g_autoptr(GError) cause = NULL;
    pid_t parent = getpid();
    gboolean is_started = g_spawn_async_with_fds(
        NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, set_up_child,
        &parent, &ssh->pid, -1, pair[1], ssh->log_fd, &cause);
    close(pair[1]);
    if (!is_started) {
        ssh->pid = 0;
        set_spawn_error(program, cause, error);
    }
    return is_started;
}

/* Returns: TRUE if it has ended; @status is not changed if another part of the program has waited
 * for it. */
static gboolean
has_ended(QblkSsh *ssh, int timeout_ms, int *status)
{
    gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

    for (;;) {
        pid_t ended = waitpid(ssh->pid, status, WNOHANG);
        if (ended == ssh->pid || (ended < 0 && errno != EINTR)) {
            ssh->pid = 0;
            return TRUE;
        }
        if (ended == 0 && g_get_monotonic_time() >= end) {
            return FALSE;
        }
        (void)poll(NULL, 0, WAIT_TURN_MS);
    }
}

static int
end_process(QblkSsh *ssh)
{
    int status = 0;
    if (ssh->pid > 0) {
        (void)kill(ssh->pid, SIGTERM);
    }
    if (ssh->pid > 0 && !has_ended(ssh, END_MS, &status)) {
        (void)kill(ssh->pid, SIGKILL);
        while (waitpid(ssh->pid, &status, 0) < 0 && errno == EINTR) {
        }
        ssh->pid = 0;
    }
    return status;
}

/* ---- what it reports ---- */

/* Returns: (transfer full): the last line that it has written after the offset @begin, without the
 * name of the program and the full stop, or "" */
static char *
read_last_line(const QblkSsh *ssh, gint64 begin)
{
    char text[LOG_BYTES];
    gint64 size = lseek(ssh->log_fd, 0, SEEK_END);
    gint64 start = MAX(size - (gint64)sizeof(text), begin);
    gssize count = pread(ssh->log_fd, text, sizeof(text), start);
    g_autofree char *all = g_strchomp(g_strndup(text, (gsize)MAX(count, 0)));
    const char *newline = strrchr(all, '\n');
    const char *line = newline == NULL ? all : newline + 1;

    line += g_str_has_prefix(line, "ssh: ") ? strlen("ssh: ") : 0;
    gsize length = strlen(line);
    return g_utf8_make_valid(line, (gssize)(g_str_has_suffix(line, ".") ? length - 1 : length));
}

/* Set for a process that has ended before it was ready. */
static void
set_end_error(const QblkSsh *ssh, int status, GError **error)
{
    g_autofree char *line = read_last_line(ssh, 0);

    if (line[0] != '\0') {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot connect to '%s': ssh: %s: does '%s' work?", ssh->text, line, ssh->call);
    } else if (WIFSIGNALED(status)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot connect to '%s': ssh was killed by signal %d", ssh->text,
                    WTERMSIG(status));
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot connect to '%s': ssh ended with status %d: does '%s' work?", ssh->text,
                    WEXITSTATUS(status), ssh->call);
    }
}

/* ssh does not translate its messages, and sshd does not tell why it could not connect.  Another
 * message is reported as it is. */
char *
qblk_ssh_explain(const QblkSsh *ssh)
{
    g_autofree char *line = read_last_line(ssh, ssh->greeted);

    if (strstr(line, "open failed: connect failed") != NULL) {
        return g_strdup_printf("no QEMU listens on '%s' of host '%s', its user has no permission "
                               "to connect to it, or sshd there forwards no sockets "
                               "(AllowStreamLocalForwarding)",
                               ssh->path, ssh->host);
    }
    return line[0] == '\0' ? NULL : g_strdup_printf("ssh: %s", line);
}

/* ---- starting and ending ---- */

static gboolean
wait_until_ready(QblkSsh *ssh, gint64 deadline, const QblkWaiter *waiter, GError **error)
{
    struct pollfd item = {.fd = ssh->ready_fd, .events = POLLIN};
    int ready;
    do {
        gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
        ready = qblk_waiter_poll(waiter, &item, deadline < 0 ? -1 : (int)CLAMP(left, 0, G_MAXINT));
    } while (ready == -EINTR);

    if (ready < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot wait for ssh: %s",
                    g_strerror(-ready));
    } else if (ready == 0) {
        g_autofree char *line = read_last_line(ssh, 0);
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                    "cannot connect to '%s': ssh is not ready within the time limit%s%s", ssh->text,
                    line[0] == '\0' ? "" : ": ", line);
    }
    return ready > 0;
}

static char *
describe_call(const QblkAddress *address)
{
    GString *call = g_string_new("ssh ");
    if (address->port != NULL) {
        g_string_append_printf(call, "-p %s ", address->port);
    }
    if (address->user != NULL) {
        g_string_append_printf(call, "%s@", address->user);
    }
    g_string_append(call, address->host);
    return g_string_free(call, FALSE);
}

QblkSsh *
qblk_ssh_start(const QblkAddress *address, int timeout_ms, const QblkWaiter *waiter, GError **error)
{
    g_autoptr(QblkSsh) ssh = g_new0(QblkSsh, 1);
    ssh->ready_fd = -1;
    ssh->log_fd = -1;
    ssh->text = g_strdup(address->text);
    ssh->host = g_strdup(address->host);
    ssh->path = g_strdup(address->path);
    ssh->call = describe_call(address);
    if (!make_directory(ssh, error)) {
        return NULL;
    }

    const char *named = g_getenv("QBLK_SSH");
    const char *program = named == NULL || named[0] == '\0' ? "ssh" : named;
    gboolean asks = can_ask();
    gint64 deadline = asks ? -1 : g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    g_auto(GStrv) arguments = make_arguments(ssh, address, program, timeout_ms, asks);
    if (!spawn(ssh, program, arguments, error) || !wait_until_ready(ssh, deadline, waiter, error)) {
        return NULL;
    }

    ssh->greeted = lseek(ssh->log_fd, 0, SEEK_END);
    return g_steal_pointer(&ssh);
}

const char *
qblk_ssh_get_socket(const QblkSsh *ssh)
{
    return ssh->socket;
}

void
qblk_ssh_remove_socket(QblkSsh *ssh)
{
    if (ssh->directory != NULL) {
        (void)g_unlink(ssh->socket);
        (void)g_rmdir(ssh->directory);
    }
    g_clear_pointer(&ssh->directory, g_free);
}

void
qblk_ssh_end(QblkSsh *ssh, GError **error)
{
    int status = end_process(ssh);
    set_end_error(ssh, status, error);
}

void
qblk_ssh_free(QblkSsh *ssh)
{
    if (ssh == NULL) {
        return;
    }

    (void)end_process(ssh);
    qblk_ssh_remove_socket(ssh);
    if (ssh->ready_fd >= 0) {
        close(ssh->ready_fd);
    }
    if (ssh->log_fd >= 0) {
        close(ssh->log_fd);
    }
    g_free(ssh->socket);
    g_free(ssh->text);
    g_free(ssh->call);
    g_free(ssh->host);
    g_free(ssh->path);
    g_free(ssh);
}
