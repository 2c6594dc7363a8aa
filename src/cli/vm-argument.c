/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm-argument.h"

#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/output.h"

#include <string.h>

gboolean
qblk_vm_argument_is_taken(const QblkCommand *command)
{
    return strstr(command->arguments, "VM") != NULL;
}

const QblkVms *
qblk_vm_argument_find_vms(QblkInvocation *invocation, GError **error)
{
    if (invocation->vms == NULL) {
        invocation->vms = qblk_vms_find(NULL, error);
    }
    return invocation->vms;
}

/* A path of QOM names a device of the VM. */
gboolean
qblk_vm_argument_is_address(const char *text)
{
    return qblk_address_has_form(text) && !g_str_has_prefix(text, "/machine/");
}

static gboolean
lacks_vm(QblkInvocation *invocation, gboolean *lacks, GError **error)
{
    const QblkCommand *command = invocation->command;
    const char *first = invocation->arguments[0];
    guint needed = MAX(command->min_arguments, command->has_default_vm ? 1 : 0);

    *lacks = invocation->count < needed;
    if (*lacks || first == NULL || command->vms == QBLK_COMMAND_ALL_VMS ||
        invocation->count >= command->max_arguments || qblk_vm_argument_is_address(first) ||
        g_file_test(first, G_FILE_TEST_EXISTS)) {
        return TRUE;
    }

    const QblkVms *vms = qblk_vm_argument_find_vms(invocation, error);
    *lacks = vms != NULL && !qblk_vms_has(vms, first);
    return vms != NULL;
}

/* QEMU's own tools take HOST:PORT, too. */
static char *
default_address(const char *text)
{
    gboolean is_host = !qblk_address_has_form(text) && strchr(text, ':') != NULL;
    return is_host ? g_strconcat("tcp:", text, NULL) : g_strdup(text);
}

gboolean
qblk_vm_argument_add_default(QblkInvocation *invocation, GError **error)
{
    const char *text = invocation->default_vm;
    gboolean lacks = FALSE;
    if (text == NULL || text[0] == '\0' || !qblk_vm_argument_is_taken(invocation->command)) {
        return TRUE;
    }
    if (!lacks_vm(invocation, &lacks, error)) {
        return FALSE;
    }

    if (lacks) {
        char **old = invocation->arguments;
        char **arguments = g_new0(char *, invocation->count + 2);
        arguments[0] = default_address(text);
        memcpy(arguments + 1, old, invocation->count * sizeof(char *));
        g_free(old);
        invocation->arguments = arguments;
        invocation->count++;
    }
    return TRUE;
}

static QblkAddress *
resolve_for(const QblkCommand *command, const QblkVms *vms, const char *text, GError **error)
{
    if (command->bridges) {
        return qblk_vms_resolve_to_bridge(vms, text, error);
    }
    return command->only_reads ? qblk_vms_resolve_to_read(vms, text, error)
                               : qblk_vms_resolve(vms, text, error);
}

gboolean
qblk_vm_argument_resolve(QblkInvocation *invocation, gboolean may_wait, GError **error)
{
    const char *text = invocation->arguments[0];
    if (text == NULL || !qblk_vm_argument_is_taken(invocation->command)) {
        return TRUE;
    }

    const QblkVms *vms =
        qblk_address_has_form(text) ? NULL : qblk_vm_argument_find_vms(invocation, error);
    if (!qblk_address_has_form(text) && vms == NULL) {
        return FALSE;
    }
    g_autoptr(GError) failure = NULL;
    invocation->address = resolve_for(invocation->command, vms, text, &failure);
    if (may_wait && g_error_matches(failure, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY)) {
        /* A client that has ended may still seem to hold it: look at it again, for a while. */
        g_clear_error(&failure);
        invocation->address = resolve_for(invocation->command, NULL, text, &failure);
    }
    if (invocation->address == NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }

    /* What is printed names the monitor, not what the user called the VM. */
    char *address = g_strdup(qblk_address_get_text(invocation->address));
    g_free(invocation->given_vm);
    invocation->given_vm = invocation->arguments[0];
    invocation->arguments[0] = address;
    return TRUE;
}

/* Returns: (transfer full) (nullable): more than the library knows without looking for VMs */
static char *
explain(const QblkInvocation *invocation, const GError *error, int *code)
{
    const QblkAddress *address = invocation->address;
    gboolean is_busy = g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY);
    gboolean is_foreign = g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL);
    if (address == NULL || (!is_busy && !is_foreign)) {
        return NULL;
    }

    *code = QBLK_QMP_ERROR_BUSY;
    char *text =
        is_busy ? qblk_vms_explain_busy(NULL, address, invocation->command->only_reads) : NULL;
    if (text != NULL) {
        return text;
    }

    *code = QBLK_QMP_ERROR_PROTOCOL;
    text = qblk_vms_explain_peer(NULL, address);
    if (text == NULL && is_busy) {
        *code = QBLK_QMP_ERROR_BUSY;
        text = qblk_vms_explain_server(NULL, address);
    }
    return text;
}

/* The user may have given a layer as DISK, as for `qblk resolve`. */
static void
add_hint_for_layer(QblkInvocation *invocation)
{
    static const struct {
        const char *command, *hint;
    } hints[] = {
        {"commit", "layers are given with --top and --base: see 'qblk commit --help'"},
        {"pull", "the layer to keep is given with --base: see 'qblk pull --help'"},
    };
    const char *disk = invocation->count > 1 ? invocation->arguments[1] : "";
    gboolean is_layer = g_str_has_suffix(disk, "]") || g_str_has_prefix(disk, "node:") ||
                        strpbrk(disk, "./") != NULL;

    for (gsize i = 0; is_layer && i < G_N_ELEMENTS(hints); i++) {
        if (g_str_equal(hints[i].command, invocation->command->name)) {
            qblk_output_add_hint(&invocation->output, "%s", hints[i].hint);
        }
    }
}

void
qblk_vm_argument_explain(QblkInvocation *invocation, GError **error)
{
    int code = 0;
    if (g_error_matches(*error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK)) {
        add_hint_for_layer(invocation);
    }

    g_autofree char *text = explain(invocation, *error, &code);

    if (text != NULL) {
        g_clear_error(error);
        g_set_error_literal(error, QBLK_QMP_ERROR, code, text);
    }
}

/* The command as it is typed on this machine: two shells read what is for the other one. */
static char *
describe_remote_call(const QblkInvocation *invocation)
{
    const QblkAddress *address = invocation->address;
    const char *user = qblk_address_get_user(address);
    const char *port = qblk_address_get_port(address);
    const char *host = qblk_address_get_host(address);
    g_autofree char *target = user == NULL ? g_strdup(host) : g_strconcat(user, "@", host, NULL);
    g_autofree char *target_word = qblk_output_shell_word(target);
    g_autofree char *path = qblk_output_shell_word(qblk_address_get_path(address));
    g_autofree char *path_word = qblk_output_shell_word(path);

    return g_strdup_printf("ssh %s%s%s%s qblk %s %s ...", port == NULL ? "" : "-p ",
                           port == NULL ? "" : port, port == NULL ? "" : " ", target_word,
                           invocation->command->name, path_word);
}

gboolean
qblk_vm_argument_check_machine(const QblkInvocation *invocation, GError **error)
{
    if (invocation->address == NULL ||
        qblk_address_get_kind(invocation->address) != QBLK_ADDRESS_KIND_SSH) {
        return TRUE;
    }

    g_autofree char *call = describe_remote_call(invocation);
    return qblk_usage_error(error, "'qblk %s' examines and changes files of '%s': run it there: %s",
                            invocation->command->name, qblk_address_get_host(invocation->address),
                            call);
}
