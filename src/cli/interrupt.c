/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct QblkInterrupt {
    int fd;
    sigset_t before; /* the signals that were blocked before */
};

QblkInterrupt *
qblk_interrupt_new(void)
{
    QblkInterrupt *interrupt = g_new0(QblkInterrupt, 1);
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
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

int
qblk_interrupt_get_fd(const QblkInterrupt *interrupt)
{
    return interrupt->fd;
}
