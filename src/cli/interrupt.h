/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Ctrl-C as a descriptor to wait for, and operations that it stops.
 */
#pragma once

#include <qblk/operation.h>
#include <signal.h>

typedef struct QblkInterrupt QblkInterrupt;

/** Set @signals to those that end a command: SIGINT, SIGTERM, and SIGHUP unless it is ignored. */
void qblk_interrupt_get_signals(sigset_t *signals);

/**
 * Block the signals that end a command: they do not end the process until the object is freed.
 *
 * Returns: (transfer full): the object
 */
QblkInterrupt *qblk_interrupt_new(void);

/** Drop the signals that were not read, and unblock the signals. */
void qblk_interrupt_free(QblkInterrupt *interrupt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkInterrupt, qblk_interrupt_free)

/**
 * Returns: (transfer none): a descriptor that is readable after a signal, with a record for each
 * signal; read it with a buffer of at least 256 bytes.  -1 if the system does not support it.
 */
int qblk_interrupt_get_fd(const QblkInterrupt *interrupt);

/**
 * Wait once for @operation, and for Ctrl-C: the first one cancels it, the second one detaches, but
 * a SIGHUP only cancels.  The events of @client are dropped, because too many of them would end the
 * connection.
 *
 * @interrupt: (nullable)
 * @client: (nullable): of @operation
 *
 * Returns: the events for qblk_operation_process()
 */
int qblk_interrupt_wait(QblkInterrupt *interrupt, QblkOperation *operation, QblkClient *client);

/**
 * Run @operation to its end, or until Ctrl-C stops it, by qblk_interrupt_wait().
 */
void qblk_interrupt_run(QblkInterrupt *interrupt, QblkOperation *operation, QblkClient *client);
