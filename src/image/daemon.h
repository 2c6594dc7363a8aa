/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The process of a private qemu-storage-daemon.
 */
#pragma once

#include <glib.h>

typedef struct {
    GPid pid;             /* 0 if it was not started, or has been waited for */
    int socket;           /* our end of its monitor; -1 once it was taken */
    int log_fd;           /* receives what it writes to its stdout and stderr; -1: none */
    gboolean is_writable; /* it has to close its images */
} QblkDaemon;

/**
 * Start the program with @arguments, with one end of a socket pair as its standard input.  So no
 * descriptor has to be passed to it under a number of its own.
 *
 * It ends with the thread that calls this: at once, or if it @is_writable after it has closed its
 * images.  One that is writable is in a session of its own: Ctrl-C ends the job first, and the
 * daemon afterwards.
 *
 * @daemon: (out): to be cleared also on error
 */
gboolean qblk_daemon_start(QblkDaemon *daemon, char **arguments, gboolean is_writable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** End the daemon: kill it, or, if it can write, let it close its images before. */
void qblk_daemon_clear(QblkDaemon *daemon);

/**
 * Wait until the daemon has ended.
 *
 * @timeout_ms: less than 0: no limit
 * @status: (out): as waitpid() sets it
 *
 * Returns: FALSE if it still runs
 */
gboolean qblk_daemon_wait(QblkDaemon *daemon, int timeout_ms,
                          int *status) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the number of bytes that it has written so far. */
gint64 qblk_daemon_get_log_size(const QblkDaemon *daemon);

/** Returns: (transfer full): what it has written after the first @begin bytes; of a long text the
 * end */
char *qblk_daemon_read_log(const QblkDaemon *daemon, gint64 begin) G_GNUC_WARN_UNUSED_RESULT;
