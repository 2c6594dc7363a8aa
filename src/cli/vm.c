/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm.h"

#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/output.h"
#include "cli/recovery.h"
#include "cli/vm-argument.h"

#include <qblk/address.h>
#include <qblk/capture.h>
#include <qblk/client-async.h>
#include <qblk/domain.h>
#include <qblk/image-client.h>
#include <qblk/snapshot-fetch.h>
#include <qblk/stale-images.h>

/* ---- connecting ---- */

static void
log_message(gboolean sent, const char *message, gpointer user_data)
{
    qblk_output_log(user_data, sent, message);
}

void
qblk_vm_log(QblkClient *client, QblkInvocation *invocation)
{
    if (invocation->verbose) {
        qblk_client_set_logger(client, log_message, &invocation->output, NULL);
    }
}

/* A command may read the nodes many times.  One of several VMs is read before it is its turn. */
static void
warn_once(const char *message, gpointer user_data)
{
    QblkInvocation *invocation = user_data;

    if (invocation->has_warned) {
        return;
    }
    invocation->has_warned = TRUE;
    if (invocation->is_early) {
        invocation->early_warning = g_strdup(message);
    } else {
        qblk_output_warn(&invocation->output, message);
    }
}

void
qblk_vm_set_up_options(QblkInvocation *invocation)
{
    QblkSnapshotOptions *options = invocation->snapshot_options;

    qblk_snapshot_options_set_warning(options, warn_once, invocation, NULL);
    qblk_snapshot_options_set_reply_limit(options, invocation->reply_limit);
    qblk_snapshot_options_set_statistics(options, invocation->command->needs_statistics);
    /* Only JSON has serial numbers. */
    qblk_snapshot_options_set_serials(options, invocation->output.json);
    qblk_snapshot_options_set_logger(options, invocation->verbose ? log_message : NULL,
                                     &invocation->output, NULL);
}

static void
set_up_client(QblkClient *client, QblkInvocation *invocation)
{
    qblk_client_set_reply_limit(client, invocation->reply_limit);
    qblk_vm_set_up_options(invocation);
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

gboolean
qblk_vm_check_monitor(const QblkInvocation *invocation, GError **error)
{
    gboolean has_monitor = qblk_address_has_monitor(invocation->address);
    if (!has_monitor) {
        refuse_without_monitor(invocation, error);
    }
    return has_monitor;
}

QblkClient *
qblk_vm_connect(QblkInvocation *invocation, GError **error)
{
    if (!qblk_vm_check_monitor(invocation, error)) {
        return NULL;
    }
    return connect_to_monitor(invocation, error);
}

QblkClient *
qblk_vm_connect_for_change(QblkInvocation *invocation, char **secrets, gboolean is_dry_run,
                           GError **error)
{
    if (!qblk_vm_argument_check_machine(invocation, error)) {
        return NULL;
    }

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
    if (invocation->fetched != NULL) {
        return g_steal_pointer(&invocation->fetched);
    }

    qblk_vm_set_up_options(invocation);
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
        qblk_output_warn(&invocation->output, text);
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

    qblk_vm_set_up_options(invocation);
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
