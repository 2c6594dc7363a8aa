/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-run.h"

#include "cli/interrupt.h"
#include "cli/vm-argument.h"
#include "cli/vm.h"
#include "cli/watch-guest.h"
#include "cli/watch-show.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ---- the VMs ---- */

static void
free_vm(gpointer data)
{
    QblkWatchVm *vm = data;
    qblk_watch_unref(vm->watch);
    qblk_watch_changes_free(vm->changes);
    g_free(vm);
}

static gboolean
add_vm(QblkWatchSession *session, QblkInvocation *part, const char *name, GError **error)
{
    if (part->failure != NULL) {
        g_propagate_error(error, g_error_copy(part->failure));
        return FALSE;
    }
    if (!qblk_vm_check_monitor(part, error)) {
        return FALSE;
    }

    /* Messages, and warnings that a query takes long, would spoil the screen. */
    qblk_vm_set_up_options(part);
    if (session->mode == QBLK_WATCH_SCREEN) {
        qblk_snapshot_options_set_warning(part->snapshot_options, NULL, NULL, NULL);
    }
    g_autoptr(QblkWatchOptions) options = qblk_watch_options_new();
    qblk_watch_options_set_snapshot_options(options, part->snapshot_options);
    qblk_watch_options_set_timeout(options, part->timeout_ms);
    QblkWatch *watch = qblk_watch_new(qblk_address_get_text(part->address), options, error);
    if (watch == NULL) {
        return FALSE;
    }

    QblkWatchVm *vm = g_new0(QblkWatchVm, 1);
    *vm = (QblkWatchVm){.session = session, .name = name, .part = part, .watch = watch};
    vm->changes = qblk_watch_changes_new((const char *const *)session->options->disks);
    vm->guest = qblk_watch_view_add_guest(session->view, name);
    qblk_watch_show_follow(vm);
    g_ptr_array_add(session->vms, vm);
    return TRUE;
}

static gboolean
add_vms(QblkWatchSession *session, GError **error)
{
    QblkInvocation *whole = session->invocation;
    if (whole->each == NULL) {
        return add_vm(session, whole, whole->given_vm, error);
    }
    for (guint i = 0; i < whole->each->len; i++) {
        QblkInvocation *part = whole->each->pdata[i];
        if (!add_vm(session, part, part->output.vm, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
has_ended(const QblkWatchVm *vm)
{
    return g_error_matches(qblk_watch_get_problem(vm->watch), QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED);
}

/* Nothing more is expected of @vm. */
static gboolean
is_over(const QblkWatchVm *vm)
{
    QblkWatchState state = qblk_watch_get_state(vm->watch);
    gboolean is_lost = state == QBLK_WATCH_STATE_LOST || state == QBLK_WATCH_STATE_CONNECTING;
    if (state == QBLK_WATCH_STATE_ENDED) {
        return TRUE;
    }
    return !vm->session->options->waits && is_lost && qblk_watch_get_problem(vm->watch) != NULL &&
           (has_ended(vm) || !vm->was_connected);
}

static gboolean
all_are_over(const QblkWatchSession *session)
{
    for (guint i = 0; i < session->vms->len; i++) {
        if (!is_over(session->vms->pdata[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

/* After all are over: that a QEMU has shut down is no failure, all else is. */
static gboolean
conclude(QblkWatchSession *session, GError **error)
{
    for (guint i = 0; i < session->vms->len; i++) {
        const QblkWatchVm *vm = session->vms->pdata[i];
        if (has_ended(vm)) {
            continue;
        }
        g_autoptr(GError) problem = g_error_copy(qblk_watch_get_problem(vm->watch));
        qblk_vm_argument_explain(vm->part, &problem);
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }

    if (session->mode == QBLK_WATCH_SCREEN) {
        g_autofree char *time = qblk_watch_time_text(g_get_real_time());
        qblk_output_print(&session->invocation->output, "%s %s\n", time,
                          session->vms->len == 1 ? "the VM has ended" : "all VMs have ended");
    }
    return TRUE;
}

/* ---- signals ---- */

static void
stop_process(QblkWatchSession *session)
{
    if (session->screen != NULL) {
        qblk_watch_screen_suspend(session->screen);
    }
    (void)raise(SIGSTOP);
}

static void
handle_signal(QblkWatchSession *session)
{
    struct signalfd_siginfo record;
    if (read(session->signal_fd, &record, sizeof(record)) != sizeof(record)) {
        return;
    }

    switch (record.ssi_signo) {
    case SIGTSTP:
        stop_process(session);
        break;
    case SIGWINCH:
    case SIGCONT:
        break;
    default:
        session->is_stopped = TRUE;
        return;
    }
    session->is_dirty = TRUE;
    session->is_resized = TRUE;
}

/* @before: (out): the signals that were blocked */
static void
block_signals(QblkWatchSession *session, sigset_t *before)
{
    static const int of_screen[] = {SIGTSTP, SIGCONT, SIGWINCH};
    sigset_t signals;
    qblk_interrupt_get_signals(&signals);
    for (gsize i = 0; session->mode == QBLK_WATCH_SCREEN && i < G_N_ELEMENTS(of_screen); i++) {
        sigaddset(&signals, of_screen[i]);
    }
    pthread_sigmask(SIG_BLOCK, &signals, before);
    session->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A signal that was not read must not end the process before its result is printed. */
static void
restore_signals(QblkWatchSession *session, const sigset_t *before)
{
    struct signalfd_siginfo record;
    while (read(session->signal_fd, &record, sizeof(record)) > 0) {
    }
    close(session->signal_fd);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* ---- the loop ---- */

enum { OF_SIGNALS, OF_KEYS, OF_OUTPUT, FIRST_VM };

static int
shorter(int a, int b)
{
    return a < 0 || b < 0 ? MAX(a, b) : MIN(a, b);
}

static void
wait(const QblkWatchSession *session, struct pollfd *items)
{
    int timeout = qblk_watch_show_timeout(session);
    items[OF_SIGNALS] = (struct pollfd){.fd = session->signal_fd, .events = POLLIN};
    items[OF_KEYS] =
        (struct pollfd){.fd = session->screen == NULL ? -1 : STDIN_FILENO, .events = POLLIN};
    items[OF_OUTPUT] = (struct pollfd){.fd = STDOUT_FILENO}; /* an error is always reported */
    for (guint i = 0; i < session->vms->len; i++) {
        const QblkWatchVm *vm = session->vms->pdata[i];
        items[FIRST_VM + i] = (struct pollfd){
            .fd = qblk_watch_get_fd(vm->watch),
            .events = (short)qblk_watch_get_events(vm->watch),
        };
        timeout = shorter(timeout, qblk_watch_get_timeout(vm->watch));
    }

    if (poll(items, FIRST_VM + session->vms->len, timeout) < 0) {
        for (guint i = 0; i < FIRST_VM + session->vms->len; i++) {
            items[i].revents = 0;
        }
    }
}

static void
take_turn(QblkWatchSession *session, struct pollfd *items)
{
    for (guint i = 0; i < session->vms->len && !session->is_stopped; i++) {
        const QblkWatchVm *vm = session->vms->pdata[i];
        (void)qblk_watch_process(vm->watch, items[FIRST_VM + i].revents);
    }
    qblk_watch_show_update(session);
    if (session->is_stopped || all_are_over(session)) {
        return;
    }

    wait(session, items);
    if (items[OF_SIGNALS].revents != 0) {
        handle_signal(session);
    }
    /* Nothing may be printed for hours that would show that the reader of a pipe has ended. */
    gboolean has_reader = (items[OF_OUTPUT].revents & (POLLHUP | POLLERR)) == 0;
    if (!has_reader || items[OF_KEYS].revents & (POLLHUP | POLLERR | POLLNVAL)) {
        session->is_stopped = TRUE;
    } else if (items[OF_KEYS].revents != 0) {
        qblk_watch_show_keys(session);
    }
}

static gboolean
follow(QblkWatchSession *session, GError **error)
{
    g_autofree struct pollfd *items = g_new0(struct pollfd, FIRST_VM + session->vms->len);
    do {
        take_turn(session, items);
    } while (!session->is_stopped && !all_are_over(session));

    g_clear_pointer(&session->screen, qblk_watch_screen_free);
    if (session->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&session->error));
        return FALSE;
    }
    return session->is_stopped ? TRUE : conclude(session, error);
}

static QblkWatchMode
choose_mode(const QblkInvocation *invocation)
{
    const char *term = g_getenv("TERM");
    if (invocation->output.json) {
        return QBLK_WATCH_JSON;
    }
    gboolean is_screen = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 &&
                         !invocation->verbose && term != NULL && !g_str_equal(term, "dumb");
    return is_screen && qblk_watch_screen_is_possible() ? QBLK_WATCH_SCREEN : QBLK_WATCH_LINES;
}

gboolean
qblk_watch_run(QblkInvocation *invocation, const QblkWatchRunOptions *options, GError **error)
{
    sigset_t before;
    QblkWatchSession session = {
        .invocation = invocation,
        .options = options,
        .mode = choose_mode(invocation),
        .vms = g_ptr_array_new_with_free_func(free_vm),
        .view = qblk_watch_view_new(),
    };

    gboolean done = add_vms(&session, error);
    if (done) {
        block_signals(&session, &before);
        done = follow(&session, error);
        restore_signals(&session, &before);
    }
    g_ptr_array_unref(session.vms);
    qblk_watch_view_free(session.view);
    return done;
}
