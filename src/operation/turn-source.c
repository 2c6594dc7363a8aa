/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/turn-source.h"

#include "base/const-cast.h"

typedef struct {
    GSource base;
    const QblkTurnSourceType *type;
    gpointer object; /* owned: a reference */
    GPollFD poll;    /* its fd is -1 while it is not added to the source */
} TurnSource;

static void
update_poll(TurnSource *source)
{
    int fd = source->type->get_fd(source->object);
    if (fd != source->poll.fd && source->poll.fd >= 0) {
        g_source_remove_poll(&source->base, &source->poll);
    }
    if (fd != source->poll.fd && fd >= 0) {
        source->poll.fd = fd;
        g_source_add_poll(&source->base, &source->poll);
    }

    source->poll.fd = fd;
    source->poll.events = (gushort)source->type->get_events(source->object);
    source->poll.revents = 0;
}

static gboolean
is_due(const TurnSource *source)
{
    return source->type->is_over(source->object) || source->type->get_timeout(source->object) == 0;
}

static gboolean
prepare(GSource *base, int *timeout)
{
    TurnSource *source = (TurnSource *)base;
    update_poll(source);
    *timeout = source->type->get_timeout(source->object);
    return is_due(source);
}

static gboolean
check_source(GSource *base)
{
    const TurnSource *source = (TurnSource *)base;
    return source->poll.revents != 0 || is_due(source);
}

static gboolean
dispatch(GSource *base, GSourceFunc function, gpointer user_data)
{
    TurnSource *source = (TurnSource *)base;
    if (source->type->process(source->object, source->poll.revents)) {
        return G_SOURCE_CONTINUE;
    }

    gboolean is_wanted = function != NULL && !g_source_is_destroyed(base);
    if (is_wanted && source->type->conclude != NULL) {
        source->type->conclude(source->object, function, user_data);
    }
    return G_SOURCE_REMOVE;
}

static void
finalize(GSource *base)
{
    TurnSource *source = (TurnSource *)base;
    source->type->unref(source->object);
}

static const GSourceFuncs functions = {prepare, check_source, dispatch, finalize, NULL, NULL};

GSource *
qblk_turn_source_new(const QblkTurnSourceType *type, gpointer object)
{
    /* GLib does not write to them. */
    GSource *base = g_source_new(qblk_const_cast(&functions), sizeof(TurnSource));
    TurnSource *source = (TurnSource *)base;
    source->type = type;
    source->object = object;
    source->poll.fd = -1;
    g_source_set_name(base, type->name);
    return base;
}

guint
qblk_turn_source_attach(const QblkTurnSourceType *type, gpointer object, GSourceFunc function,
                        gpointer user_data, GDestroyNotify destroy)
{
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    g_autoptr(GSource) source = qblk_turn_source_new(type, object);
    g_source_set_callback(source, function, user_data, destroy);
    return g_source_attach(source, context);
}
