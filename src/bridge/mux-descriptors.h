/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The descriptors that a client has sent, until a command takes one.
 */
#pragma once

#include <glib.h>

/** Begins all zero; nothing is allocated while it is empty. */
typedef struct {
    GArray *items; /* owned, or NULL */
} QblkMuxDescriptors;

/** @fd: -1: nothing is closed */
void qblk_mux_descriptor_close(int fd);

/**
 * Keep the first of @fds, which QEMU takes of several, and close the others.
 *
 * @end: of the byte that they came with, in the stream of the client
 */
void qblk_mux_descriptors_keep(QblkMuxDescriptors *descriptors, const int *fds, gsize fd_count,
                               guint64 end);

/**
 * Returns: (transfer full): the last one that came with a byte before @end, the end of a command,
 * as QEMU keeps no other one; those before it are closed; -1 if no descriptor was sent
 */
int qblk_mux_descriptors_take(QblkMuxDescriptors *descriptors,
                              guint64 end) G_GNUC_WARN_UNUSED_RESULT;

/** Close all. */
void qblk_mux_descriptors_clear(QblkMuxDescriptors *descriptors);
