/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct QblkInterrupt {
    int fd;
    sigset_t before; /* the signals that were blocked before */
    guint count;     /* of signals that were read */
};

void
qblk_interrupt_get_signals(sigset_t *signals)
{
    struct sigaction hangup;

    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);

    /* A signal that is blocked is not ignored any longer, as nohup asks for. */
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
        sigaddset(signals, SIGHUP);
    }
}

QblkInterrupt *
qblk_interrupt_new(void)
{
    QblkInterrupt *interrupt = g_new0(QblkInterrupt, 1);
    sigset_t signals;

    qblk_interrupt_get_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, &interrupt->before);

    interrupt->fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return interrupt;
}

void
qblk_interrupt_free(QblkInterrupt *interrupt)
{
    struct signalfd_siginfo record;

    /* A signal that was not read was too late to stop an operation.  It must not end the process
     * before the result is printed. */
    if (interrupt->fd >= 0) {
        while (read(interrupt->fd, &record, sizeof(record)) > 0) {
        }
        close(interrupt->fd);
    }

    pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
    g_free(interrupt);
}

/* Each signal is one record. */
static void
read_signal(QblkInterrupt *interrupt, QblkOperation *operation)
{
    struct signalfd_siginfo record;
    if (read(interrupt->fd, &record, sizeof(record)) <= 0) {
        return;
    }

    /* At the end of a terminal the kernel and the shell send one SIGHUP each. */
    if (interrupt->count == 0) {
        qblk_operation_cancel(operation);
    } else if (record.ssi_signo != SIGHUP) {
        qblk_operation_detach(operation);
    }
    interrupt->count++;
}

/* Too many events that are kept would end the connection. */
static void
drop_events(QblkClient *client)
{
    for (;;) {
        g_autofree char *event = client == NULL ? NULL : qblk_client_take_event(client);
        if (event == NULL) {
            return;
        }
    }
}

int
qblk_interrupt_wait(QblkInterrupt *interrupt, QblkOperation *operation, QblkClient *client)
{
    drop_events(client);

    struct pollfd items[] = {
        {qblk_operation_get_fd(operation), (short)qblk_operation_get_events(operation), 0},
        {interrupt == NULL ? -1 : interrupt->fd, POLLIN, 0},
    };
    if (poll(items, G_N_ELEMENTS(items), qblk_operation_get_timeout(operation)) <= 0) {
        return 0;
    }

    if (items[1].revents != 0) {
        read_signal(interrupt, operation);
    }
    return items[0].revents;
}

void
qblk_interrupt_run(QblkInterrupt *interrupt, QblkOperation *operation, QblkClient *client)
{
    int revents;
    do {
        revents = qblk_interrupt_wait(interrupt, operation, client);
    } while (qblk_operation_process(operation, revents));
}

int
qblk_interrupt_get_fd(const QblkInterrupt *interrupt)
{
    return interrupt->fd;
}
