/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The data of a bridge, which its files share.
 */
#pragma once

#include "bridge/bridge-options.h"
#include "bridge/connection.h"
#include "bridge/decide.h"
#include "bridge/listener.h"
#include "bridge/local.h"
#include "bridge/loop.h"
#include "bridge/qemu-link.h"
#include "bridge/worker-wait.h"

#include <qblk/bridge.h>

typedef enum {
    QBLK_BRIDGE_IDLE,       /* it was not processed yet */
    QBLK_BRIDGE_CONNECTING, /* QEMU does not accept commands yet */
    QBLK_BRIDGE_SERVING,
    QBLK_BRIDGE_CLOSING, /* the last output is sent to all clients, then they are closed */
    QBLK_BRIDGE_ENDED,
} QblkBridgePhase;

/** Where clients connect. */
typedef struct {
    QblkBridge *bridge;     /* borrowed */
    QblkListener *listener; /* owned */
    QblkLoopSource source;
    QblkAccess access;
} QblkEntrance;

/** A connected client, or a worker. */
typedef struct {
    QblkConnection *connection; /* owned */
    QblkAccess access;
    guint number;     /* of all clients, from 1; 0: a worker */
    gboolean is_main; /* the bridge ends with it */
} QblkBridgeClient;

struct QblkBridge {
    gatomicrefcount references;
    QblkAddress *address;
    QblkBridgeOptions *options;

    QblkLoop loop;
    QblkPolicy *policy;
    QblkMux *mux;
    QblkWorkers *workers;
    QblkWorkerWait wait;
    QblkLocal *local;
    QblkDecider *decider;
    QblkQemuLink *link; /* NULL before the first one */

    GPtrArray *entrances; /* of QblkEntrance, owned */
    GPtrArray *clients;   /* of QblkBridgeClient, owned */
    guint client_count;   /* so far */
    gint64 accept_after;  /* no descriptors were left; -1: accept clients */

    QblkBridgePhase phase;
    gboolean was_ready;      /* the last link had a QEMU that accepts commands */
    gboolean has_told_ready; /* the service manager */
    gboolean has_told_wait;  /* that QEMU is waited for */
    gboolean is_over;        /* it ends after QBLK_BRIDGE_CLOSING */
    int pause_ms;            /* before the next link connects */
    guint stop_count;        /* calls of qblk_bridge_stop() */
    gint64 stop_deadline;    /* of operations; -1: it was not stopped */
    gint64 close_deadline;   /* of QBLK_BRIDGE_CLOSING */
    gboolean is_ready;       /* there is something to do without waiting */
    gint64 wake_at;          /* the first time at which something has to be done; -1: none */
    GError *error;           /* owned: the result */

    QblkMessageLog *log; /* owned, or NULL */
    gpointer log_data;
    GDestroyNotify log_destroy;
    QblkBridgeNotice notice;
    gpointer notice_data;
    GDestroyNotify notice_destroy;
};

/* ---- bridge-notice.c ---- */

void qblk_bridge_clear_notices(QblkBridge *bridge);

/** Tell the program, as printf(). */
void qblk_bridge_tell(QblkBridge *bridge, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Tell the service manager. */
void qblk_bridge_notify(const QblkBridge *bridge, const char *message);

/* ---- bridge-clients.c ---- */

/** Listen at @listener. (transfer full) */
void qblk_bridge_add_entrance(QblkBridge *bridge, QblkListener *listener, QblkAccess access);

/** Tell the program where clients can connect. */
void qblk_bridge_tell_entrances(QblkBridge *bridge);

/** Add a client with these descriptors. (transfer full) */
QblkBridgeClient *qblk_bridge_add_connection(QblkBridge *bridge, int in, int out,
                                             QblkAccess access);
void qblk_bridge_client_free(QblkBridgeClient *client);
void qblk_bridge_entrance_free(QblkEntrance *entrance);

/** Read from the clients that the loop does not read from. */
void qblk_bridge_poll_clients(QblkBridge *bridge);

/** Send to all clients what there is.  Returns: TRUE if bytes were sent */
gboolean qblk_bridge_flush_clients(QblkBridge *bridge);

/** Free the clients that have ended, and stop the bridge if it ends with them. */
void qblk_bridge_sweep_clients(QblkBridge *bridge);

/** Wait for what is possible now; accept clients unless it is too early.  Returns: TRUE if a client
 * is ready without waiting */
gboolean qblk_bridge_wait_for_clients(QblkBridge *bridge, gint64 now);

/** Returns: TRUE if a client is connected, except workers */
gboolean qblk_bridge_has_clients(const QblkBridge *bridge);

/** For QblkWorkerLoop. */
int qblk_bridge_open_internal(QblkAccess access, gpointer user_data);
void qblk_bridge_workers_changed(gpointer user_data);

/* ---- bridge-requests.c ---- */

/** The hooks of the mux. */
extern const QblkMuxHooks qblk_bridge_hooks;

/** The mux and the workers exist; the workers end before the second call. */
void qblk_bridge_requests_init(QblkBridge *bridge);
void qblk_bridge_requests_clear(QblkBridge *bridge);

/** Returns: the number of operations that must not be interrupted */
guint qblk_bridge_count_operations(const QblkBridge *bridge);

/** Operations are about to be interrupted by the end of QEMU or of the bridge, and how to recover
 * those that have left journals (transfer full) (nullable). */
void qblk_bridge_interrupt_operations(QblkBridge *bridge, gboolean qemu_ends);
char *qblk_bridge_take_left(QblkBridge *bridge);

/** QEMU is connected, and its end. */
void qblk_bridge_requests_connected(QblkBridge *bridge, int fd);
void qblk_bridge_requests_disconnected(QblkBridge *bridge);

/** @client is about to be removed. */
void qblk_bridge_requests_forget(QblkBridge *bridge, const QblkMuxClient *client);
