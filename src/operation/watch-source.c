/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A watch in GLib's main loop. */
#include "base/const-cast.h"

#include <qblk/watch.h>

typedef struct {
    GSource base;
    QblkWatch *watch; /* owned: a reference */
    GPollFD poll;     /* its fd is -1 while it is not added to the source */
} WatchSource;

static void
update_poll(WatchSource *source)
{
    int fd = qblk_watch_get_fd(source->watch);
    if (fd != source->poll.fd && source->poll.fd >= 0) {
        g_source_remove_poll(&source->base, &source->poll);
    }
    if (fd != source->poll.fd && fd >= 0) {
        source->poll.fd = fd;
        g_source_add_poll(&source->base, &source->poll);
    }

    source->poll.fd = fd;
    source->poll.events = (gushort)qblk_watch_get_events(source->watch);
    source->poll.revents = 0;
}

static gboolean
is_due(const WatchSource *source)
{
    return qblk_watch_get_state(source->watch) == QBLK_WATCH_STATE_ENDED ||
           qblk_watch_get_timeout(source->watch) == 0;
}

static gboolean
prepare(GSource *base, int *timeout)
{
    WatchSource *source = (WatchSource *)base;
    update_poll(source);
    *timeout = qblk_watch_get_timeout(source->watch);
    return is_due(source);
}

static gboolean
check_source(GSource *base)
{
    const WatchSource *source = (WatchSource *)base;
    return source->poll.revents != 0 || is_due(source);
}

static gboolean
dispatch(GSource *base, GSourceFunc function, gpointer user_data)
{
    WatchSource *source = (WatchSource *)base;
    return qblk_watch_process(source->watch, source->poll.revents);
}

static void
finalize(GSource *base)
{
    WatchSource *source = (WatchSource *)base;
    qblk_watch_unref(source->watch);
}

static const GSourceFuncs functions = {prepare, check_source, dispatch, finalize, NULL, NULL};

GSource *
qblk_watch_source_new(QblkWatch *watch)
{
    /* GLib does not write to them. */
    GSource *base = g_source_new(qblk_const_cast(&functions), sizeof(WatchSource));
    WatchSource *source = (WatchSource *)base;
    source->watch = qblk_watch_ref(watch);
    source->poll.fd = -1;
    g_source_set_name(base, "qblk watch");
    return base;
}

guint
qblk_watch_attach(QblkWatch *watch)
{
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    g_autoptr(GSource) source = qblk_watch_source_new(watch);
    return g_source_attach(source, context);
}
