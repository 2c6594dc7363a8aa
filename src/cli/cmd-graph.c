/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/print/graph-dot.h"
#include "cli/print/graph-json.h"
#include "cli/print/graph-tree.h"
#include "cli/print/output.h"
#include "cli/vm.h"

void
qblk_cmd_graph_options(QblkInvocation *invocation, GOptionContext *context)
{
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &invocation->graph_format,
         "tree (default), dot, svg or json; of image:PATH also the format of the image", "FORMAT"},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
}

static gboolean
print_tree(QblkInvocation *invocation, const QblkSnapshot *snapshot, GError **error)
{
    qblk_graph_tree(snapshot, invocation->output.text);
    return TRUE;
}

static gboolean
print_dot(QblkInvocation *invocation, const QblkSnapshot *snapshot, GError **error)
{
    qblk_graph_dot(snapshot, invocation->output.text);
    return TRUE;
}

static gboolean
print_svg(QblkInvocation *invocation, const QblkSnapshot *snapshot, GError **error)
{
    return qblk_graph_dot_draw(snapshot, invocation->output.text, error);
}

static gboolean
print_json(QblkInvocation *invocation, const QblkSnapshot *snapshot, GError **error)
{
    qblk_output_json(&invocation->output, qblk_graph_json(snapshot));
    return TRUE;
}

typedef gboolean (*Print)(QblkInvocation *invocation, const QblkSnapshot *snapshot, GError **error);

static const struct {
    const char *name;
    Print print;
} formats[] = {
    {"tree", print_tree},
    {"dot", print_dot},
    {"svg", print_svg},
    {"json", print_json},
};

static Print
find_format(const QblkInvocation *invocation, GError **error)
{
    const char *standard = invocation->output.json ? "json" : "tree";
    const char *name = invocation->graph_format == NULL ? standard : invocation->graph_format;
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, name)) {
            return formats[i].print;
        }
    }
    g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                "there is no graph format '%s': say tree, dot, svg or json", name);
    return NULL;
}

/* `--format qcow2` means the image, as with all other commands: no format of an image is called
 * like one of a graph. */
static void
take_image_format(QblkInvocation *invocation)
{
    if (invocation->graph_format == NULL || invocation->image_format != NULL ||
        !g_str_has_prefix(invocation->arguments[0], "image:")) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, invocation->graph_format)) {
            return;
        }
    }
    invocation->image_format = g_steal_pointer(&invocation->graph_format);
}

gboolean
qblk_cmd_graph(QblkInvocation *invocation, GError **error)
{
    take_image_format(invocation);
    Print print = find_format(invocation, error);
    g_autoptr(QblkVm) vm = print == NULL ? NULL : qblk_vm_open(invocation, error);
    const QblkSnapshot *snapshot = vm == NULL ? NULL : qblk_vm_snapshot(vm, invocation, error);
    return snapshot != NULL && qblk_vm_is_readable(vm, error) && print(invocation, snapshot, error);
}
