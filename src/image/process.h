/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Processes of this machine, as /proc shows them.
 */
#pragma once

#include "base/file-identity.h"

/**
 * Find the process at the other end of the socket @fd.  It is the one that listens: QEMU itself, or
 * a proxy in front of it.
 *
 * Returns: its pid; 0 if it is not on this machine or not known
 */
gint64 qblk_process_behind(int fd);

/** Returns: (transfer full): "process 12 (qemu-nbd)" */
char *qblk_process_describe(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/**
 * List the files that the process @pid has open, independent of their names and of its mounts.
 *
 * Returns: (transfer full): of QblkFileIdentity; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if the
 * process may not be inspected or @pid is 0
 */
GArray *qblk_process_files(gint64 pid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** TRUE if @file is one of @files, of QblkFileIdentity. */
gboolean qblk_process_has(const GArray *files, const QblkFileIdentity *file);
