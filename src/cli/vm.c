/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm.h"

#include "base/limits.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/print/output.h"
#include "graph/capture.h"
#include "graph/snapshot-fetch.h"
#include "graph/snapshot-options.h"

#include <qblk/client.h>
#include <qblk/domain.h>
#include <qblk/image.h>
#include <stdio.h>
#include <string.h>

#define DOMAIN_PREFIX "domain:"
#define DOMAIN_KIND   "domain XML"

static void
log_message(gboolean sent, const char *message, gpointer user_data)
{
    g_autofree char *safe = qblk_output_escape(message);
    fprintf(stderr, "qblk: %s %s\n", sent ? "->" : "<-", safe);
}

/* A command may look at the nodes many times. */
static void
warn_once(const char *message, gpointer user_data)
{
    QblkInvocation *invocation = user_data;
    if (!invocation->warned) {
        invocation->warned = TRUE;
        qblk_output_warn(message);
    }
}

static QblkClient *
connect_to(const char *address, QblkInvocation *invocation, GError **error)
{
    QblkClient *client = qblk_client_start(address, invocation->timeout_ms, error);
    if (client == NULL) {
        return NULL;
    }
    qblk_client_set_reply_limit(client, invocation->reply_limit);
    qblk_snapshot_options_set_warning(invocation->snapshot_options, warn_once, invocation);
    return client;
}

void
qblk_vm_log(QblkClient *client, const QblkInvocation *invocation)
{
    if (invocation->verbose) {
        qblk_client_set_logger(client, log_message, NULL);
    }
}

static QblkReplies *
open_qmp(const char *address, QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkClient) client = connect_to(address, invocation, error);
    if (client == NULL) {
        return NULL;
    }
    qblk_vm_log(client, invocation);
    return qblk_snapshot_fetch_replies(client, invocation->snapshot_options, error);
}

static QblkReplies *
open_capture(const char *address, QblkInvocation *invocation, GError **error)
{
    const char *file = address + strlen("capture:");
    gsize length;
    g_autofree char *text = qblk_input_read(file, QBLK_LIMIT_FILE_BYTES, &length, error);
    QblkReplies *replies = text == NULL ? NULL : qblk_capture_read(text, length, error);
    if (text != NULL && replies == NULL) {
        g_prefix_error(error, "'%s': ", file);
    }
    return replies;
}

/* The daemon has answered all by the time it is ended. */
static QblkReplies *
open_image(const char *name, QblkInvocation *invocation, GError **error)
{
    const char *path = name + strlen("image:");
    g_autoptr(QblkImage) image =
        qblk_image_open(path, invocation->image_format, invocation->timeout_ms, error);
    if (image == NULL) {
        return NULL;
    }
    g_autofree char *address = qblk_image_take_address(image);
    QblkReplies *replies = open_qmp(address, invocation, error);
    if (replies == NULL) {
        g_prefix_error(error, "image '%s': ", path);
    }
    return replies;
}

static const struct {
    const char *prefix;
    QblkReplies *(*open)(const char *address, QblkInvocation *invocation, GError **error);
} forms[] = {
    {"unix:", open_qmp},    {"tcp:", open_qmp},         {"fd:", open_qmp},
    {"image:", open_image}, {"capture:", open_capture},
};

gboolean
qblk_vm_is_local(const char *name)
{
    return !g_str_has_prefix(name, "capture:") && !g_str_has_prefix(name, "tcp:");
}

/* A ':' before the first '/' is a form that is not known, or misspelt, rather than a directory. */
static gboolean
is_path(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash != NULL && memchr(name, ':', (gsize)(slash - name)) == NULL;
}

static gboolean
is_domain(const char *name)
{
    return g_str_has_prefix(name, DOMAIN_PREFIX);
}

static void
fail_without_nodes(const QblkInvocation *invocation, const char *kind, GError **error)
{
    g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                "'qblk %s' needs a QEMU or a capture: %s has no nodes and no jobs",
                invocation->command->name, kind);
}

static void
fail_without_vm(const char *name, GError **error)
{
    g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                "'%s' names no VM: say the path of a QMP socket that begins with '/' or './', or "
                "unix:PATH, tcp:HOST:PORT, fd:N, image:PATH, capture:FILE or domain:FILE",
                name);
}

static QblkReplies *
open_replies(QblkInvocation *invocation, GError **error)
{
    const char *name = invocation->arguments[0];
    if (g_str_has_prefix(name, "domain:")) {
        g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                    "'qblk %s' needs a QEMU or a capture: a domain XML answers no queries",
                    invocation->command->name);
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(name, forms[i].prefix)) {
            return forms[i].open(name, invocation, error);
        }
    }
    if (is_path(name)) {
        return open_qmp(name, invocation, error);
    }
    if (is_domain(name)) {
        fail_without_nodes(invocation, DOMAIN_KIND, error);
        return NULL;
    }
    fail_without_vm(name, error);
    return NULL;
}

static gboolean
is_qemu(const char *name)
{
    gboolean is = is_path(name);
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        is = is || (forms[i].open == open_qmp && g_str_has_prefix(name, forms[i].prefix));
    }
    return is;
}

QblkClient *
qblk_vm_connect(QblkInvocation *invocation, GError **error)
{
    static const char *const others[] = {"capture:", "domain:", "image:"};
    const char *name = invocation->arguments[0];
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        if (g_str_has_prefix(name, others[i])) {
            g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                        "'qblk %s' needs a running QEMU, and '%s' is none%s",
                        invocation->command->name, name,
                        i == 0 && invocation->command->changes
                            ? ": with --dry-run it shows what it would do"
                            : "");
            return NULL;
        }
    }
    if (!is_qemu(name)) {
        fail_without_vm(name, error);
        return NULL;
    }
    return connect_to(name, invocation, error);
}

QblkReplies *
qblk_vm_replies(QblkInvocation *invocation, GError **error)
{
    invocation->snapshot_options->everything = TRUE;
    return open_replies(invocation, error);
}

/* The disks of a domain XML, which has no nodes. */
static gboolean
open_domain(QblkVm *vm, const char *file, GError **error)
{
    gsize length;
    g_autofree char *text = qblk_input_read(file, QBLK_LIMIT_XML_BYTES, &length, error);
    if (text == NULL) {
        return FALSE;
    }
    vm->kind = DOMAIN_KIND;
    vm->chains = qblk_domain_read(text, length, error);
    if (vm->chains == NULL) {
        g_prefix_error(error, "domain '%s': ", file);
    }
    return vm->chains != NULL;
}

QblkVm *
qblk_vm_open(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = g_new0(QblkVm, 1);
    const char *name = invocation->arguments[0];
    vm->is_local = qblk_vm_is_local(name);
    if (is_domain(name)) {
        return open_domain(vm, name + strlen(DOMAIN_PREFIX), error) ? g_steal_pointer(&vm) : NULL;
    }
    g_autoptr(QblkReplies) replies = open_replies(invocation, error);
    vm->snapshot =
        replies == NULL ? NULL : qblk_snapshot_load(replies, invocation->snapshot_options, error);
    return vm->snapshot == NULL ? NULL : g_steal_pointer(&vm);
}

void
qblk_vm_free(QblkVm *vm)
{
    if (vm == NULL) {
        return;
    }
    g_clear_pointer(&vm->snapshot, qblk_snapshot_free);
    g_clear_pointer(&vm->chains, g_ptr_array_unref);
    g_free(vm);
}

const QblkSnapshot *
qblk_vm_snapshot(const QblkVm *vm, const QblkInvocation *invocation, GError **error)
{
    if (vm->snapshot == NULL) {
        fail_without_nodes(invocation, vm->kind, error);
    }
    return vm->snapshot;
}

gboolean
qblk_vm_is_readable(const QblkVm *vm, GError **error)
{
    if (vm->snapshot == NULL || vm->snapshot->withheld == NULL) {
        return TRUE;
    }
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, vm->snapshot->withheld);
    return FALSE;
}

const char **
qblk_vm_targets(const QblkVm *vm)
{
    const char *const *all = vm->snapshot == NULL ? NULL : qblk_snapshot_get_targets(vm->snapshot);
    guint count = vm->snapshot == NULL ? vm->chains->len : vm->snapshot->disks;
    const char **targets = g_new0(const char *, count + 1);
    for (guint i = 0; i < count; i++) {
        targets[i] = all != NULL ? all[i] : qblk_chain_get_target(vm->chains->pdata[i]);
    }
    return targets;
}

gboolean
qblk_vm_has_disk(const QblkVm *vm, const char *name)
{
    g_autoptr(GError) cause = NULL;
    if (vm->snapshot == NULL) {
        g_autoptr(QblkChain) chain = qblk_chain_find(vm->chains, name, NULL);
        return chain != NULL;
    }
    return qblk_snapshot_find(vm->snapshot, name, &cause) != NULL ||
           g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS);
}

QblkChain *
qblk_vm_find_chain(const QblkVm *vm, const char *name, GError **error)
{
    if (vm->snapshot != NULL) {
        return qblk_snapshot_chain(vm->snapshot, name, error);
    }
    return qblk_chain_find(vm->chains, name, error);
}

QblkChain *
qblk_vm_chain(const QblkVm *vm, const QblkInvocation *invocation, const char *name, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_vm_find_chain(vm, name, error);
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
    g_autofree const char **all = qblk_vm_targets(vm);
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

gboolean
qblk_vm_fail_for_one(const QblkVm *vm, const QblkInvocation *invocation, GError **error)
{
    gboolean is_of_disk = g_error_matches(*error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED) ||
                          (*error)->domain == QBLK_XML_ERROR;
    g_autofree const char **targets = qblk_vm_targets(vm);
    if (is_of_disk && invocation->count == 1 && targets[0] != NULL && targets[1] != NULL) {
        char *message = g_strdup_printf("%s; name the other disks to have them without this one",
                                        (*error)->message);
        g_free((*error)->message);
        (*error)->message = message;
    }
    return FALSE;
}
