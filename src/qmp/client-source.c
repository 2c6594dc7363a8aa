/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/const-cast.h"
#include "qmp/client.h"

typedef struct {
    GSource base;
    QblkClient *client; /* owned: a reference */
    GPollFD poll;       /* its fd is -1 while it is not added to the source */
    guint64 seen;       /* the number of things that had arrived at the last callback */
    gboolean more;      /* that callback took something and left something */
    gboolean ready;     /* the handshake was done at that callback */
} ClientSource;

static gboolean
is_due(const ClientSource *source)
{
    return source->more || qblk_client_arrived(source->client) != source->seen ||
           (qblk_client_is_ready(source->client) && !source->ready);
}

/* A client that has failed has no descriptor; after a restart it has another one. */
static void
replace_poll(ClientSource *source, int fd)
{
    if (source->poll.fd >= 0) {
        g_source_remove_poll(&source->base, &source->poll);
    }

    source->poll.fd = fd;
    source->poll.revents = 0;
    if (fd >= 0) {
        g_source_add_poll(&source->base, &source->poll);
    }
}

static void
update_poll(ClientSource *source)
{
    int fd = qblk_client_get_fd(source->client);
    if (source->poll.fd != fd) {
        replace_poll(source, fd);
    }

    source->poll.events = (gushort)qblk_client_get_events(source->client);
}

static gboolean
prepare(GSource *base, int *timeout)
{
    ClientSource *source = (ClientSource *)base;
    update_poll(source);
    *timeout = qblk_client_get_timeout(source->client);
    return is_due(source);
}

static gboolean
check_source(GSource *base)
{
    ClientSource *source = (ClientSource *)base;
    return source->poll.revents != 0 || qblk_client_get_timeout(source->client) == 0 ||
           is_due(source);
}

static gboolean
dispatch(GSource *base, GSourceFunc function, gpointer user_data)
{
    ClientSource *source = (ClientSource *)base;
    /* The results arrive as answers, events, or the error of the client. */
    if (!qblk_client_process(source->client, source->poll.revents, NULL)) {
        update_poll(source);
    }

    if (!is_due(source) || function == NULL) {
        return G_SOURCE_CONTINUE;
    }

    source->seen = qblk_client_arrived(source->client);
    source->ready = qblk_client_is_ready(source->client);
    guint64 taken = qblk_client_taken(source->client);
    gboolean result = ((QblkClientSourceFunc)(void (*)(void))function)(source->client, user_data);
    if (result == G_SOURCE_REMOVE || g_source_is_destroyed(base)) {
        return G_SOURCE_REMOVE;
    }

    source->more = qblk_client_taken(source->client) != taken &&
                   qblk_client_arrived(source->client) != qblk_client_taken(source->client);
    return G_SOURCE_CONTINUE;
}

static void
finalize(GSource *base)
{
    ClientSource *source = (ClientSource *)base;
    qblk_client_unref(source->client);
}

static const GSourceFuncs functions = {prepare, check_source, dispatch, finalize, NULL, NULL};

GSource *
qblk_client_source_new(QblkClient *client)
{
    /* GLib does not write to them. */
    GSource *base = g_source_new(qblk_const_cast(&functions), sizeof(ClientSource));
    ClientSource *source = (ClientSource *)base;
    source->client = qblk_client_ref(client);
    source->poll.fd = qblk_client_get_fd(client);
    /* Only events and replies that are still queued cause a call. */
    guint64 arrived = qblk_client_arrived(client);
    source->seen = qblk_client_taken(client) == arrived ? arrived : 0;
    source->ready = qblk_client_is_ready(client);
    if (source->poll.fd >= 0) {
        source->poll.events = (gushort)qblk_client_get_events(client);
        g_source_add_poll(base, &source->poll);
    }

    g_source_set_name(base, "qblk client");
    return base;
}

guint
qblk_client_add_watch(QblkClient *client, QblkClientSourceFunc func, gpointer user_data,
                      GDestroyNotify destroy)
{
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    g_autoptr(GSource) source = qblk_client_source_new(client);
    g_source_set_callback(source, G_SOURCE_FUNC(func), user_data, destroy);
    return g_source_attach(source, context);
}
