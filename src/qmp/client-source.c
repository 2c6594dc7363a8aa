/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/const-cast.h"
#include "qmp/client.h"

typedef struct {
    GSource base;
    QblkClient *client; /* borrowed */
    GPollFD poll;       /* its fd is -1 while it is not in the source */
    guint64 seen;       /* what had arrived when the callback was last called */
    gboolean more;      /* the callback took something then and left something */
} ClientSource;

static gboolean
is_due(const ClientSource *source)
{
    return source->more || qblk_client_arrived(source->client) != source->seen;
}

/* A client that has failed has no descriptor, and one that is connected again has another one. */
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
follow_client(ClientSource *source)
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
    follow_client(source);
    *timeout = qblk_client_get_timeout(source->client);
    return is_due(source);
}

static gboolean
check(GSource *base)
{
    ClientSource *source = (ClientSource *)base;
    return source->poll.revents != 0 || qblk_client_get_timeout(source->client) == 0 ||
           is_due(source);
}

static gboolean
dispatch(GSource *base, GSourceFunc function, gpointer user_data)
{
    ClientSource *source = (ClientSource *)base;
    /* What the process makes of it arrives as answers, events or the client's error. */
    if (!qblk_client_process(source->client, source->poll.revents, NULL)) {
        follow_client(source);
    }
    if (!is_due(source) || function == NULL) {
        return G_SOURCE_CONTINUE;
    }
    source->seen = qblk_client_arrived(source->client);
    guint64 taken = qblk_client_taken(source->client);
    gboolean result = ((QblkClientSourceFunc)(void (*)(void))function)(source->client, user_data);
    if (result == G_SOURCE_REMOVE || g_source_is_destroyed(base)) {
        return G_SOURCE_REMOVE;
    }
    source->more = qblk_client_taken(source->client) != taken &&
                   qblk_client_arrived(source->client) != qblk_client_taken(source->client);
    return G_SOURCE_CONTINUE;
}

static const GSourceFuncs functions = {prepare, check, dispatch, NULL, NULL, NULL};

GSource *
qblk_client_source_new(QblkClient *client)
{
    /* GLib does not write to them. */
    GSource *base = g_source_new(qblk_const_cast(&functions), sizeof(ClientSource));
    ClientSource *source = (ClientSource *)base;
    source->client = client;
    source->poll.fd = qblk_client_get_fd(client);
    /* What was taken before needs no call; anything left does. */
    guint64 arrived = qblk_client_arrived(client);
    source->seen = qblk_client_taken(client) == arrived ? arrived : 0;
    if (source->poll.fd >= 0) {
        source->poll.events = (gushort)qblk_client_get_events(client);
        g_source_add_poll(base, &source->poll);
    }
    g_source_set_name(base, "qblk client");
    return base;
}
