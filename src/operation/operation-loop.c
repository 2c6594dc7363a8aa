/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/waiter.h"
#include "operation/operation-data.h"
#include "operation/turn-source.h"
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

static int
get_fd(gpointer operation)
{
    return qblk_operation_get_fd(operation);
}

static int
get_events(gpointer operation)
{
    return qblk_operation_get_events(operation);
}

static int
get_timeout(gpointer operation)
{
    return qblk_operation_get_timeout(operation);
}

static gboolean
is_over(gpointer operation)
{
    return qblk_operation_is_done(operation);
}

static gboolean
process(gpointer operation, int revents)
{
    return qblk_operation_process(operation, revents);
}

static void
unref(gpointer operation)
{
    qblk_operation_unref(operation);
}

static void
conclude(gpointer operation, GSourceFunc function, gpointer user_data)
{
    ((QblkOperationDone)(void (*)(void))function)(operation, user_data);
}

static const QblkTurnSourceType type = {
    "qblk operation", get_fd, get_events, get_timeout, is_over, process, unref, conclude,
};

GSource *
qblk_operation_source_new(QblkOperation *operation)
{
    return qblk_turn_source_new(&type, qblk_operation_ref(operation));
}

guint
qblk_operation_add_watch(QblkOperation *operation, QblkOperationDone func, gpointer user_data,
                         GDestroyNotify destroy)
{
    return qblk_turn_source_attach(&type, qblk_operation_ref(operation), G_SOURCE_FUNC(func),
                                   user_data, destroy);
}
