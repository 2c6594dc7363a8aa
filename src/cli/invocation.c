/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/invocation.h"

#include "base/limits.h"
#include "cli/command.h"
#include "cli/input.h"
#include "graph/snapshot-options.h"

#include <qblk/domain.h>
#include <stdlib.h>
#include <string.h>

G_DEFINE_QUARK(qblk_invocation_error, qblk_invocation_error)

/* Every byte of a reply is held in memory, and as values several times over. */
#define LARGEST_REPLY_MIB 4096

#define UNSAID_SECONDS (-G_MAXDOUBLE)

/* Options as they stand on the command line, before they mean something. */
typedef struct {
    gboolean version;
    double timeout;
    gint64 max_reply;     /* MiB */
    char **front_targets; /* before the command; each list replaces the one before */
    char **targets;
    char *domain;
    char *edges;
} Raw;

static void
raw_clear(Raw *raw)
{
    g_strfreev(raw->front_targets);
    g_strfreev(raw->targets);
    g_free(raw->domain);
    g_free(raw->edges);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Raw, raw_clear)

static char *
describe_commands(void)
{
    GString *text = g_string_new("Commands:\n");
    for (const QblkCommand *at = qblk_command_all(); at->name != NULL; at++) {
        g_autofree char *call = g_strdup_printf("%s %s", at->name, at->arguments);
        g_string_append_printf(text, "  %-26s %s\n", call, at->summary);
    }
    g_string_append(
        text, "\nVM is one of\n"
              "  PATH, unix:PATH            the QMP socket of a running QEMU (a PATH has a '/')\n"
              "  tcp:HOST:PORT              a QMP monitor over TCP\n"
              "  fd:N                       an inherited, connected socket\n"
              "  image:PATH                 an image, in use or not; its disk is vda\n"
              "  capture:FILE               what 'qblk capture' wrote; - is standard input\n"
              "  domain:FILE                the disks of a libvirt domain; - is standard input\n"
              "\nA layer is named by its disk and index (vda[2]; vda is the active layer), by the\n"
              "path of its image, or as node:NAME.\n"
              "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 no such disk or layer, 4 refused "
              "because\nunsafe or changed, 5 no connection, 6 the block job failed.\n");
    return g_string_free(text, FALSE);
}

/* GOption's messages begin with a capital. */
static gboolean
usage_of(const char *command, GError *cause, GError **error)
{
    cause->message[0] = g_ascii_tolower(cause->message[0]);
    return qblk_invocation_usage(error, "%s; see 'qblk %s--help'", cause->message, command);
}

/* What stands before the command is for qblk itself.  What stands after a command that changes a VM
 * is for that, and means what it means to virsh. */
static void
add_time_and_noise(QblkInvocation *invocation, Raw *raw, gboolean is_of_job,
                   GOptionContext *context)
{
    const GOptionEntry own[] = {
        {"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &raw->timeout,
         "Wait so long for QEMU (default: 5)", "SECONDS"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &invocation->verbose,
         "Show what is said to QEMU and back on stderr", NULL},
        {NULL},
    };
    const GOptionEntry job[] = {
        {"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &invocation->job.time_limit,
         "Give up if it takes longer; 'qblk --timeout' is for the connection", "SECONDS"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &invocation->job.verbose,
         "Show how far it is; 'qblk -v' shows what is said to QEMU", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, is_of_job ? job : own, NULL);
}

static GOptionContext *
new_context(QblkInvocation *invocation, Raw *raw, const QblkCommand *command)
{
    const GOptionEntry entries[] = {
        {"json", 'j', 0, G_OPTION_ARG_NONE, &invocation->output.json, "Print JSON", NULL},
        {"max-reply", 0, 0, G_OPTION_ARG_INT64, &raw->max_reply,
         "Take replies of up to so much from QEMU (default: 64)", "MIB"},
        {"target", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->targets,
         "Give a disk its name; DEVICE is a qdev id, drive or node", "NAME=DEVICE"},
        {"domain", 0, 0, G_OPTION_ARG_FILENAME, &raw->domain,
         "Take the names of disks from a libvirt domain", "FILE"},
        {"expect", 0, 0, G_OPTION_ARG_STRING, &invocation->expect,
         "Refuse if the disk's chain is another one now", "FINGERPRINT"},
        {"edges", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &raw->edges,
         "Where to take edges from: children, debug-graph, blockstats", "SOURCE"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &raw->version, "Print the version", NULL},
        {NULL},
    };
    const GOptionEntry format[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &invocation->image_format,
         "The format of image:PATH, such as qcow2", "FORMAT"},
        {NULL},
    };
    GOptionContext *context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    add_time_and_noise(invocation, raw, command != NULL && command->changes, context);
    if (command != NULL && command->options != NULL) {
        command->options(invocation, context);
    }
    if (command == NULL || !command->own_format) {
        g_option_context_add_main_entries(context, format, NULL);
    }
    return context;
}

/* Options before the command's name. */
static gboolean
parse_front(QblkInvocation *invocation, Raw *raw, char ***argv, GError **error)
{
    g_autoptr(GOptionContext) context = new_context(invocation, raw, NULL);
    g_autofree char *commands = describe_commands();
    g_autofree char *help = NULL;
    g_autoptr(GError) cause = NULL;
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_set_summary(context, "Looks at the block layer of running QEMU guests.");
    g_option_context_set_description(context, commands);
    g_set_prgname("qblk COMMAND VM [ARGUMENT...]");
    gboolean parsed = g_option_context_parse_strv(context, argv, &cause);
    g_set_prgname("qblk");
    return parsed || usage_of("", cause, error);
}

/* Options after the command's name, its own among them. */
static gboolean
parse_back(QblkInvocation *invocation, Raw *raw, char ***argv, GError **error)
{
    const QblkCommand *command = invocation->command;
    g_autoptr(GOptionContext) context = new_context(invocation, raw, command);
    g_autoptr(GError) cause = NULL;
    g_autofree char *name = g_strdup_printf("qblk %s %s", command->name, command->arguments);
    g_option_context_set_summary(context, command->summary);
    g_set_prgname(name);
    gboolean parsed = g_option_context_parse_strv(context, argv, &cause);
    g_set_prgname("qblk");
    g_autofree char *prefix = g_strconcat(command->name, " ", NULL);
    return parsed || usage_of(prefix, cause, error);
}

/* GOption frees what it replaces only within one context. */
static gboolean
parse_back_over_front(QblkInvocation *invocation, Raw *raw, char ***argv, GError **error)
{
    char **const slots[] = {&raw->domain, &raw->edges, &invocation->expect,
                            &invocation->image_format};
    char *front[G_N_ELEMENTS(slots)];
    for (gsize i = 0; i < G_N_ELEMENTS(slots); i++) {
        front[i] = g_steal_pointer(slots[i]);
    }
    raw->front_targets = g_steal_pointer(&raw->targets);
    gboolean parsed = parse_back(invocation, raw, argv, error);
    for (gsize i = 0; i < G_N_ELEMENTS(slots); i++) {
        if (*slots[i] == NULL) {
            *slots[i] = front[i];
        } else {
            g_free(front[i]);
        }
    }
    return parsed;
}

/* Formats are said for images only. */
static gboolean
check_format(const QblkInvocation *invocation, GError **error)
{
    gboolean is_image =
        invocation->count > 0 && g_str_has_prefix(invocation->arguments[0], "image:");
    return invocation->image_format == NULL || is_image ||
           qblk_invocation_usage(error,
                                 "--format '%s' says the format of image:PATH, and this VM is none",
                                 invocation->image_format);
}

static gboolean
check_arguments(QblkInvocation *invocation, char **argv, GError **error)
{
    const QblkCommand *command = invocation->command;
    char **rest = argv + 1;
    if (rest[0] != NULL && g_str_equal(rest[0], "--")) {
        rest++;
    }
    invocation->arguments = g_strdupv(rest);
    invocation->count = g_strv_length(rest);
    if (invocation->count < command->least || invocation->count > command->most) {
        return qblk_invocation_usage(error, "usage: qblk %s %s", command->name, command->arguments);
    }
    /* A command that changes a disk has its name second, whatever comes after it. */
    gboolean has_one_disk =
        command->one_disk && (command->changes ? invocation->count >= 2 : invocation->count == 2);
    if (invocation->expect != NULL && !has_one_disk) {
        return qblk_invocation_usage(
            error, "--expect needs one disk to look at, and 'qblk %s' was given %s", command->name,
            invocation->count > 2 ? "several" : "none");
    }
    return TRUE;
}

static gboolean
set_edges(QblkInvocation *invocation, const char *name, GError **error)
{
    static const struct {
        const char *name;
        QblkEdgeSource source;
    } sources[] = {
        {"children", QBLK_EDGES_CHILDREN},
        {"debug-graph", QBLK_EDGES_DEBUG},
        {"blockstats", QBLK_EDGES_STATS},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (g_str_equal(sources[i].name, name)) {
            invocation->snapshot_options->edges = sources[i].source;
            return TRUE;
        }
    }
    return qblk_invocation_usage(
        error, "'%s' is no source of edges: say children, debug-graph or blockstats", name);
}

static gboolean
add_domain(QblkInvocation *invocation, const char *file, GError **error)
{
    gsize length;
    g_autofree char *text = qblk_input_read(file, QBLK_LIMIT_XML_BYTES, &length, error);
    if (text == NULL) {
        return FALSE;
    }
    invocation->domain = qblk_domain_read(text, length, error);
    if (invocation->domain == NULL ||
        !qblk_domain_name_disks(invocation->snapshot_options, text, length, error)) {
        g_prefix_error(error, "domain '%s': ", file);
        return FALSE;
    }
    return TRUE;
}

static gboolean
add_targets(QblkInvocation *invocation, char **targets, GError **error)
{
    for (guint i = 0; targets != NULL && targets[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        if (!qblk_snapshot_options_add_target(invocation->snapshot_options, targets[i], &cause)) {
            return qblk_invocation_usage(error, "%s", cause->message);
        }
    }
    return TRUE;
}

static gboolean
asks_vm(const QblkCommand *command)
{
    return strstr(command->arguments, "VM") != NULL;
}

/* What would have no effect is not passed over: a document names its disks itself, and has no edges
 * to take from anywhere. */
static gboolean
check_effects(const QblkInvocation *invocation, const Raw *raw, GError **error)
{
    const struct {
        const char *name;
        gboolean given, is_of_graph;
    } options[] = {{"--target", raw->targets != NULL || raw->front_targets != NULL, TRUE},
                   {"--domain", raw->domain != NULL, TRUE},
                   {"--edges", raw->edges != NULL, TRUE},
                   {"--format", invocation->image_format != NULL, FALSE},
                   {"--timeout", raw->timeout != UNSAID_SECONDS, FALSE},
                   {"--max-reply", raw->max_reply != QBLK_INVOCATION_UNSET, FALSE}};
    gboolean asks = asks_vm(invocation->command);
    gboolean is_domain =
        invocation->count > 0 && g_str_has_prefix(invocation->arguments[0], "domain:");
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        if (options[i].given && !asks) {
            return qblk_invocation_usage(
                error, "%s is for commands that ask a VM, and 'qblk %s' asks none", options[i].name,
                invocation->command->name);
        }
        if (options[i].given && g_str_equal(options[i].name, "--format") &&
            g_str_equal(invocation->command->name, "recover")) {
            return qblk_invocation_usage(
                error,
                "--format is for what is read of an image, and 'qblk recover' reads what was "
                "written down of it");
        }
        if (options[i].given && is_domain && options[i].is_of_graph) {
            return qblk_invocation_usage(
                error, "%s is for disks of a QEMU or capture, and '%s' is a document",
                options[i].name, invocation->arguments[0]);
        }
    }
    return TRUE;
}

static gboolean
set_limits(QblkInvocation *invocation, const Raw *raw, GError **error)
{
    gboolean has_timeout = raw->timeout != UNSAID_SECONDS;
    gboolean has_limit = raw->max_reply != QBLK_INVOCATION_UNSET;
    if (has_timeout && !(raw->timeout >= 0.001 && raw->timeout <= 86400)) {
        return qblk_invocation_usage(error, "--timeout takes seconds from 0.001 to 86400");
    }
    if (has_limit && (raw->max_reply < 1 || raw->max_reply > LARGEST_REPLY_MIB)) {
        return qblk_invocation_usage(error, "--max-reply takes MiB from 1 to %d",
                                     LARGEST_REPLY_MIB);
    }
    invocation->timeout_ms = has_timeout ? (int)(raw->timeout * 1000) : QBLK_DEFAULT_TIMEOUT_MS;
    invocation->reply_limit =
        has_limit ? (gsize)raw->max_reply * 1024 * 1024 : QBLK_LIMIT_REPLY_BYTES;
    return TRUE;
}

/* What the options mean. */
static gboolean
apply(QblkInvocation *invocation, const Raw *raw, GError **error)
{
    if (!set_limits(invocation, raw, error) ||
        !add_targets(invocation, raw->front_targets, error) ||
        !add_targets(invocation, raw->targets, error)) {
        return FALSE;
    }
    if (raw->edges != NULL && !set_edges(invocation, raw->edges, error)) {
        return FALSE;
    }
    return raw->domain == NULL || add_domain(invocation, raw->domain, error);
}

static void
print_version(const Raw *raw)
{
    if (raw->version) {
        g_print("qblk " QBLK_VERSION "\n");
        exit(0);
    }
}

gboolean
qblk_invocation_parse(QblkInvocation *invocation, int argc, char **argv, GError **error)
{
    g_auto(Raw) raw = {.timeout = UNSAID_SECONDS, .max_reply = QBLK_INVOCATION_UNSET};
    /* GOption moves pointers in the array it parses, so what is freed has to be another one. */
    g_auto(GStrv) words = g_strdupv(argv);
    qblk_output_init(&invocation->output);
    invocation->job.bandwidth = QBLK_INVOCATION_UNSET;
    invocation->snapshot_options = qblk_snapshot_options_new();

    if (!parse_front(invocation, &raw, &words, error)) {
        return FALSE;
    }
    print_version(&raw);
    if (words[1] == NULL) {
        return qblk_invocation_usage(error, "no command given; see 'qblk --help'");
    }
    invocation->command = qblk_command_find(words[1]);
    if (invocation->command == NULL) {
        return qblk_invocation_usage(error, "there is no command '%s'; see 'qblk --help'",
                                     words[1]);
    }
    invocation->output.command = invocation->command->name;
    g_auto(GStrv) rest = g_strdupv(words + 1);
    if (!parse_back_over_front(invocation, &raw, &rest, error)) {
        return FALSE;
    }
    print_version(&raw);
    return check_arguments(invocation, rest, error) && check_effects(invocation, &raw, error) &&
           check_format(invocation, error) && apply(invocation, &raw, error);
}

void
qblk_invocation_clear(QblkInvocation *invocation)
{
    g_strfreev(invocation->arguments);
    g_free(invocation->state_dir);
    g_free(invocation->expect);
    g_free(invocation->image_format);
    g_clear_pointer(&invocation->domain, g_ptr_array_unref);
    g_free(invocation->graph_format);
    g_free(invocation->job.base);
    g_free(invocation->job.top);
    g_free(invocation->job.format);
    g_clear_pointer(&invocation->snapshot_options, qblk_snapshot_options_free);
    qblk_output_clear(&invocation->output);
}
