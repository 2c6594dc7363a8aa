/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk graph`: all block nodes. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/print/graph-dot.h"
#include "cli/print/graph-tree.h"
#include "cli/print/report.h"
#include "cli/vm.h"

typedef struct {
    char *format;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &options->format,
         "Print tree (default), dot, svg or json; or the format of image:PATH", "FORMAT"},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    g_free(options->format);
}

/* ---- formats ---- */

static gboolean
print_tree(QblkOutput *output, const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
           GError **error)
{
    qblk_graph_tree(snapshot, selection, output->text);
    return TRUE;
}

static gboolean
print_dot(QblkOutput *output, const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
          GError **error)
{
    output->is_data = TRUE;
    qblk_graph_dot(snapshot, selection, output->text);
    return TRUE;
}

static gboolean
print_svg(QblkOutput *output, const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
          GError **error)
{
    output->is_data = TRUE;
    return qblk_graph_dot_draw(snapshot, selection, output->text, error);
}

static gboolean
print_json(QblkOutput *output, const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
           GError **error)
{
    QblkJson *graph = qblk_report_parse(qblk_snapshot_to_json(snapshot));

    qblk_graph_selection_reduce(selection, snapshot, graph);
    qblk_output_json(output, graph);
    return TRUE;
}

typedef gboolean (*PrintFunction)(QblkOutput *output, const QblkSnapshot *snapshot,
                                  const QblkGraphSelection *selection, GError **error);

typedef struct {
    const char *name;
    PrintFunction print;
    QblkHeadingForm form; /* of several VMs */
} Format;

/* Returns: (nullable) */
static const Format *
find_format(const char *name)
{
    static const Format formats[] = {
        {"tree", print_tree, QBLK_HEADING_TEXT},
        {"dot", print_dot, QBLK_HEADING_DOT},
        {"svg", print_svg, QBLK_HEADING_XML},
        {"json", print_json, QBLK_HEADING_JSON},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, name)) {
            return &formats[i];
        }
    }
    return NULL;
}

/* `--format qcow2` is the format of image:PATH, as for all other commands: no image format has the
 * name of a graph format. */
static gboolean
is_image_format(const QblkInvocation *invocation, const char *format)
{
    return qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_IMAGE &&
           invocation->image_format == NULL && find_format(format) == NULL;
}

static PrintFunction
choose_format(QblkInvocation *invocation, GError **error)
{
    Options *options = invocation->options;

    if (options->format != NULL && is_image_format(invocation, options->format)) {
        g_free(invocation->image_format);
        invocation->image_format = g_strdup(options->format); /* other VMs may need it, too */
        return invocation->output.json ? print_json : print_tree;
    }
    if (options->format == NULL) {
        return invocation->output.json ? print_json : print_tree;
    }

    const Format *format = find_format(options->format);
    if (format == NULL) {
        (void)qblk_usage_error(error, "unknown graph format '%s': use tree, dot, svg or json",
                               options->format);
    }
    return format == NULL ? NULL : format->print;
}

static gboolean
begin_several(const QblkInvocation *invocation, QblkHeadingForm *form, GError **error)
{
    const Options *options = invocation->options;
    const Format *format = options->format == NULL ? NULL : find_format(options->format);
    if (format != NULL) {
        *form = format->form;
    }
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    PrintFunction print = choose_format(invocation, error);
    if (print == NULL) {
        return FALSE;
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    const QblkSnapshot *snapshot = qblk_vm_get_snapshot(vm, error);
    if (snapshot == NULL || !qblk_vm_check_readable(vm, error)) {
        return FALSE;
    }

    g_autoptr(GError) cause = NULL;
    const char *const *disks = (const char *const *)invocation->arguments + 1;
    g_autoptr(QblkGraphSelection) selection = qblk_graph_selection_new(snapshot, disks, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return print(&invocation->output, snapshot, selection, error);
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
