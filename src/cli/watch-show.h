/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What `qblk watch` shows of what happens: on a screen, in lines, or as JSON.
 */
#pragma once

#include "cli/invocation.h"
#include "cli/watch-changes.h"
#include "cli/watch-screen.h"

/** What the user wants. */
typedef struct {
    char **disks;   /* owned: of --disk, or NULL */
    gboolean waits; /* for VMs that have not started, or have ended */
} QblkWatchRunOptions;

/** How it is shown. */
typedef enum { QBLK_WATCH_LINES, QBLK_WATCH_SCREEN, QBLK_WATCH_JSON } QblkWatchMode;

typedef struct QblkWatchSession QblkWatchSession;

/** A VM that is followed. */
typedef struct {
    QblkWatchSession *session; /* borrowed */
    const char *name;          /* borrowed */
    QblkInvocation *part;      /* borrowed */
    QblkWatch *watch;          /* owned */
    QblkWatchChanges *changes; /* owned */
    QblkWatchGuest *guest;     /* borrowed from the view; its name is the one to show */
    gboolean was_connected;    /* at any time */
} QblkWatchVm;

/** All that is followed. */
struct QblkWatchSession {
    QblkInvocation *invocation;
    const QblkWatchRunOptions *options;
    QblkWatchMode mode;
    GPtrArray *vms; /* of QblkWatchVm, owned */

    QblkWatchView *view;     /* owned */
    QblkWatchScreen *screen; /* owned; NULL: not taken over yet, or none */
    QblkWatchPage page;
    gboolean is_dirty, is_resized;
    gint64 drawn_at;

    gboolean is_checked; /* --disk */
    int signal_fd;
    gboolean is_stopped;
    GError *error; /* owned: of the output or the screen */
};

/** Show what happens in @vm from now on. */
void qblk_watch_show_follow(QblkWatchVm *vm);

/** Draw the screen if something has changed, and take the terminal over when there is something to
 * show. */
void qblk_watch_show_update(QblkWatchSession *session);

/** Returns: the time until the next qblk_watch_show_update(), in milliseconds; -1: no limit */
int qblk_watch_show_timeout(const QblkWatchSession *session);

/** Do what the keys ask for that were pressed. */
void qblk_watch_show_keys(QblkWatchSession *session);
