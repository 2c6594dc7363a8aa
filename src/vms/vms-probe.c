/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vms-probe.h"

#include "vms/vm-data.h"

#include <poll.h>
#include <qblk/client-async.h>
#include <qblk/client-info.h>

/* VMs that are asked at once: each takes a descriptor. */
#define MOST_CLIENTS 128

typedef struct {
    QblkVmInfo *vm;     /* borrowed */
    QblkClient *client; /* owned, or NULL: it has answered or failed */
} Probe;

static const QblkVmMonitor *
find_free(const QblkVmInfo *vm)
{
    for (guint i = 0; i < vm->monitors->len; i++) {
        const QblkVmMonitor *monitor = vm->monitors->pdata[i];
        if (monitor->is_qmp && monitor->address != NULL &&
            monitor->state == QBLK_VM_MONITOR_STATE_FREE) {
            return monitor;
        }
    }
    return NULL;
}

static void
set_version(Probe *probe)
{
    int major, minor, micro;

    if (qblk_client_get_version(probe->client, &major, &minor, &micro)) {
        g_free(probe->vm->version);
        probe->vm->version = g_strdup_printf("%d.%d.%d", major, minor, micro);
    }
}

static void
process(Probe *probe, int revents)
{
    gboolean is_open = qblk_client_process(probe->client, revents, NULL);

    if (!is_open || qblk_client_is_ready(probe->client)) {
        set_version(probe);
        g_clear_pointer(&probe->client, qblk_client_unref);
    }
}

/* Returns: FALSE if no client is left */
static gboolean
take_turn(Probe *probes, guint count)
{
    struct pollfd items[MOST_CLIENTS];
    Probe *waiting[MOST_CLIENTS];
    nfds_t n = 0;
    int timeout = -1;

    for (guint i = 0; i < count; i++) {
        if (probes[i].client != NULL) {
            int limit = qblk_client_get_timeout(probes[i].client);
            timeout = timeout < 0 || (limit >= 0 && limit < timeout) ? limit : timeout;
            waiting[n] = &probes[i];
            items[n] = (struct pollfd){
                .fd = qblk_client_get_fd(probes[i].client),
                .events = (short)qblk_client_get_events(probes[i].client),
            };
            n++;
        }
    }
    if (n == 0) {
        return FALSE;
    }

    if (poll(items, n, timeout) < 0) {
        for (nfds_t i = 0; i < n; i++) {
            items[i].revents = 0;
        }
    }
    for (nfds_t i = 0; i < n; i++) {
        process(waiting[i], items[i].revents);
    }
    return TRUE;
}

/* Returns: the number of @vms that were started from @first on; @count is that of the clients */
static guint
start(const GPtrArray *vms, guint first, int timeout_ms, Probe *probes, guint *count)
{
    guint i = first;

    for (*count = 0; i < vms->len && *count < MOST_CLIENTS; i++) {
        QblkVmInfo *vm = vms->pdata[i];
        const QblkVmMonitor *monitor = find_free(vm);
        QblkClient *client =
            monitor == NULL ? NULL : qblk_client_start(monitor->address, timeout_ms, NULL);
        if (client != NULL) {
            probes[*count] = (Probe){.vm = vm, .client = client};
            (*count)++;
        }
    }
    return i - first;
}

void
qblk_vms_probe(const GPtrArray *vms, int timeout_ms)
{
    Probe probes[MOST_CLIENTS];
    guint done = 0, count = 0;

    while (done < vms->len) {
        done += start(vms, done, timeout_ms, probes, &count);
        while (take_turn(probes, count)) {
        }
    }
}
