/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Processes of this machine, as /proc shows them.
 */
#pragma once

#include "base/file-identity.h"

/**
 * The process at the other end of the socket @fd, 0 where it is not on this machine or not known.
 * It is the one that listens: QEMU itself, or whatever passes on to it.
 */
gint64 qblk_process_behind(int fd);

/** "process 12 (qemu-nbd)". */
char *qblk_process_describe(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/**
 * What the process has open, of QblkFileIdentity; whichever names it knows the files by, and
 * wherever it sees them.  QBLK_BLOCKJOB_ERROR_REFUSED where it may not be looked at, or @pid is 0.
 */
GArray *qblk_process_files(gint64 pid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @file is one of @files. */
gboolean qblk_process_has(const GArray *files, const QblkFileIdentity *file);
