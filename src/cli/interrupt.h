/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Ctrl-C as a descriptor to wait for.
 */
#pragma once

#include <glib.h>

typedef struct QblkInterrupt QblkInterrupt;

/**
 * Block SIGINT and SIGTERM: they do not end the process until the object is freed.
 *
 * Returns: (transfer full): the object
 */
QblkInterrupt *qblk_interrupt_new(void);

/** Drop the signals that were not read, and unblock both signals. */
void qblk_interrupt_free(QblkInterrupt *interrupt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkInterrupt, qblk_interrupt_free)

/**
 * Returns: (transfer none): a descriptor that is readable after a signal, with a record for each
 * signal; read it with a buffer of at least 256 bytes.  -1 if the system does not support it.
 */
int qblk_interrupt_get_fd(const QblkInterrupt *interrupt);
