/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A watch in GLib's main loop. */
#include "operation/turn-source.h"

#include <qblk/watch.h>

static int
get_fd(gpointer watch)
{
    return qblk_watch_get_fd(watch);
}

static int
get_events(gpointer watch)
{
    return qblk_watch_get_events(watch);
}

static int
get_timeout(gpointer watch)
{
    return qblk_watch_get_timeout(watch);
}

static gboolean
is_over(gpointer watch)
{
    return qblk_watch_get_state(watch) == QBLK_WATCH_STATE_ENDED;
}

static gboolean
process(gpointer watch, int revents)
{
    return qblk_watch_process(watch, revents);
}

static void
unref(gpointer watch)
{
    qblk_watch_unref(watch);
}

static const QblkTurnSourceType type = {
    "qblk watch", get_fd, get_events, get_timeout, is_over, process, unref, NULL,
};

GSource *
qblk_watch_source_new(QblkWatch *watch)
{
    return qblk_turn_source_new(&type, qblk_watch_ref(watch));
}

guint
qblk_watch_attach(QblkWatch *watch)
{
    return qblk_turn_source_attach(&type, qblk_watch_ref(watch), NULL, NULL, NULL);
}
