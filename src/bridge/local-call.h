/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A command of the bridge that is executed, and what all of them share.
 */
#pragma once

#include "bridge/local-arguments.h"
#include "bridge/worker.h"

#include <qblk/snapshot-options.h>

typedef struct QblkLocal QblkLocal;

struct QblkLocal {
    QblkMux *mux;                          /* borrowed */
    QblkWorkers *workers;                  /* borrowed */
    QblkAddress *address;                  /* owned: of the monitor, absolute */
    char *full;                            /* owned (nullable) */
    char *state_directory;                 /* owned (nullable) */
    QblkSnapshotOptions *snapshot_options; /* owned (nullable) */
    gint64 pid, start;                     /* of QEMU, as the kernel shows it; 0: not known */

    GQueue operations;    /* of QblkLocalOperation, owned; the oldest first */
    guint last_operation; /* the number of the last one */

    GHashTable *subscribers;  /* set of QblkMuxClient, borrowed: of qblk-subscribe */
    GHashTable *fingerprints; /* owned: target -> fingerprint, as the subscribers know them; NULL:
                                 none were read */
    QblkWorker *watcher;      /* borrowed: reads the fingerprints again; NULL: it does not run */
    gboolean is_changed;      /* a chain may have changed since they were read */
    gint64 next_read;         /* not before this time of the monotonic clock, in microseconds */
};

typedef struct QblkLocalCommand QblkLocalCommand;

/** One command that is executed. */
typedef struct {
    QblkLocal *local;                /* borrowed */
    const QblkLocalCommand *command; /* borrowed */
    QblkMuxRequest *request;         /* borrowed; NULL: it was answered */
    QblkWorker *worker;              /* borrowed; NULL: it is immediate */
    gpointer arguments;              /* owned: as of the table */
} QblkLocalCall;

/** Execute a command.  Returns: (transfer full) (nullable): what it returns; NULL with an error, or
 * if it has answered the request itself */
typedef QblkJson *(*QblkLocalFunc)(QblkLocalCall *call, GError **error);

struct QblkLocalCommand {
    const char *name;
    gboolean is_read_only;                 /* clients that only read may execute it */
    gboolean is_immediate;                 /* it waits for nothing */
    const QblkLocalMember *const *members; /* (array zero-terminated=1): of its arguments; NULL: it
                                              reads them itself */
    gsize size;                            /* of the struct of its arguments */
    QblkLocalFunc execute;
};

/** Returns: (transfer none): the client of the worker, which stands for the monitor itself: its
 * address and its process are those of QEMU.  NULL with QBLK_QMP_ERROR */
QblkClient *qblk_local_call_client(const QblkLocalCall *call,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the graph of the VM; NULL with an error */
QblkSnapshot *qblk_local_call_fetch(const QblkLocalCall *call,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Answer the request before the end of the call. @value: (transfer full) */
void qblk_local_call_return(QblkLocalCall *call, QblkJson *value);

/** Returns: (transfer full): the command that recovers what is left of @vm, a VM argument */
char *qblk_local_call_recovery(const QblkLocal *local, const char *vm) G_GNUC_WARN_UNUSED_RESULT;

/** Send an event of the bridge.
 *
 * @clients: (nullable): set of QblkMuxClient; NULL: all clients
 * @data: (transfer full)
 */
void qblk_local_send_event(const QblkLocal *local, GHashTable *clients, const char *name,
                           QblkJson *data);

/** Returns: the class of the error of QMP for @error */
const char *qblk_local_error_class(const GError *error);

/** Returns: (transfer full): the error of QMP for @error: "class" and "desc" */
QblkJson *qblk_local_error_json(const GError *error) G_GNUC_WARN_UNUSED_RESULT;

/** The table of a command without arguments. */
extern const QblkLocalMember *const qblk_local_members_none[];
