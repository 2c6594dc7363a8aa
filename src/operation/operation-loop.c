/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/const-cast.h"
#include "base/waiter.h"
#include "operation/operation-data.h"
#include "qmp/client.h"

#include <qblk/operation.h>

/* ---- with poll() ---- */

gboolean
qblk_operation_run(QblkOperation *operation, GError **error)
{
    struct pollfd item = {.fd = -1};
    int revents = 0;
    if (operation->is_processing) {
        return qblk_operation_get_result(operation, error);
    }

    if (operation->coroutine != NULL && operation->client != NULL) {
        qblk_client_drive(operation->client, TRUE, TRUE);
    }
    while (qblk_operation_process(operation, revents)) {
        item.fd = qblk_operation_get_fd(operation);
        item.events = (short)qblk_operation_get_events(operation);
        int ready = qblk_waiter_poll(NULL, &item, qblk_operation_get_timeout(operation));
        revents = ready > 0 ? item.revents : 0;
    }
    return qblk_operation_get_result(operation, error);
}

gboolean
qblk_run(QblkClient *client, QblkPlan *plan, QblkOperationProgress progress, gpointer user_data,
         GError **error)
{
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    qblk_plans_add(plans, plan);
    g_autoptr(QblkOperation) operation = qblk_operation_start(client, plans, NULL, error);
    if (operation == NULL) {
        return FALSE;
    }

    qblk_operation_set_progress(operation, progress, user_data, NULL);
    return qblk_operation_run(operation, error);
}

/* ---- in GLib's main loop ---- */

typedef struct {
    GSource base;
    QblkOperation *operation; /* owned: a reference */
    GPollFD poll;             /* its fd is -1 while it is not added to the source */
} OperationSource;

static void
update_poll(OperationSource *source)
{
    int fd = qblk_operation_get_fd(source->operation);
    if (fd != source->poll.fd && source->poll.fd >= 0) {
        g_source_remove_poll(&source->base, &source->poll);
    }
    if (fd != source->poll.fd && fd >= 0) {
        source->poll.fd = fd;
        g_source_add_poll(&source->base, &source->poll);
    }

    source->poll.fd = fd;
    source->poll.events = (gushort)qblk_operation_get_events(source->operation);
    source->poll.revents = 0;
}

static gboolean
is_due(const OperationSource *source)
{
    return qblk_operation_is_done(source->operation) ||
           qblk_operation_get_timeout(source->operation) == 0;
}

static gboolean
prepare(GSource *base, int *timeout)
{
    OperationSource *source = (OperationSource *)base;
    update_poll(source);
    *timeout = qblk_operation_get_timeout(source->operation);
    return is_due(source);
}

static gboolean
check_source(GSource *base)
{
    const OperationSource *source = (OperationSource *)base;
    return source->poll.revents != 0 || is_due(source);
}

static gboolean
dispatch(GSource *base, GSourceFunc function, gpointer user_data)
{
    OperationSource *source = (OperationSource *)base;
    if (qblk_operation_process(source->operation, source->poll.revents)) {
        return G_SOURCE_CONTINUE;
    }

    gboolean is_wanted = function != NULL && !g_source_is_destroyed(base);
    if (is_wanted) {
        ((QblkOperationDone)(void (*)(void))function)(source->operation, user_data);
    }
    return G_SOURCE_REMOVE;
}

static void
finalize(GSource *base)
{
    OperationSource *source = (OperationSource *)base;
    qblk_operation_unref(source->operation);
}

static const GSourceFuncs functions = {prepare, check_source, dispatch, finalize, NULL, NULL};

GSource *
qblk_operation_source_new(QblkOperation *operation)
{
    /* GLib does not write to them. */
    GSource *base = g_source_new(qblk_const_cast(&functions), sizeof(OperationSource));
    OperationSource *source = (OperationSource *)base;
    source->operation = qblk_operation_ref(operation);
    source->poll.fd = -1;
    g_source_set_name(base, "qblk operation");
    return base;
}

guint
qblk_operation_add_watch(QblkOperation *operation, QblkOperationDone func, gpointer user_data,
                         GDestroyNotify destroy)
{
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    g_autoptr(GSource) source = qblk_operation_source_new(operation);
    g_source_set_callback(source, G_SOURCE_FUNC(func), user_data, destroy);
    return g_source_attach(source, context);
}
