/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm.h"

#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/output.h"
#include "cli/recovery.h"

#include <qblk/address.h>
#include <qblk/capture.h>
#include <qblk/client-async.h>
#include <qblk/domain.h>
#include <qblk/image-client.h>
#include <qblk/snapshot-fetch.h>
#include <qblk/stale-images.h>
#include <stdio.h>

/* ---- connecting ---- */

static void
log_message(gboolean sent, const char *message, gpointer user_data)
{
    g_autofree char *safe = qblk_output_escape(message);

    fprintf(stderr, "qblk: %s %s\n", sent ? "->" : "<-", safe);
}

void
qblk_vm_log(QblkClient *client, const QblkInvocation *invocation)
{
    if (invocation->verbose) {
        qblk_client_set_logger(client, log_message, NULL, NULL);
    }
}

/* A command may read the nodes many times. */
static void
warn_once(const char *message, gpointer user_data)
{
    QblkInvocation *invocation = user_data;

    if (!invocation->has_warned) {
        invocation->has_warned = TRUE;
        qblk_output_warn(message);
    }
}

static void
set_up_options(QblkInvocation *invocation)
{
    QblkSnapshotOptions *options = invocation->snapshot_options;

    qblk_snapshot_options_set_warning(options, warn_once, invocation, NULL);
    qblk_snapshot_options_set_reply_limit(options, invocation->reply_limit);
    /* Only JSON has serial numbers. */
    qblk_snapshot_options_set_serials(options, invocation->output.json);
    qblk_snapshot_options_set_logger(options, invocation->verbose ? log_message : NULL, NULL, NULL);
}

static void
set_up_client(QblkClient *client, QblkInvocation *invocation)
{
    qblk_client_set_reply_limit(client, invocation->reply_limit);
    set_up_options(invocation);
}

static QblkClient *
connect_to_monitor(QblkInvocation *invocation, GError **error)
{
    const char *address = qblk_address_get_text(invocation->address);
    QblkClient *client = qblk_client_start(address, invocation->timeout_ms, error);

    if (client != NULL) {
        set_up_client(client, invocation);
    }
    return client;
}

/* @secrets: of the command, with those of @invocation; each may be NULL */
static QblkImageOptions *
make_image_options(const QblkInvocation *invocation, char **secrets, GError **error)
{
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();
    char **const lists[] = {invocation->secrets, secrets};

    qblk_image_options_set_format(options, invocation->image_format);
    qblk_image_options_set_timeout(options, invocation->timeout_ms);
    qblk_image_options_set_wrong_formats(options, invocation->command->takes_wrong_formats);
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (char **at = lists[i]; at != NULL && *at != NULL; at++) {
            if (!qblk_image_options_add_secret(options, *at, error)) {
                return NULL;
            }
        }
    }
    for (char **at = invocation->image_backings; at != NULL && *at != NULL; at++) {
        if (!qblk_image_options_add_backing(options, *at, error)) {
            return NULL;
        }
    }
    for (char **at = invocation->backing_formats; at != NULL && *at != NULL; at++) {
        if (!qblk_image_options_add_backing_format(options, *at, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&options);
}

static void
refuse_without_monitor(const QblkInvocation *invocation, GError **error)
{
    const QblkCommand *command = invocation->command;
    const char *text = qblk_address_get_text(invocation->address);

    QblkAddressKind kind = qblk_address_get_kind(invocation->address);

    if (kind == QBLK_ADDRESS_KIND_IMAGE) {
        (void)qblk_usage_error(error,
                               "'qblk %s' needs a running QEMU, not '%s': an image has no monitor, "
                               "and its jobs end with the command that starts them",
                               command->name, text);
    } else if (kind == QBLK_ADDRESS_KIND_CAPTURE && command->changes) {
        (void)qblk_usage_error(
            error, "'qblk %s' needs a running QEMU, not '%s': use --dry-run to print the plan",
            command->name, text);
    } else {
        (void)qblk_usage_error(error, "'qblk %s' needs a running QEMU, not '%s'", command->name,
                               text);
    }
}

QblkClient *
qblk_vm_connect(QblkInvocation *invocation, GError **error)
{
    if (!qblk_address_has_monitor(invocation->address)) {
        refuse_without_monitor(invocation, error);
        return NULL;
    }
    return connect_to_monitor(invocation, error);
}

QblkClient *
qblk_vm_connect_for_change(QblkInvocation *invocation, char **secrets, gboolean is_dry_run,
                           GError **error)
{
    gboolean is_image = qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_IMAGE;
    if (!is_image || !invocation->command->is_offline) {
        return qblk_vm_connect(invocation, error);
    }

    g_autoptr(QblkImageOptions) options = make_image_options(invocation, secrets, error);
    if (options == NULL) {
        return NULL;
    }
    qblk_image_options_set_writable(options, !is_dry_run);

    const char *path = qblk_address_get_path(invocation->address);
    QblkClient *client = qblk_client_open_image(path, options, error);
    if (client != NULL) {
        set_up_client(client, invocation);
    }
    return client;
}

/* ---- opening ---- */

static QblkSnapshot *
fetch_snapshot(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkClient) client = connect_to_monitor(invocation, error);
    if (client == NULL) {
        return NULL;
    }

    qblk_vm_log(client, invocation);
    return qblk_snapshot_fetch(client, invocation->snapshot_options, error);
}

static QblkSnapshot *
open_snapshot(QblkInvocation *invocation, GError **error)
{
    QblkAddressKind kind = qblk_address_get_kind(invocation->address);
    const char *path = qblk_address_get_path(invocation->address);

    set_up_options(invocation);
    if (kind == QBLK_ADDRESS_KIND_IMAGE) {
        g_autoptr(QblkImageOptions) how = make_image_options(invocation, NULL, error);
        return how == NULL
                   ? NULL
                   : qblk_snapshot_open_image(path, how, invocation->snapshot_options, error);
    }
    return kind == QBLK_ADDRESS_KIND_CAPTURE
               ? qblk_snapshot_read_capture(path, invocation->snapshot_options, error)
               : fetch_snapshot(invocation, error);
}

/* A guest that runs on a stale image, or is started from it, has old data. */
static void
warn_of_stale_images(const QblkVm *vm)
{
    const QblkInvocation *invocation = vm->invocation;
    const QblkCommand *command = invocation->command;
    const QblkRecoveryOptions *options = command->warns_of_stale ? invocation->options : NULL;
    gboolean is_image = qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_IMAGE;
    if (command->prints_stale || !(is_image || command->warns_of_stale) ||
        !qblk_address_is_local(invocation->address)) {
        return;
    }

    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    g_auto(GStrv) all = qblk_vm_get_targets(vm);
    char **names = is_image || invocation->count == 1 ? all : invocation->arguments + 1;
    for (guint i = 0; names[i] != NULL; i++) {
        QblkChain *chain = qblk_vm_find_chain(vm, names[i], NULL);
        if (chain != NULL) {
            g_ptr_array_add(chains, chain);
        }
    }

    g_autoptr(QblkStaleImages) stale =
        qblk_stale_images_find((const QblkChain *const *)chains->pdata, chains->len,
                               options == NULL ? NULL : options->state_dir);
    for (guint i = 0; i < qblk_stale_images_get_n_images(stale); i++) {
        g_autofree char *text = qblk_stale_image_to_text(qblk_stale_images_get_image(stale, i));
        qblk_output_warn(text);
    }
}

QblkVm *
qblk_vm_open(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = g_new0(QblkVm, 1);
    vm->invocation = invocation;

    if (qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_DOMAIN) {
        vm->domain = qblk_domain_read_file(qblk_address_get_path(invocation->address), error);
    } else {
        vm->snapshot = open_snapshot(invocation, error);
    }

    gboolean is_open = vm->domain != NULL || vm->snapshot != NULL;
    if (!is_open) {
        return NULL;
    }

    warn_of_stale_images(vm);
    return g_steal_pointer(&vm);
}

/* ---- capturing ---- */

static QblkCapture *
capture_monitor(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkClient) client = connect_to_monitor(invocation, error);
    if (client == NULL) {
        return NULL;
    }

    qblk_vm_log(client, invocation);
    return qblk_capture_fetch(client, invocation->snapshot_options, error);
}

static QblkCapture *
capture_image(QblkInvocation *invocation, GError **error)
{
    const QblkSnapshotOptions *options = invocation->snapshot_options;
    const char *path = qblk_address_get_path(invocation->address);

    set_up_options(invocation);
    g_autoptr(QblkImageOptions) how = make_image_options(invocation, NULL, error);
    if (how == NULL) {
        return NULL;
    }
    g_autoptr(QblkCapture) capture = qblk_capture_fetch_image(path, how, options, error);
    if (capture == NULL) {
        return NULL;
    }

    g_autoptr(QblkVm) vm = g_new0(QblkVm, 1);
    vm->invocation = invocation;
    vm->snapshot = qblk_snapshot_load(capture, options, NULL);
    if (vm->snapshot != NULL) { /* what cannot be loaded can be captured */
        warn_of_stale_images(vm);
    }
    return g_steal_pointer(&capture);
}

QblkCapture *
qblk_vm_capture(QblkInvocation *invocation, GError **error)
{
    const QblkAddress *address = invocation->address;
    QblkAddressKind kind = qblk_address_get_kind(address);

    if (kind == QBLK_ADDRESS_KIND_DOMAIN) {
        (void)qblk_usage_error(
            error,
            "'qblk %s' needs a QEMU or a capture, not '%s': domain XML has no replies of QEMU",
            invocation->command->name, qblk_address_get_text(address));
        return NULL;
    }
    if (kind == QBLK_ADDRESS_KIND_IMAGE) {
        return capture_image(invocation, error);
    }
    return kind == QBLK_ADDRESS_KIND_CAPTURE
               ? qblk_capture_read(qblk_address_get_path(address), error)
               : capture_monitor(invocation, error);
}

/* ---- closing ---- */

void
qblk_vm_free(QblkVm *vm)
{
    if (vm == NULL) {
        return;
    }

    g_clear_pointer(&vm->snapshot, qblk_snapshot_unref);
    g_clear_pointer(&vm->domain, qblk_domain_unref);
    g_free(vm);
}

/* ---- disks ---- */

const QblkSnapshot *
qblk_vm_get_snapshot(const QblkVm *vm, GError **error)
{
    if (vm->snapshot == NULL) {
        (void)qblk_usage_error(
            error, "'qblk %s' needs a QEMU or a capture, not '%s': domain XML has no nodes or jobs",
            vm->invocation->command->name, qblk_address_get_text(vm->invocation->address));
    }
    return vm->snapshot;
}

const char *
qblk_vm_get_manager(const QblkVm *vm)
{
    return vm->snapshot == NULL ? NULL : qblk_snapshot_get_manager(vm->snapshot);
}

gboolean
qblk_vm_check_readable(const QblkVm *vm, GError **error)
{
    const char *reason =
        vm->snapshot == NULL ? NULL : qblk_snapshot_get_no_nodes_reason(vm->snapshot);

    if (reason != NULL) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, reason);
    }
    return reason == NULL;
}

char **
qblk_vm_get_targets(const QblkVm *vm)
{
    const char *const *all = vm->snapshot == NULL ? NULL : qblk_snapshot_get_targets(vm->snapshot);
    g_autoptr(GPtrArray) targets = g_ptr_array_new();

    for (; all != NULL && *all != NULL; all++) {
        g_ptr_array_add(targets, g_strdup(*all));
    }
    for (guint i = 0; vm->domain != NULL && i < qblk_domain_get_n_disks(vm->domain); i++) {
        const QblkChain *chain = qblk_domain_get_disk(vm->domain, i);
        g_ptr_array_add(targets, g_strdup(qblk_chain_get_target(chain)));
    }
    g_ptr_array_add(targets, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&targets), FALSE);
}

char *
qblk_vm_find_target(const QblkVm *vm, const char *name, GError **error)
{
    if (vm->snapshot == NULL) {
        const QblkChain *chain = qblk_domain_find_disk(vm->domain, name, error);
        return chain == NULL ? NULL : g_strdup(qblk_chain_get_target(chain));
    }

    const QblkDevice *device = qblk_snapshot_find_device(vm->snapshot, name, error);
    return device == NULL ? NULL : g_strdup(qblk_device_get_target(device));
}

gboolean
qblk_vm_has_disk(const QblkVm *vm, const char *name)
{
    g_autoptr(GError) cause = NULL;

    if (vm->snapshot == NULL) {
        return qblk_domain_find_disk(vm->domain, name, NULL) != NULL;
    }

    const QblkDevice *device = qblk_snapshot_find_device(vm->snapshot, name, &cause);
    return device != NULL || g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS);
}

gboolean
qblk_vm_is_vhost_user(const QblkVm *vm, const char *name)
{
    const QblkDevice *device =
        vm->snapshot == NULL ? NULL : qblk_snapshot_find_device(vm->snapshot, name, NULL);
    return device != NULL && qblk_device_is_vhost_user(device);
}

QblkChain *
qblk_vm_find_chain(const QblkVm *vm, const char *name, GError **error)
{
    if (vm->snapshot != NULL) {
        return qblk_snapshot_chain(vm->snapshot, name, error);
    }

    const QblkChain *chain = qblk_domain_find_disk(vm->domain, name, error);
    return chain == NULL ? NULL : qblk_chain_ref(chain);
}

QblkChain *
qblk_vm_find_expected_chain(const QblkVm *vm, const char *name, GError **error)
{
    const char *expect = vm->invocation->expect;
    g_autoptr(QblkChain) chain = qblk_vm_find_chain(vm, name, error);

    if (chain == NULL) {
        return NULL;
    }
    if (expect != NULL && !qblk_chain_expect(chain, expect, error)) {
        return NULL;
    }
    return g_steal_pointer(&chain);
}

GPtrArray *
qblk_vm_find_chains(const QblkVm *vm, GError **error)
{
    const QblkInvocation *invocation = vm->invocation;
    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    g_auto(GStrv) all = qblk_vm_get_targets(vm);
    const char *const *named = (const char *const *)invocation->arguments + 1;
    const char *const *names = invocation->count > 1 ? named : (const char *const *)all;

    for (guint i = 0; names[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        QblkChain *chain = qblk_vm_find_expected_chain(vm, names[i], &cause);
        if (names != named && g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE)) {
            qblk_output_warn(cause->message);
            continue;
        }
        if (chain == NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }

        g_ptr_array_add(chains, chain);
    }

    return g_steal_pointer(&chains);
}

void
qblk_vm_print_run_state(const QblkVm *vm, QblkOutput *output)
{
    if (vm->snapshot != NULL && !qblk_snapshot_is_ordinary(vm->snapshot)) {
        g_autofree char *safe = qblk_output_escape(qblk_snapshot_get_run_state(vm->snapshot));
        qblk_output_print(output, "run state: %s\n", safe);
    }
}

void
qblk_vm_set_run_state(const QblkVm *vm, QblkJson *object)
{
    qblk_json_set_string(object, "run-state",
                         vm->snapshot == NULL ? NULL : qblk_snapshot_get_run_state(vm->snapshot));
}

void
qblk_vm_add_hint(QblkVm *vm, const GError *error)
{
    QblkInvocation *invocation = vm->invocation;
    gboolean is_of_disk = g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED) ||
                          error->domain == QBLK_XML_ERROR;
    g_auto(GStrv) targets = qblk_vm_get_targets(vm);
    gboolean has_others = targets[0] != NULL && targets[1] != NULL;

    if (is_of_disk && has_others && invocation->count == 1) {
        qblk_output_add_hint(&invocation->output, "to skip this disk: specify the other disks");
    }
}
