/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm-list.h"

#include "base/text.h"
#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/vm-argument.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Of a file of --vms. */
#define MAX_FILE_BYTES (16 * 1024 * 1024)
#define MAX_LINE_BYTES 8192

void
qblk_vm_list_options_clear(QblkVmListOptions *options)
{
    g_strfreev(options->names);
    g_free(options->file);
}

gboolean
qblk_vm_list_is_given(const QblkVmListOptions *options)
{
    return options->names != NULL || options->file != NULL || options->every;
}

/* ---- --vms ---- */

static GString *
read_stream(FILE *stream, const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[16 * 1024];
    gsize length;

    while ((length = fread(buffer, 1, sizeof(buffer), stream)) > 0) {
        g_string_append_len(text, buffer, (gssize)length);
        if (text->len > MAX_FILE_BYTES) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                        "the list of VMs '%s' is larger than %d MiB", path,
                        MAX_FILE_BYTES / 1024 / 1024);
            return NULL;
        }
    }
    if (ferror(stream)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot read the list of VMs '%s': %s", path, g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&text);
}

static GString *
read_file(const char *path, GError **error)
{
    if (g_str_equal(path, "-")) {
        return read_stream(stdin, "standard input", error);
    }

    FILE *stream = g_fopen(path, "re");
    if (stream == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot read the list of VMs '%s': %s", path, g_strerror(errno));
        return NULL;
    }
    GString *text = read_stream(stream, path, error);
    fclose(stream);
    return text;
}

static gboolean
add_lines(GPtrArray *names, const char *path, GError **error)
{
    g_autoptr(GString) text = read_file(path, error);
    if (text == NULL) {
        return FALSE;
    }

    guint number = 1;
    for (const char *at = text->str, *end = at + text->len; at < end; number++) {
        const char *newline = memchr(at, '\n', (gsize)(end - at));
        gsize length = (gsize)((newline == NULL ? end : newline) - at);
        if (length > MAX_LINE_BYTES || memchr(at, '\0', length) != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                        "line %u of the list of VMs '%s' is longer than %d bytes, or is not text",
                        number, path, MAX_LINE_BYTES);
            return FALSE;
        }

        g_autofree char *line = g_strstrip(g_strndup(at, length));
        if (line[0] != '\0' && line[0] != '#') {
            g_ptr_array_add(names, g_steal_pointer(&line));
        }
        at += length + 1;
    }
    return TRUE;
}

/* ---- --all ---- */

/* Returns: (nullable): the address of the first QMP monitor of @vm that clients can connect to */
static const char *
find_monitor(const QblkVmInfo *vm)
{
    for (guint i = 0; i < qblk_vm_info_get_n_monitors(vm); i++) {
        const QblkVmMonitor *monitor = qblk_vm_info_get_monitor(vm, i);
        const char *address = qblk_vm_monitor_get_address(monitor);
        if (qblk_vm_monitor_is_qmp(monitor) && address != NULL) {
            return address;
        }
    }
    return NULL;
}

/* A text that means @vm and nothing else. */
static char *
choose_name(const QblkVms *vms, const QblkVmInfo *vm, const char *address)
{
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, qblk_vm_info_get_pid(vm));
    const char *const names[] = {qblk_vm_info_get_name(vm), pid};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i] != NULL && !qblk_address_has_form(names[i]) &&
            !g_file_test(names[i], G_FILE_TEST_EXISTS) &&
            qblk_vms_lookup(vms, names[i], NULL) == vm) {
            return g_strdup(names[i]);
        }
    }
    return g_strdup(address);
}

static gboolean
add_all(QblkInvocation *invocation, GError **error)
{
    const QblkVms *vms = qblk_vm_argument_find_vms(invocation, error);
    if (vms == NULL) {
        return FALSE;
    }

    for (guint i = 0; i < qblk_vms_get_n_vms(vms); i++) {
        const QblkVmInfo *vm = qblk_vms_get_vm(vms, i);
        const char *address = find_monitor(vm);
        if (address != NULL) {
            g_ptr_array_add(invocation->vm_names, choose_name(vms, vm, address));
        }
    }
    return TRUE;
}

/* ---- arguments ---- */

/* The user may have given the disk first. */
static gboolean
is_swapped(QblkInvocation *invocation)
{
    char *const *words = invocation->arguments;
    if (invocation->count < 2 || strstr(invocation->command->arguments, "DISK") == NULL ||
        qblk_address_has_form(words[0]) || !qblk_vm_argument_is_address(words[1])) {
        return FALSE;
    }

    const QblkVms *vms = qblk_vm_argument_find_vms(invocation, NULL);
    return vms != NULL && !qblk_vms_has(vms, words[0]) &&
           !g_file_test(words[0], G_FILE_TEST_EXISTS);
}

/* Always FALSE. */
static gboolean
refuse_swapped(const QblkInvocation *invocation, GError **error)
{
    g_autofree char *vm = qblk_output_shell_word(invocation->arguments[1]);
    g_autofree char *disk = qblk_output_shell_word(invocation->arguments[0]);

    return qblk_usage_error(error,
                            "invalid VM '%s': the VM is in front of the disk: use 'qblk %s %s %s'",
                            invocation->arguments[0], invocation->command->name, vm, disk);
}

static gboolean
refuse_several(const QblkCommand *command, GError **error)
{
    if (!qblk_vm_argument_is_taken(command)) {
        return qblk_usage_error(error,
                                "options --vm, --vms and --all are not valid for 'qblk %s': the "
                                "command does not use a VM",
                                command->name);
    }
    return qblk_usage_error(error,
                            "'qblk %s' takes one VM: for several use a loop, as in 'for vm in A B; "
                            "do qblk %s \"$vm\" ...; done'",
                            command->name, command->name);
}

/* TRUE if the second argument of a command for one VM can only be another VM. */
static gboolean
has_second_vm(const QblkInvocation *invocation)
{
    const QblkCommand *command = invocation->command;
    GStatBuf info;
    if (invocation->count < 2 || !qblk_vm_argument_is_taken(command) ||
        !qblk_vm_argument_is_address(invocation->arguments[1])) {
        return FALSE;
    }

    /* The DEST of a copy may be the URL of an image. */
    const char *text = invocation->arguments[1];
    if (qblk_text_is_url(text) && !g_str_has_prefix(text, "ssh://")) {
        return FALSE;
    }

    gboolean is_vm = strchr(text, '/') == NULL || strcspn(text, ":") < strcspn(text, "/") ||
                     (g_stat(text, &info) == 0 && S_ISSOCK(info.st_mode));
    gboolean takes_disk = strstr(command->arguments, "DISK") != NULL;
    return invocation->count > command->max_arguments || (takes_disk && is_vm);
}

/* Returns: how many arguments are VMs */
static guint
count_vms(const QblkInvocation *invocation)
{
    guint count = MIN(1, invocation->count);
    switch (invocation->command->vms) {
    case QBLK_COMMAND_ALL_VMS:
        return invocation->count;
    case QBLK_COMMAND_SOME_VMS:
        while (count < invocation->count &&
               qblk_vm_argument_is_address(invocation->arguments[count])) {
            count++;
        }
        return count;
    case QBLK_COMMAND_ONE_VM:
    case QBLK_COMMAND_LISTED_VMS:
        break;
    }
    return count;
}

/* Move the first @count arguments to the names of VMs, and leave one in their place. */
static void
take_arguments(QblkInvocation *invocation, guint count)
{
    char **old = invocation->arguments;
    guint rest = invocation->count - count;
    char **arguments = g_new0(char *, rest + 2);

    for (guint i = 0; i < count; i++) {
        g_ptr_array_add(invocation->vm_names, old[i]);
    }
    arguments[0] = g_strdup("");
    memcpy(arguments + 1, old + count, rest * sizeof(char *));
    g_free(old);
    invocation->arguments = arguments;
    invocation->count = rest + 1;
}

gboolean
qblk_vm_list_set(QblkInvocation *invocation, const QblkVmListOptions *options, GError **error)
{
    const QblkCommand *command = invocation->command;
    gboolean is_given = qblk_vm_list_is_given(options);
    gboolean is_one = command->vms == QBLK_COMMAND_ONE_VM;
    if (!is_given && is_swapped(invocation)) {
        return refuse_swapped(invocation, error);
    }
    if (is_one) {
        return is_given || has_second_vm(invocation) ? refuse_several(command, error) : TRUE;
    }

    gboolean takes_only_vms = command->vms == QBLK_COMMAND_ALL_VMS;
    guint count = is_given && !takes_only_vms ? 0 : count_vms(invocation);
    gboolean is_single = !is_given && count <= 1;
    if (is_single && (command->end_several == NULL || count == 0)) {
        return TRUE;
    }

    invocation->vm_names = g_ptr_array_new_with_free_func(g_free);
    invocation->has_vm_list = options->file != NULL || options->every;
    take_arguments(invocation, count);
    for (char **at = options->names; at != NULL && *at != NULL; at++) {
        g_ptr_array_add(invocation->vm_names, g_strdup(*at));
    }
    if (options->file != NULL && !add_lines(invocation->vm_names, options->file, error)) {
        return FALSE;
    }
    return options->every ? add_all(invocation, error) : TRUE;
}
