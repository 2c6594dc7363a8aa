/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/global-options.h"

#include "cli/command.h"
#include "cli/exit-code.h"

#include <qblk/domain.h>

/* A reply is held in memory, as bytes and as JSON values. */
#define MAX_REPLY_MIB 4096

#define DEFAULT_TIMEOUT_MS 5000

#define NO_TIMEOUT   (-G_MAXDOUBLE)
#define NO_MAX_REPLY G_MININT64

void
qblk_global_options_init(QblkGlobalOptions *options)
{
    *options = (QblkGlobalOptions){.timeout = NO_TIMEOUT, .max_reply = NO_MAX_REPLY};
}

void
qblk_global_options_clear(QblkGlobalOptions *options)
{
    g_strfreev(options->targets);
    g_strfreev(options->secrets);
    g_strfreev(options->backing_formats);
    g_free(options->domain);
    g_free(options->expect);
    g_free(options->edges);
    g_free(options->color);
    g_free(options->format);
    qblk_vm_list_options_clear(&options->vms);
}

/* ---- those before and after the command ---- */

static void
merge_text(char **text, char **front)
{
    if (*text == NULL) {
        *text = g_steal_pointer(front);
    }
}

static void
merge_list(char ***targets, char **front)
{
    if (front == NULL) {
        return;
    }

    g_autoptr(GPtrArray) all = g_ptr_array_new();
    char **const lists[] = {front, *targets};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (char **at = lists[i]; at != NULL && *at != NULL; at++) {
            g_ptr_array_add(all, *at);
        }
    }
    g_ptr_array_add(all, NULL);

    g_free(front);
    g_free(*targets);
    *targets = (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

void
qblk_global_options_merge(QblkGlobalOptions *options, QblkGlobalOptions *front)
{
    options->json = options->json || front->json;
    options->verbose = options->verbose || front->verbose;
    options->wide = options->wide || front->wide;

    if (options->timeout == NO_TIMEOUT) {
        options->timeout = front->timeout;
    }
    if (options->max_reply == NO_MAX_REPLY) {
        options->max_reply = front->max_reply;
    }

    merge_text(&options->domain, &front->domain);
    merge_text(&options->expect, &front->expect);
    merge_text(&options->edges, &front->edges);
    merge_text(&options->color, &front->color);
    merge_text(&options->format, &front->format);
    merge_list(&options->backing_formats, g_steal_pointer(&front->backing_formats));
    merge_list(&options->secrets, g_steal_pointer(&front->secrets));
    merge_list(&options->targets, g_steal_pointer(&front->targets));
    merge_list(&options->vms.names, g_steal_pointer(&front->vms.names));
    merge_text(&options->vms.file, &front->vms.file);
    options->vms.every = options->vms.every || front->vms.every;
}

/* ---- options that the command or the VM does not support ---- */

/* A domain has no nodes. */
static gboolean
check_domain(const QblkGlobalOptions *options, const QblkInvocation *invocation, GError **error)
{
    const QblkAddress *address = invocation->address;
    const struct {
        const char *name;
        gboolean is_given;
    } entries[] = {
        {"--target", options->targets != NULL},
        {"--domain", options->domain != NULL},
        {"--edges", options->edges != NULL},
    };

    if (address == NULL || qblk_address_get_kind(address) != QBLK_ADDRESS_KIND_DOMAIN) {
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
        if (entries[i].is_given) {
            return qblk_usage_error(error,
                                    "option %s is not valid for '%s': it needs a QEMU or a capture",
                                    entries[i].name, qblk_address_get_text(address));
        }
    }
    return TRUE;
}

/* Check an option of image:PATH.  @value: that was given, NULL if it was not */
static gboolean
check_of_image(const char *name, const char *value, const QblkInvocation *invocation,
               GError **error)
{
    const QblkAddress *address = invocation->address;

    if (value == NULL) {
        return TRUE;
    }
    if (invocation->vm_names != NULL) { /* it is checked for each of them */
        return TRUE;
    }
    if (address == NULL || qblk_address_get_kind(address) != QBLK_ADDRESS_KIND_IMAGE) {
        return qblk_usage_error(error, "option %s '%s' needs a VM of the form image:PATH", name,
                                value);
    }

    return TRUE;
}

static gboolean
check_formats(const QblkGlobalOptions *options, const QblkInvocation *invocation, GError **error)
{
    const char *backing = options->backing_formats == NULL ? NULL : options->backing_formats[0];

    return check_of_image("--format", options->format, invocation, error) &&
           check_of_image("--backing-format", backing, invocation, error);
}

static gboolean
check_secrets(const QblkGlobalOptions *options, const QblkInvocation *invocation, GError **error)
{
    const QblkAddress *address = invocation->address;
    gboolean is_image =
        address != NULL && qblk_address_get_kind(address) == QBLK_ADDRESS_KIND_IMAGE;

    if (options->secrets == NULL || is_image || invocation->vm_names != NULL) {
        return TRUE;
    }
    if (invocation->command->changes) {
        return qblk_usage_error(error,
                                "option --secret is for image:PATH before the command: specify it "
                                "after 'qblk %s'",
                                invocation->command->name);
    }
    return qblk_usage_error(error, "option --secret needs a VM of the form image:PATH");
}

static gboolean
check_expect(const QblkGlobalOptions *options, const QblkInvocation *invocation, GError **error)
{
    const QblkCommand *command = invocation->command;
    /* The second argument of a command that changes one disk is always the disk. */
    gboolean is_of_one = command->changes && command->max_arguments != QBLK_COMMAND_ANY_NUMBER;
    gboolean names_one_disk = is_of_one ? invocation->count >= 2 : invocation->count == 2;

    if (options->expect == NULL || names_one_disk) {
        return TRUE;
    }
    return qblk_usage_error(error, "option --expect of 'qblk %s' needs exactly one disk",
                            command->name);
}

/* A domain XML and a fingerprint are of one VM. */
static gboolean
check_several(const QblkGlobalOptions *options, const QblkInvocation *invocation, GError **error)
{
    const char *name = options->domain != NULL ? "--domain" : "--expect";
    if (invocation->vm_names == NULL || (options->domain == NULL && options->expect == NULL)) {
        return TRUE;
    }
    return qblk_usage_error(error, "option %s needs one VM: run 'qblk %s' for each of them", name,
                            invocation->command->name);
}

/* ---- values ---- */

static gboolean
apply_limits(const QblkGlobalOptions *options, QblkInvocation *invocation, GError **error)
{
    gboolean has_timeout = options->timeout != NO_TIMEOUT;
    gboolean has_max_reply = options->max_reply != NO_MAX_REPLY;

    if (has_timeout && !(options->timeout >= 0.001 && options->timeout <= 86400)) {
        return qblk_usage_error(error, "invalid --connect-timeout: use 0.001 to 86400 seconds");
    }
    if (has_max_reply && (options->max_reply < 1 || options->max_reply > MAX_REPLY_MIB)) {
        return qblk_usage_error(error, "invalid --max-reply: use 1 to %d MiB", MAX_REPLY_MIB);
    }

    invocation->timeout_ms = has_timeout ? (int)(options->timeout * 1000) : DEFAULT_TIMEOUT_MS;
    invocation->reply_limit = has_max_reply ? (gsize)options->max_reply * 1024 * 1024 : 0;
    return TRUE;
}

static gboolean
apply_targets(const QblkGlobalOptions *options, QblkInvocation *invocation, GError **error)
{
    for (char **at = options->targets; at != NULL && *at != NULL; at++) {
        g_autoptr(GError) cause = NULL;

        if (!qblk_snapshot_options_add_target(invocation->snapshot_options, *at, &cause)) {
            return qblk_usage_error(error, "%s", cause->message);
        }
    }

    return TRUE;
}

static gboolean
apply_edges(const QblkGlobalOptions *options, QblkInvocation *invocation, GError **error)
{
    static const QblkEdgeSource sources[] = {
        QBLK_EDGE_SOURCE_CHILDREN,
        QBLK_EDGE_SOURCE_DEBUG,
        QBLK_EDGE_SOURCE_BLOCKSTATS,
    };

    if (options->edges == NULL) {
        return TRUE;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (g_str_equal(qblk_edge_source_name(sources[i]), options->edges)) {
            qblk_snapshot_options_set_edge_source(invocation->snapshot_options, sources[i]);
            return TRUE;
        }
    }

    return qblk_usage_error(error, "invalid --edges '%s': use children, debug-graph or blockstats",
                            options->edges);
}

static gboolean
apply_domain(const QblkGlobalOptions *options, QblkInvocation *invocation, GError **error)
{
    if (options->domain == NULL) {
        return TRUE;
    }

    invocation->domain = qblk_domain_read_file(options->domain, error);
    if (invocation->domain == NULL) {
        return FALSE;
    }

    qblk_domain_name_disks(invocation->domain, invocation->snapshot_options);
    return TRUE;
}

static gboolean
apply_terminal(const QblkGlobalOptions *options, QblkInvocation *invocation, GError **error)
{
    QblkTerminalChoice choice;
    qblk_terminal_choice_init(&choice);
    choice.is_wide = options->wide;

    const char *color = g_strcmp0(options->color, "") == 0 ? "always" : options->color;
    if (color != NULL && !qblk_color_parse(color, &choice.color)) {
        return qblk_usage_error(error, "invalid --color '%s': use auto, always or never",
                                options->color);
    }

    qblk_output_set_terminals(&invocation->output, &choice);
    return TRUE;
}

static void
append_option(GString *text, const char *name, const char *value)
{
    g_autofree char *word = qblk_output_shell_word(value);
    g_string_append_printf(text, " %s %s", name, word);
}

/* The commands that qblk prints have to find the disk by the same name. */
static char *
quote_naming(const QblkGlobalOptions *options)
{
    GString *text = g_string_new(NULL);

    for (char **at = options->targets; at != NULL && *at != NULL; at++) {
        append_option(text, "--target", *at);
    }
    if (options->domain != NULL) {
        append_option(text, "--domain", options->domain);
    }

    return g_string_free(text, FALSE);
}

gboolean
qblk_global_options_apply(const QblkGlobalOptions *options, QblkInvocation *invocation,
                          GError **error)
{
    static gboolean (*const steps[])(const QblkGlobalOptions *options, QblkInvocation *invocation,
                                     GError **error) = {
        apply_terminal, apply_limits, apply_targets, apply_edges, apply_domain,
    };

    if (!check_several(options, invocation, error) || !check_expect(options, invocation, error) ||
        !check_domain(options, invocation, error) || !check_formats(options, invocation, error) ||
        !check_secrets(options, invocation, error)) {
        return FALSE;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (!steps[i](options, invocation, error)) {
            return FALSE;
        }
    }

    invocation->output.json = options->json;
    invocation->verbose = options->verbose;
    invocation->naming = quote_naming(options);
    invocation->expect = g_strdup(options->expect);
    invocation->image_format = g_strdup(options->format);
    invocation->backing_formats = g_strdupv(options->backing_formats);
    invocation->secrets = g_strdupv(options->secrets);
    return TRUE;
}
