/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk graph`: all block nodes, as a tree, as JSON or as a picture. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/print/graph-dot.h"
#include "cli/print/graph-tree.h"
#include "cli/print/output-file.h"
#include "cli/print/picture-graph.h"
#include "cli/print/picture-layout.h"
#include "cli/print/picture-png.h"
#include "cli/print/picture-svg.h"
#include "cli/print/report.h"
#include "cli/vm.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    char *format;
    char *theme;
    char *output;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &options->format,
         "Print tree (default), svg, png, dot or json; or that of image:PATH",
         "tree|svg|png|dot|json"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output,
         "Write to FILE, which is replaced as a whole", "FILE"},
        {"theme", 0, 0, G_OPTION_ARG_STRING, &options->theme,
         "Colors of svg and png: light, dark or auto (default)", "auto|light|dark"},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    g_free(options->format);
    g_free(options->theme);
    g_free(options->output);
}

/* "-" is standard output. */
static gboolean
has_file(const Options *options)
{
    return options->output != NULL && !g_str_equal(options->output, "-");
}

/* ---- formats ---- */

typedef struct {
    QblkInvocation *invocation;
    const QblkSnapshot *snapshot;
    const QblkGraphSelection *selection; /* nullable */
    QblkPictureTheme theme;
} Request;

static gboolean
print_tree(const Request *request, GString *out, GError **error)
{
    const QblkTerminal *terminal = &request->invocation->output.terminal;
    const QblkTerminal file = {.is_utf8 = terminal->is_utf8};
    gboolean is_for_file = has_file(request->invocation->options);

    qblk_graph_tree(request->snapshot, request->selection, is_for_file ? &file : terminal, out);
    if (out->len == 0) {
        g_string_append(out, "no block nodes\n");
    }
    return TRUE;
}

static QblkPicture *
make_picture(const Request *request, GError **error)
{
    const char *vm = qblk_address_get_text(request->invocation->address);

    return qblk_picture_of_graph(request->snapshot, request->selection, vm, error);
}

static gboolean
print_dot(const Request *request, GString *out, GError **error)
{
    g_autoptr(QblkPicture) picture = make_picture(request, error);
    if (picture == NULL) {
        return FALSE;
    }

    qblk_graph_dot(picture, out);
    return TRUE;
}

static gboolean
print_svg(const Request *request, GString *out, GError **error)
{
    g_autoptr(QblkPicture) picture = make_picture(request, error);
    if (picture == NULL) {
        return FALSE;
    }

    qblk_picture_lay_out(picture);
    qblk_picture_svg(picture, request->theme, out);
    return TRUE;
}

static gboolean
print_png(const Request *request, GString *out, GError **error)
{
    g_autoptr(QblkPicture) picture = make_picture(request, error);
    if (picture == NULL) {
        return FALSE;
    }

    qblk_picture_lay_out(picture);
    return qblk_picture_png(picture, request->theme, out, error);
}

static gboolean
print_json(const Request *request, GString *out, GError **error)
{
    QblkJson *graph = qblk_report_parse(qblk_snapshot_to_json(request->snapshot));

    qblk_graph_selection_reduce(request->selection, request->snapshot, graph);
    qblk_output_json(&request->invocation->output, graph);
    return TRUE;
}

typedef struct {
    const char *name;
    gboolean (*print)(const Request *request, GString *out, GError **error);
    QblkHeadingForm form; /* of several VMs */
    gboolean has_theme;
    gboolean is_binary;
} Format;

static const Format formats[] = {
    {"tree", print_tree, QBLK_HEADING_TEXT, FALSE, FALSE},
    {"dot", print_dot, QBLK_HEADING_DOT, FALSE, FALSE},
    {"svg", print_svg, QBLK_HEADING_NONE, TRUE, FALSE},
    {"png", print_png, QBLK_HEADING_NONE, TRUE, TRUE},
    {"json", print_json, QBLK_HEADING_JSON, FALSE, FALSE},
};

/* Returns: (nullable) */
static const Format *
find_format(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, name)) {
            return &formats[i];
        }
    }
    return NULL;
}

/* The format that the extension of --output means, or the default. */
static const Format *
default_format(const QblkInvocation *invocation)
{
    const Options *options = invocation->options;
    const char *dot = options->output == NULL ? NULL : strrchr(options->output, '.');
    const Format *named = dot == NULL ? NULL : find_format(dot + 1);

    if (invocation->output.json || named == NULL) {
        return find_format(invocation->output.json ? "json" : "tree");
    }
    return named;
}

/* `--format qcow2` is the format of image:PATH, as for all other commands: no image format has the
 * name of a graph format. */
static gboolean
is_image_format(const QblkInvocation *invocation, const char *format)
{
    return qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_IMAGE &&
           invocation->image_format == NULL && find_format(format) == NULL;
}

static const Format *
choose_format(QblkInvocation *invocation, GError **error)
{
    Options *options = invocation->options;

    if (options->format != NULL && is_image_format(invocation, options->format)) {
        g_free(invocation->image_format);
        invocation->image_format = g_strdup(options->format); /* other VMs may need it, too */
        return default_format(invocation);
    }
    if (options->format == NULL) {
        return default_format(invocation);
    }

    const Format *format = find_format(options->format);
    if (format == NULL) {
        (void)qblk_usage_error(error, "unknown graph format '%s': use tree, svg, png, dot or json",
                               options->format);
    }
    return format;
}

/* ---- options ---- */

static gboolean
check_options(const Options *options, const Format *format, QblkPictureTheme *theme, GError **error)
{
    if (options->theme != NULL && !qblk_picture_theme_parse(options->theme, theme)) {
        return qblk_usage_error(error, "unknown theme '%s': use light, dark or auto",
                                options->theme);
    }
    if (options->theme != NULL && !format->has_theme) {
        return qblk_usage_error(error, "option --theme needs --format svg or --format png");
    }
    if (format->is_binary && !has_file(options) && isatty(STDOUT_FILENO)) {
        return qblk_usage_error(error, "a PNG is not written to a terminal: redirect standard "
                                       "output, or use --output FILE");
    }
    return TRUE;
}

/* One picture has one VM, and so has a file. */
static gboolean
begin_several(const QblkInvocation *invocation, QblkHeadingForm *form, GError **error)
{
    const Options *options = invocation->options;
    const Format *format =
        options->format == NULL ? default_format(invocation) : find_format(options->format);
    gboolean are_several = invocation->each->len > 1;

    if (are_several && has_file(options)) {
        return qblk_usage_error(error, "option --output takes one VM: use it once for each VM");
    }
    if (are_several && format != NULL && format->has_theme) {
        return qblk_usage_error(error, "a picture shows one VM: run the command once for each VM");
    }
    if (format != NULL && options->format != NULL) {
        *form = format->form;
    }
    return TRUE;
}

/* To the file of --output, if it was given. */
static gboolean
write_file(const Options *options, GString *text, GError **error)
{
    if (!has_file(options)) {
        return TRUE;
    }

    gboolean done = qblk_output_file_replace(options->output, text, error);
    g_string_truncate(text, 0);
    return done;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    QblkOutput *output = &invocation->output;
    Request request = {.invocation = invocation, .theme = QBLK_PICTURE_THEME_AUTO};
    const Format *format = choose_format(invocation, error);
    if (format == NULL || !check_options(options, format, &request.theme, error)) {
        return FALSE;
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    request.snapshot = qblk_vm_get_snapshot(vm, error);
    if (request.snapshot == NULL || !qblk_vm_check_readable(vm, error)) {
        return FALSE;
    }

    g_autoptr(GError) cause = NULL;
    const char *const *disks = (const char *const *)invocation->arguments + 1;
    g_autoptr(QblkGraphSelection) selection =
        qblk_graph_selection_new(request.snapshot, disks, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }

    request.selection = selection;
    output->is_data = format->form != QBLK_HEADING_TEXT;
    return format->print(&request, output->text, error) && write_file(options, output->text, error);
}

const QblkCommand qblk_cmd_graph = {
    .name = "graph",
    .arguments = "VM... [DISK...]",
    .summary = "Show all block nodes",
    .description = "That includes filters, the nodes of jobs and nodes that no disk uses.",
    .example = "qblk graph /run/vm1.qmp",
    .group = QBLK_COMMAND_LOOKS,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_SOME_VMS,
    .own_format = TRUE,
    .only_reads = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .begin_several = begin_several,
    .run = run,
};
