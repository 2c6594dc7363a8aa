/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Ctrl-C as something to wait for.
 */
#pragma once

#include <glib.h>

typedef struct QblkInterrupt QblkInterrupt;

/** From now on SIGINT and SIGTERM do not end the process: each can be read as a
 * record, with a buffer of 256 bytes or more. */
QblkInterrupt *qblk_interrupt_new(void);

/** They end the process again; those that were not read are forgotten. */
void qblk_interrupt_free(QblkInterrupt *interrupt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkInterrupt, qblk_interrupt_free)

/** Readable when there was one; -1 where the system has no means for it. */
int qblk_interrupt_get_fd(const QblkInterrupt *interrupt);
