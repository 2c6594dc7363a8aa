/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What `qblk watch` shows, as data: guests with their disks and jobs, events, and what the user has
 * chosen.  Texts are as QEMU has them, and are escaped when they are laid out.
 */
#pragma once

#include "cli/print/terminal.h"

typedef struct {
    char *layer, *format, *size, *used, *file; /* owned; each may be NULL */
} QblkWatchLayer;

typedef struct {
    char *target;      /* owned */
    char *remark;      /* owned: "virtio, 3 layers", or why there is no chain */
    char *fingerprint; /* owned, or NULL */
    GPtrArray *layers; /* of QblkWatchLayer, owned; the active one first */
} QblkWatchDisk;

typedef struct {
    char *target;        /* owned, or NULL */
    char *text;          /* owned: "commit 'job0' is running" */
    char *error;         /* owned, or NULL */
    int percent;         /* -1: not known */
    gint64 rate;         /* bytes per second; -1: not known */
    gint64 seconds_left; /* -1: not known */
} QblkWatchJob;

typedef struct {
    char *name;       /* owned */
    char *address;    /* owned, or NULL: it is the name */
    char *status;     /* owned: "QEMU 7.2.22, running", or NULL */
    char *problem;    /* owned: why there is nothing newer, or NULL */
    gint64 retry_at;  /* when it is connected again, in microseconds of the clock of the view; -1 */
    GPtrArray *disks; /* of QblkWatchDisk, owned */
    GPtrArray *jobs;  /* of QblkWatchJob, owned */
    gconstpointer source; /* what the disks were made from, which is only compared */
} QblkWatchGuest;

typedef struct {
    char *time; /* owned: of the day */
    char *text; /* owned */
} QblkWatchEntry;

typedef enum {
    QBLK_WATCH_KEY_NONE,
    QBLK_WATCH_KEY_OTHER, /* without a meaning */
    QBLK_WATCH_KEY_QUIT,
    QBLK_WATCH_KEY_UP,
    QBLK_WATCH_KEY_DOWN,
    QBLK_WATCH_KEY_PAGE_UP,
    QBLK_WATCH_KEY_PAGE_DOWN,
    QBLK_WATCH_KEY_HOME,
    QBLK_WATCH_KEY_END,
    QBLK_WATCH_KEY_NEXT,
    QBLK_WATCH_KEY_PREVIOUS,
    QBLK_WATCH_KEY_EVENTS,
    QBLK_WATCH_KEY_PAUSE,
    QBLK_WATCH_KEY_HELP,
} QblkWatchKey;

typedef struct {
    GPtrArray *guests;  /* of QblkWatchGuest, owned */
    GPtrArray *entries; /* of QblkWatchEntry, owned: the last events, the newest at the end */
    gint64 now;         /* microseconds of any clock */
    char *time;         /* owned: of the day, or NULL */

    guint selected;        /* guest */
    guint top;             /* the first line of the guests that is shown */
    guint back;            /* how many of the newest events are below the last that is shown */
    gboolean is_selected;  /* the selected guest is to be scrolled to */
    gboolean is_on_events; /* keys scroll the events, also if the guests do not fit */
    gboolean is_paused;
    gboolean has_help;
} QblkWatchView;

/** What the last layout has found out, for keys. */
typedef struct {
    guint guest_lines, guest_height; /* all, and those that are shown */
    guint event_lines, event_height;
} QblkWatchPage;

QblkWatchView *qblk_watch_view_new(void) G_GNUC_WARN_UNUSED_RESULT;
void qblk_watch_view_free(QblkWatchView *view);

/** Add a guest without anything but its name.  Returns: (transfer none): it */
QblkWatchGuest *qblk_watch_view_add_guest(QblkWatchView *view, const char *name);

void qblk_watch_guest_set_name(QblkWatchGuest *guest, const char *name, const char *address);

QblkWatchDisk *qblk_watch_disk_new(const char *target) G_GNUC_WARN_UNUSED_RESULT;
QblkWatchLayer *qblk_watch_disk_add_layer(QblkWatchDisk *disk);
QblkWatchJob *qblk_watch_guest_add_job(QblkWatchGuest *guest);

/** The most events that are kept; the oldest ones are dropped. */
#define QBLK_WATCH_MAX_ENTRIES 1000

/** Add an event.  What is shown stays where it is if the user has scrolled back. */
void qblk_watch_view_add_entry(QblkWatchView *view, const char *time, const char *text);

/** TRUE if keys scroll the events and not the guests. */
gboolean qblk_watch_view_scrolls_events(const QblkWatchView *view, const QblkWatchPage *page);

/** Do what @key asks for, except to quit. */
void qblk_watch_view_press(QblkWatchView *view, QblkWatchKey key, const QblkWatchPage *page);
