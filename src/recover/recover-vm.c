/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-vm.h"

#include "blockjob/delete-images.h"
#include "image/bridge-peer.h"
#include "image/image-client.h"
#include "image/qemu-program.h"
#include "qmp/client.h"
#include "recover/recover-offline.h"

#include <qblk/vms.h>

#include <string.h>

#define NO_UUID "00000000-0000-0000-0000-000000000000"

/* What identifies a QEMU to its monitor.
 *
 * One that is reached over the network does not show its process, and one behind a relay shows that
 * of the relay.  Another QEMU has other threads.  Without CPUs (-machine none, a storage daemon)
 * nothing identifies it. */
typedef struct {
    char *uuid;    /* or NULL */
    gint64 thread; /* of its first CPU, or 0 */
} Identity;

static void
read_identity(const GPtrArray *answers, Identity *identity)
{
    const QblkAnswer *uuid = answers->pdata[0], *cpus = answers->pdata[1];
    const char *text = qblk_json_get_string(uuid->value, "UUID");

    if (text != NULL && !g_str_equal(text, NO_UUID)) {
        identity->uuid = g_strdup(text);
    }
    (void)qblk_json_integer(qblk_json_get(qblk_json_at(cpus->value, 0), "thread-id"),
                            &identity->thread);
}

/* A storage daemon refuses both queries, and a command that is not answered in time is one that
 * failed: only a lost connection is an error. */
static gboolean
query_identity(QblkClient *client, Identity *identity, GError **error)
{
    static const char *const commands[] = {"query-uuid", "query-cpus-fast"};
    g_autoptr(GPtrArray) queries = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_query_free);
    g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_answer_free);
    g_autoptr(GError) cause = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_ptr_array_add(queries, qblk_query_new(commands[i], NULL));
    }
    qblk_bridge_peer_ask(client);
    g_autoptr(GArray) ids = qblk_client_submit_batch(client, queries);
    if (qblk_client_wait_batch(client, ids, answers, &cause)) {
        read_identity(answers, identity);
        return TRUE;
    }

    if (qblk_client_get_error(client) != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}

gboolean
qblk_recover_identify(QblkClient *client, QblkJournalVm *vm, GError **error)
{
    const char *image = qblk_client_get_image_path(client);
    if (image != NULL) {
        qblk_journal_vm_set_image(vm, image);
        vm->pid = qblk_client_get_process(client);
        vm->start = vm->pid == 0 ? 0 : qblk_process_start(vm->pid);
        return TRUE;
    }

    g_autoptr(QblkAddress) address = qblk_address_parse(qblk_client_get_address(client), error);
    if (address == NULL) {
        return FALSE;
    }

    Identity identity = {0};
    if (!query_identity(client, &identity, error)) {
        return FALSE;
    }

    vm->uuid = identity.uuid;
    vm->thread = identity.thread;
    vm->address = qblk_address_to_absolute(address);

    /* A relay may be started again while its QEMU runs, which is known by its thread. */
    gint64 pid = qblk_client_get_process(client);
    gboolean is_relay = vm->thread != 0 && !qblk_qemu_program_runs(pid);
    vm->pid = is_relay ? 0 : pid;
    vm->start = vm->pid == 0 ? 0 : qblk_process_start(vm->pid);
    return TRUE;
}

/* Returns: (nullable): the VM of @vms that is @then, or a later run of it */
static const QblkVmInfo *
find_vm(const QblkVms *vms, const QblkJournalVm *then)
{
    for (guint i = 0; i < qblk_vms_get_n_vms(vms); i++) {
        const QblkVmInfo *vm = qblk_vms_get_vm(vms, i);
        gint64 pid = qblk_vm_info_get_pid(vm);
        if (pid == then->pid && qblk_process_start(pid) == then->start) {
            return vm;
        }
    }
    return then->uuid == NULL ? NULL : qblk_vms_lookup(vms, then->uuid, NULL);
}

/* The bridge at the address of a journal may have ended since, or another one may hold the monitor
 * there now.  Returns: (transfer full) (nullable): the address of another monitor of the VM */
static char *
find_other_address(const QblkJournalVm *then)
{
    g_autoptr(QblkVms) vms = qblk_vms_find(NULL, NULL);
    const QblkVmInfo *vm = vms == NULL ? NULL : find_vm(vms, then);
    const QblkVmMonitor *monitor = vm == NULL ? NULL : qblk_vm_info_choose_monitor(vm, NULL);
    const char *address = monitor == NULL ? NULL : qblk_vm_monitor_get_address(monitor);

    return g_strcmp0(address, then->address) == 0 ? NULL : g_strdup(address);
}

static QblkClient *
connect_to(const QblkJournalVm *then, int timeout_ms, const QblkWaiter *waiter, GError **error)
{
    g_autoptr(GError) cause = NULL;
    QblkClient *client = qblk_client_connect_with(then->address, timeout_ms, waiter, &cause);
    gboolean is_elsewhere = g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT) ||
                            g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY);
    g_autofree char *other = is_elsewhere ? find_other_address(then) : NULL;

    if (other != NULL) {
        client = qblk_client_connect_with(other, timeout_ms, waiter, NULL);
    }
    if (client == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return client;
}

QblkClient *
qblk_recover_connect(const QblkJournalRecord *record, int timeout_ms, const QblkWaiter *waiter,
                     QblkJournalVm *vm, GError **error)
{
    const char *text = record->vm.address;
    g_autoptr(QblkClient) client = connect_to(&record->vm, timeout_ms, waiter, error);
    if (client == NULL) {
        return NULL;
    }
    if (!qblk_recover_identify(client, vm, error)) {
        return NULL;
    }
    if (!qblk_recover_is_of(record, vm)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "another VM now answers at '%s'",
                    text);
        return NULL;
    }
    return g_steal_pointer(&client);
}

gboolean
qblk_recover_begin(QblkClient *client, GError **error)
{
    gboolean is_free = qblk_client_begin_operation(client);

    if (!is_free) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "another operation on '%s' has not ended: wait for its end",
                    qblk_client_get_address(client));
    }
    return is_free;
}

void
qblk_recover_end(QblkClient *client)
{
    qblk_client_drive(client, FALSE, FALSE);
}

gboolean
qblk_recover_is_of(const QblkJournalRecord *record, const QblkJournalVm *vm)
{
    const char *image = qblk_journal_vm_get_image(vm);
    if (image != NULL) {
        return qblk_recover_offline_is_of(record, image);
    }
    return qblk_recover_is_of_vm(&record->vm, vm);
}

gboolean
qblk_recover_is_of_vm(const QblkJournalVm *then, const QblkJournalVm *vm)
{
    gboolean is_alive = FALSE;

    if (then->pid != 0 && then->start != 0) {
        is_alive = qblk_process_start(then->pid) == then->start;
    }
    return qblk_journal_vm_is_of(then, vm, is_alive);
}

gint64
qblk_recover_get_pid(QblkClient *client)
{
    return qblk_client_get_process(client);
}

gboolean
qblk_recover_is_local(QblkClient *client, const QblkJournalRecord *record)
{
    g_autoptr(QblkAddress) address = qblk_address_parse(record->vm.address, NULL);
    if (address == NULL || !qblk_address_is_local(address)) {
        return FALSE;
    }

    gint64 pid = qblk_recover_get_pid(client);
    return qblk_delete_images_is_here(record->plan, pid, TRUE);
}
