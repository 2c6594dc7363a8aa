/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Commands of clients that crash certain versions of QEMU at certain times: a table of what to look
 * at before QEMU gets them.  The crashes are those of plan/crash-guard.h and graph/job.h.
 */
#pragma once

#include "bridge/job-table.h"
#include "bridge/mux.h"
#include "qmp/client.h"

typedef struct QblkGuard QblkGuard;

QblkGuard *qblk_guard_new(void);
void qblk_guard_free(QblkGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkGuard, qblk_guard_free)

/** Begin with the QEMU of this greeting, of which nothing else is known. @greeting: (nullable) */
void qblk_guard_begin(QblkGuard *guard, const QblkJson *greeting);

/** For the hooks of the mux with the same names. */
void qblk_guard_event(QblkGuard *guard, const QblkJson *event);
void qblk_guard_changed(QblkGuard *guard, const char *command);

/** Returns: the number of events of jobs so far */
guint64 qblk_guard_events(const QblkGuard *guard);

/** Returns: TRUE if @command, perhaps depending on its arguments, crashes some versions of QEMU at
 * certain times */
gboolean qblk_guard_knows(const char *command);

/** A command of a client. */
typedef struct {
    const char *command;
    const QblkJson *arguments; /* (nullable) */
} QblkGuarded;

/** Returns: TRUE if @guarded may crash this QEMU */
gboolean qblk_guard_wants(const QblkGuard *guard, const QblkGuarded *guarded);

/**
 * Look if this QEMU survives a command now, and if no other command that may change something is
 * executed before it.
 *
 * @client: for queries
 *
 * Returns: TRUE, or FALSE with the reason: QBLK_GRAPH_ERROR_UNSAFE if it may be safe once a job has
 * ended
 */
gboolean qblk_guard_check(QblkGuard *guard, QblkClient *client, const QblkGuarded *guarded,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Note that QEMU gets a command now. */
void qblk_guard_note(QblkGuard *guard, const QblkGuarded *guarded);

/** Returns: TRUE if the outcome of a command has to be known, even if its client goes away: it is
 * to be sent by qblk_guard_send() */
gboolean qblk_guard_follows(const QblkGuard *guard, const QblkGuarded *guarded);

/** Send @request, which is @guarded, with @client, and answer it as QEMU does. */
void qblk_guard_send(QblkGuard *guard, QblkClient *client, QblkMuxRequest *request,
                     const QblkGuarded *guarded);
