/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A watch: code that follows a VM, as a coroutine that yields to the program while it waits.
 */
#pragma once

#include "base/coroutine.h"
#include "base/waiter.h"
#include "operation/watch-event.h"
#include "operation/watch-rates.h"
#include "operation/watch-schedule.h"
#include "qmp/client.h"

#include <qblk/watch.h>

/** What the watch waits for while the program runs. */
typedef struct {
    struct pollfd item;
    gint64 deadline; /* microseconds of the monotonic clock; -1: none */
    int result;      /* of the wait: see qblk_waiter_poll() */
} QblkWatchWait;

/** A function of the program, of any type. */
typedef void (*QblkWatchAnyFunc)(void);

/** A function of the program, with its data. */
typedef struct {
    QblkWatchAnyFunc func; /* or NULL */
    gpointer user_data;
    GDestroyNotify destroy; /* or NULL */
} QblkWatchFunction;

typedef enum {
    QBLK_WATCH_NOTICE_STATE,
    QBLK_WATCH_NOTICE_SNAPSHOT,
    QBLK_WATCH_NOTICE_PROGRESS,
    QBLK_WATCH_NOTICE_EVENT,
    QBLK_WATCH_NOTICES,
} QblkWatchNoticeKind;

/** What the program is told when the coroutine has yielded, and what its getters return then. */
typedef struct {
    QblkWatchNoticeKind kind;
    QblkWatchState state;
    guint pause;            /* seconds */
    GError *problem;        /* owned, or NULL */
    QblkSnapshot *snapshot; /* owned: a snapshot, or jobs only */
    QblkWatchEvent *event;  /* owned */
} QblkWatchNotice;

struct QblkWatch {
    gatomicrefcount references;
    char *address;             /* owned */
    QblkWatchOptions *options; /* owned */

    QblkCoroutine *coroutine; /* owned; NULL at the end */
    gboolean has_begun;
    gboolean is_processing;
    gboolean is_abandoned; /* each wait fails */
    QblkWaiter waiter;
    QblkWatchWait wait;

    /* In the coroutine. */
    QblkClient *client; /* owned; NULL: not connected */
    QblkWatchSchedule schedule;
    QblkWatchState current;  /* the state that was noticed last */
    QblkSnapshot *fetched;   /* owned: the last snapshot with nodes, or NULL */
    GHashTable *names;       /* owned: of qblk_watch_event_names(), or NULL */
    char *mark;              /* owned: of the graph, or NULL */
    gboolean has_shut_down;  /* QEMU has sent SHUTDOWN */
    gboolean cannot_be_read; /* the last fetch has failed, although QEMU responds */
    GQueue notices;          /* of QblkWatchNotice, owned */

    /* For the program: of the last notice that it got. */
    QblkWatchState state;
    guint pause;
    GError *problem;               /* owned, or NULL */
    QblkSnapshot *snapshot, *jobs; /* owned, or NULL */
    QblkWatchRates *rates;         /* owned */
    QblkWatchFunction functions[QBLK_WATCH_NOTICES];
};
