/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/bridge-peer.h"

#include "image/process.h"
#include "image/qemu-program.h"

#include <unistd.h>

#define COMMAND "qblk-query-peer"

/* A socket that this process has made itself leads to a process that it has started.  An ssh that
 * the client has started leads to another machine. */
static gboolean
may_be_bridge(const QblkClient *client)
{
    gint64 pid = qblk_process_behind(qblk_client_get_fd(client), NULL);

    return pid > 0 && pid != getpid() && qblk_client_get_peer(client) == NULL &&
           !qblk_client_is_forwarded(client) && !qblk_qemu_program_runs(pid);
}

void
qblk_bridge_peer_ask(QblkClient *client)
{
    QblkClientBridge *bridge = qblk_client_get_bridge(client);
    if (bridge->is_known || bridge->query != 0) {
        return;
    }

    if (may_be_bridge(client)) {
        bridge->query = qblk_client_submit_json(client, COMMAND, NULL, 0);
    } else {
        bridge->is_known = TRUE;
    }
}

/* Returns: TRUE if the process behind the socket can do all that the process @pid can. */
static gboolean
may_use(const QblkClient *client, gint64 pid)
{
    gint64 user = -1;
    if (qblk_process_behind(qblk_client_get_fd(client), &user) == 0) {
        return FALSE;
    }
    return user == 0 || user == (gint64)geteuid() || user == qblk_process_user(pid);
}

static void
read_answer(const QblkClient *client, const QblkJson *answer, QblkClientBridge *bridge)
{
    gint64 pid = 0, start = 0;
    gboolean is_complete = qblk_json_integer(qblk_json_get(answer, "pid"), &pid) &&
                           qblk_json_integer(qblk_json_get(answer, "start"), &start);

    bridge->is_there = TRUE;
    bridge->is_read_only = qblk_json_true(qblk_json_get(answer, "read-only"));
    bridge->full = g_strdup(qblk_json_get_string(answer, "full"));
    if (is_complete && pid > 0 && start > 0 && qblk_process_start(pid) == start &&
        may_use(client, pid)) {
        bridge->pid = pid;
    }
}

const QblkClientBridge *
qblk_bridge_peer_get(QblkClient *client)
{
    QblkClientBridge *bridge = qblk_client_get_bridge(client);

    qblk_bridge_peer_ask(client);
    if (bridge->query != 0) {
        guint64 query = bridge->query;
        bridge->query = 0;
        bridge->is_known = TRUE;

        /* A refusal is that of QEMU behind another relay. */
        g_autoptr(QblkAnswer) answer = qblk_client_wait_answer(client, query, NULL);
        if (answer != NULL && answer->refusal == NULL) {
            read_answer(client, qblk_answer_value(answer), bridge);
        }
    }
    return bridge;
}

gboolean
qblk_bridge_peer_check_access(QblkClient *client, GError **error)
{
    const QblkClientBridge *bridge = qblk_bridge_peer_get(client);
    const char *address = qblk_client_get_address(client);
    if (!bridge->is_there || !bridge->is_read_only) {
        return TRUE;
    }

    if (bridge->full == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot change the VM: '%s' is a read-only socket of a bridge: let the bridge "
                    "listen at another one, too",
                    address);
    } else {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "cannot change the VM: '%s' is a read-only socket of a bridge: use '%s'",
                    address, bridge->full);
    }
    return FALSE;
}

void
qblk_bridge_peer_set(QblkClient *client, gint64 pid)
{
    QblkClientBridge *bridge = qblk_client_get_bridge(client);

    bridge->is_known = TRUE;
    bridge->is_there = TRUE;
    bridge->pid = pid;
}
