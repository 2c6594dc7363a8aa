/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm.h"

#include "cli/input.h"
#include "cli/output.h"
#include "graph/capture.h"
#include "graph/snapshot-fetch.h"
#include "graph/snapshot-options.h"

#include <qblk/client.h>
#include <stdio.h>
#include <string.h>

static void
log_message(gboolean sent, const char *message, gpointer user_data)
{
    g_autofree char *safe = qblk_output_escape(message);
    fprintf(stderr, "qblk: %s %s\n", sent ? "->" : "<-", safe);
}

static QblkReplies *
open_qmp(const char *address, QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkClient) client = qblk_client_start(address, invocation->timeout_ms, error);
    if (client == NULL) {
        return NULL;
    }
    if (invocation->verbose) {
        qblk_client_set_logger(client, log_message, NULL);
    }
    return qblk_snapshot_fetch_replies(client, invocation->snapshot_options, error);
}

static QblkReplies *
open_capture(const char *address, QblkInvocation *invocation, GError **error)
{
    const char *file = address + strlen("capture:");
    gsize length;
    g_autofree char *text = qblk_input_read(file, &length, error);
    QblkReplies *replies = text == NULL ? NULL : qblk_capture_read(text, length, error);
    if (text != NULL && replies == NULL) {
        g_prefix_error(error, "'%s': ", file);
    }
    return replies;
}

static const struct {
    const char *prefix;
    QblkReplies *(*open)(const char *address, QblkInvocation *invocation, GError **error);
} forms[] = {
    {"unix:", open_qmp},
    {"tcp:", open_qmp},
    {"fd:", open_qmp},
    {"capture:", open_capture},
};

/* A ':' before the first '/' is a form that is not known, or misspelt, rather than a folder. */
static gboolean
is_path(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash != NULL && memchr(name, ':', (gsize)(slash - name)) == NULL;
}

static QblkReplies *
open_replies(QblkInvocation *invocation, GError **error)
{
    const char *name = invocation->arguments[0];
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(name, forms[i].prefix)) {
            return forms[i].open(name, invocation, error);
        }
    }
    if (is_path(name)) {
        return open_qmp(name, invocation, error);
    }
    g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                "'%s' names no VM: say the path of a QMP socket that begins with '/' or './', or "
                "unix:PATH, tcp:HOST:PORT, fd:N or capture:FILE",
                name);
    return NULL;
}

QblkReplies *
qblk_vm_replies(QblkInvocation *invocation, GError **error)
{
    invocation->snapshot_options->everything = TRUE;
    return open_replies(invocation, error);
}

QblkVm *
qblk_vm_open(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = g_new0(QblkVm, 1);
    vm->replies = open_replies(invocation, error);
    if (vm->replies == NULL) {
        return NULL;
    }
    vm->snapshot = qblk_snapshot_load(vm->replies, invocation->snapshot_options, error);
    return vm->snapshot == NULL ? NULL : g_steal_pointer(&vm);
}

void
qblk_vm_free(QblkVm *vm)
{
    if (vm == NULL) {
        return;
    }
    g_clear_pointer(&vm->snapshot, qblk_snapshot_free);
    g_clear_pointer(&vm->replies, qblk_replies_free);
    g_free(vm);
}

gboolean
qblk_vm_is_readable(const QblkVm *vm, GError **error)
{
    if (vm->snapshot->withheld == NULL) {
        return TRUE;
    }
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, vm->snapshot->withheld);
    return FALSE;
}

QblkChain *
qblk_vm_chain(const QblkVm *vm, const QblkInvocation *invocation, const char *name, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(vm->snapshot, name, error);
    if (chain != NULL && invocation->expect != NULL &&
        !qblk_chain_expect(chain, invocation->expect, error)) {
        return NULL;
    }
    return g_steal_pointer(&chain);
}

GPtrArray *
qblk_vm_chains(const QblkVm *vm, const QblkInvocation *invocation, GError **error)
{
    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_free);
    const char *const *all = qblk_snapshot_get_targets(vm->snapshot);
    const char *const *named = (const char *const *)invocation->arguments + 1;
    const char *const *names = invocation->count > 1 ? named : all;
    for (guint i = 0; names[i] != NULL; i++) {
        QblkChain *chain = qblk_vm_chain(vm, invocation, names[i], error);
        if (chain == NULL) {
            return NULL;
        }
        g_ptr_array_add(chains, chain);
    }
    return g_steal_pointer(&chains);
}
