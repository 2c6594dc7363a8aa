/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-view.h"

/* ---- guests ---- */

static void
free_layer(gpointer data)
{
    QblkWatchLayer *layer = data;
    g_free(layer->layer);
    g_free(layer->format);
    g_free(layer->size);
    g_free(layer->used);
    g_free(layer->file);
    g_free(layer);
}

static void
free_disk(gpointer data)
{
    QblkWatchDisk *disk = data;
    g_free(disk->target);
    g_free(disk->remark);
    g_free(disk->fingerprint);
    g_ptr_array_unref(disk->layers);
    g_free(disk);
}

static void
free_job(gpointer data)
{
    QblkWatchJob *job = data;
    g_free(job->target);
    g_free(job->text);
    g_free(job->error);
    g_free(job);
}

static void
free_guest(gpointer data)
{
    QblkWatchGuest *guest = data;
    g_free(guest->name);
    g_free(guest->address);
    g_free(guest->status);
    g_free(guest->problem);
    g_ptr_array_unref(guest->disks);
    g_ptr_array_unref(guest->jobs);
    g_free(guest);
}

QblkWatchGuest *
qblk_watch_view_add_guest(QblkWatchView *view, const char *name)
{
    QblkWatchGuest *guest = g_new0(QblkWatchGuest, 1);
    guest->name = g_strdup(name);
    guest->retry_at = -1;
    guest->disks = g_ptr_array_new_with_free_func(free_disk);
    guest->jobs = g_ptr_array_new_with_free_func(free_job);
    g_ptr_array_add(view->guests, guest);
    return guest;
}

void
qblk_watch_guest_set_name(QblkWatchGuest *guest, const char *name, const char *address)
{
    g_free(guest->name);
    guest->name = g_strdup(name);
    g_free(guest->address);
    guest->address = g_strdup(address);
}

QblkWatchDisk *
qblk_watch_disk_new(const char *target)
{
    QblkWatchDisk *disk = g_new0(QblkWatchDisk, 1);
    disk->target = g_strdup(target);
    disk->layers = g_ptr_array_new_with_free_func(free_layer);
    return disk;
}

QblkWatchLayer *
qblk_watch_disk_add_layer(QblkWatchDisk *disk)
{
    QblkWatchLayer *layer = g_new0(QblkWatchLayer, 1);
    g_ptr_array_add(disk->layers, layer);
    return layer;
}

QblkWatchJob *
qblk_watch_guest_add_job(QblkWatchGuest *guest)
{
    QblkWatchJob *job = g_new0(QblkWatchJob, 1);
    job->percent = -1;
    job->rate = -1;
    job->seconds_left = -1;
    g_ptr_array_add(guest->jobs, job);
    return job;
}

/* ---- events ---- */

static void
free_entry(gpointer data)
{
    QblkWatchEntry *entry = data;
    g_free(entry->time);
    g_free(entry->text);
    g_free(entry);
}

void
qblk_watch_view_add_entry(QblkWatchView *view, const char *time, const char *text)
{
    QblkWatchEntry *entry = g_new(QblkWatchEntry, 1);
    entry->time = g_strdup(time);
    entry->text = g_strdup(text);
    g_ptr_array_add(view->entries, entry);

    if (view->entries->len > QBLK_WATCH_MAX_ENTRIES) {
        g_ptr_array_remove_index(view->entries, 0);
    }
    if (view->back > 0) {
        view->back = MIN(view->back + 1, view->entries->len);
    }
}

/* ---- the view ---- */

QblkWatchView *
qblk_watch_view_new(void)
{
    QblkWatchView *view = g_new0(QblkWatchView, 1);
    view->guests = g_ptr_array_new_with_free_func(free_guest);
    view->entries = g_ptr_array_new_with_free_func(free_entry);
    return view;
}

void
qblk_watch_view_free(QblkWatchView *view)
{
    g_ptr_array_unref(view->guests);
    g_ptr_array_unref(view->entries);
    g_free(view->time);
    g_free(view);
}

/* ---- keys ---- */

gboolean
qblk_watch_view_scrolls_events(const QblkWatchView *view, const QblkWatchPage *page)
{
    return view->is_on_events || page->guest_lines <= page->guest_height;
}

/* Returns: @position + @change lines, from 0 to @max */
static guint
move(guint position, gint64 change, guint max)
{
    return (guint)CLAMP((gint64)position + change, 0, (gint64)max);
}

/* @change: in lines towards the end */
static void
scroll(QblkWatchView *view, gint64 change, const QblkWatchPage *page)
{
    guint hidden_events =
        page->event_lines > page->event_height ? page->event_lines - page->event_height : 0;
    guint hidden_lines =
        page->guest_lines > page->guest_height ? page->guest_lines - page->guest_height : 0;

    if (qblk_watch_view_scrolls_events(view, page)) {
        view->back = move(view->back, -change, hidden_events);
    } else {
        view->top = move(view->top, change, hidden_lines);
        view->is_selected = FALSE;
    }
}

static void
select_guest(QblkWatchView *view, guint steps)
{
    if (view->guests->len > 0) {
        view->selected = (view->selected + steps) % view->guests->len;
        view->is_selected = TRUE;
    }
}

void
qblk_watch_view_press(QblkWatchView *view, QblkWatchKey key, const QblkWatchPage *page)
{
    gboolean is_on_events = qblk_watch_view_scrolls_events(view, page);
    gint64 height = is_on_events ? page->event_height : page->guest_height;
    gint64 page_lines = MAX(height - 1, 1);

    /* Any key leaves the help. */
    if (view->has_help) {
        view->has_help = FALSE;
        return;
    }

    switch (key) {
    case QBLK_WATCH_KEY_UP:
        scroll(view, -1, page);
        break;
    case QBLK_WATCH_KEY_DOWN:
        scroll(view, 1, page);
        break;
    case QBLK_WATCH_KEY_PAGE_UP:
        scroll(view, -page_lines, page);
        break;
    case QBLK_WATCH_KEY_PAGE_DOWN:
        scroll(view, page_lines, page);
        break;
    case QBLK_WATCH_KEY_HOME:
        scroll(view, -(gint64)G_MAXINT, page);
        break;
    case QBLK_WATCH_KEY_END:
        scroll(view, G_MAXINT, page);
        break;
    case QBLK_WATCH_KEY_NEXT:
        select_guest(view, 1);
        break;
    case QBLK_WATCH_KEY_PREVIOUS:
        select_guest(view, view->guests->len > 0 ? view->guests->len - 1 : 0);
        break;
    case QBLK_WATCH_KEY_EVENTS:
        view->is_on_events = !view->is_on_events;
        break;
    case QBLK_WATCH_KEY_PAUSE:
        view->is_paused = !view->is_paused;
        break;
    case QBLK_WATCH_KEY_HELP:
        view->has_help = TRUE;
        break;
    case QBLK_WATCH_KEY_NONE:
    case QBLK_WATCH_KEY_OTHER:
    case QBLK_WATCH_KEY_QUIT:
        break;
    }
}
