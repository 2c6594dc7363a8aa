/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/chain-text.h"

#include "base/text.h"
#include "cli/print/layer-text.h"
#include "cli/print/report.h"
#include "cli/print/table.h"

static const QblkTableColumn columns[] = {
    {.head = "LAYER"},
    {.head = "FORMAT", .leaves = 3},
    {.head = "SIZE", .is_right = TRUE},
    {.head = "USED", .is_right = TRUE, .leaves = 2},
    {.head = "NODE", .style = QBLK_STYLE_DIM, .rank = 1, .least = 12, .leaves = 1},
    {.head = "FILE", .is_path = TRUE, .rank = 2, .least = 20},
    {.head = NULL},
};

static void
print_head(QblkOutput *output, const QblkChain *chain)
{
    guint depth = qblk_chain_get_depth(chain);
    const char *kind = qblk_device_kind_name(qblk_chain_get_device_kind(chain));
    const char *bus = qblk_chain_get_bus_name(chain);
    g_autofree char *target = qblk_output_escape(qblk_chain_get_target(chain));
    const char *id =
        qblk_report_id(qblk_chain_get_alias(chain), qblk_chain_get_backend(chain), NULL);

    qblk_output_print_styled(output, QBLK_STYLE_STRONG, target);
    if (id != NULL && !g_str_equal(id, qblk_chain_get_target(chain))) {
        g_autofree char *safe = qblk_output_escape(id);
        qblk_output_print(output, " (%s)", safe);
    }
    qblk_output_print(output, ": ");
    if (bus != NULL) {
        qblk_output_print(output, "%s ", bus);
    }
    if (depth == 0) {
        const char *tray = qblk_chain_is_tray_open(chain) ? ", tray open" : "";
        qblk_output_print(output, "%s, empty%s\n", kind, tray);
        return;
    }

    qblk_output_print(output, "%s, %u layer%s%s, fingerprint %s\n", kind, depth,
                      depth == 1 ? "" : "s", qblk_chain_is_complete(chain) ? "" : ", incomplete",
                      qblk_chain_get_fingerprint(chain));
}

/* Returns: (transfer full) (nullable): the allocated size.  A block device has none, but at least
 * what QEMU has written to it since it opened the image. */
static char *
format_used(const QblkTerminalLines *lines, const QblkLayer *layer)
{
    gint64 actual_size = qblk_layer_get_actual_size(layer);
    gint64 written_end = qblk_layer_get_written_end(layer);
    if (actual_size != QBLK_UNKNOWN || written_end == QBLK_UNKNOWN) {
        return qblk_text_size(actual_size);
    }

    g_autofree char *size = qblk_text_size(written_end);
    return g_strconcat(lines->at_least, size, NULL);
}

static void
add_layer(QblkTable *table, const QblkTerminalLines *lines, const QblkChain *chain,
          const QblkLayer *layer)
{
    gboolean is_last = qblk_layer_get_position(layer) + 1 == qblk_chain_get_depth(chain);
    const char *spec = qblk_layer_get_spec(layer);
    g_autofree char *branch = g_strconcat(is_last ? lines->last : lines->branch, spec, NULL);
    g_autofree char *size = qblk_text_size(qblk_layer_get_virtual_size(layer));
    g_autofree char *used = format_used(lines, layer);
    gboolean is_top = qblk_layer_get_position(layer) == 0;
    QblkStyle style = is_top ? QBLK_STYLE_STRONG : QBLK_STYLE_PLAIN;

    qblk_table_add_styled(table, branch, style);
    qblk_table_add(table, qblk_layer_get_format_name(layer));
    qblk_table_add(table, size);
    qblk_table_add(table, used);
    qblk_table_add(table, qblk_layer_get_node_name(layer));
    qblk_table_add_styled(table, qblk_layer_get_filename(layer), style);
}

/* " (target 'scratch')". */
static void
print_others(QblkOutput *output, const QblkFilter *filter)
{
    for (guint i = 0; i < qblk_filter_get_n_others(filter); i++) {
        g_autofree char *edge = qblk_output_escape(qblk_filter_get_other_child_name(filter, i));
        g_autofree char *name = qblk_output_escape(qblk_filter_get_other_node_name(filter, i));

        qblk_output_print(output, " (%s '%s')", edge, name);
    }
}

/* "throttle 'th'". */
static void
print_filter(QblkOutput *output, const QblkFilter *filter)
{
    g_autofree char *driver = qblk_output_escape(qblk_filter_get_driver(filter));
    g_autofree char *name = qblk_output_escape(qblk_filter_get_node_name(filter));

    qblk_output_print(output, " %s '%s'", driver, name);
    print_others(output, filter);
}

/* One line: "  above vda[1]: throttle 'th', copy-on-read 'cor'". */
static void
print_filters(QblkOutput *output, const char *where, const QblkLayer *layer, guint count,
              const QblkFilter *(*get)(const QblkLayer *layer, guint position))
{
    if (count == 0) {
        return;
    }

    g_autofree char *safe = qblk_output_escape(qblk_layer_get_spec(layer));
    qblk_output_print(output, "  %s %s:", where, safe);

    for (guint i = 0; i < count; i++) {
        qblk_output_print(output, "%s", i == 0 ? "" : ",");
        print_filter(output, get(layer, i));
    }
    qblk_output_print(output, "\n");
}

static void
print_all_filters(QblkOutput *output, const QblkChain *chain)
{
    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);

        print_filters(output, "above", layer, qblk_layer_get_n_filters(layer),
                      qblk_layer_get_filter);
        print_filters(output, "inside", layer, qblk_layer_get_n_storage_filters(layer),
                      qblk_layer_get_storage_filter);
    }
}

static void
print_io_status(QblkOutput *output, const QblkChain *chain)
{
    if (!qblk_chain_has_stopped_guest(chain)) {
        return;
    }

    g_autofree char *target = qblk_output_escape(qblk_chain_get_target(chain));
    g_autofree char *status = qblk_output_escape(qblk_chain_get_io_status(chain));
    g_autofree char *line =
        g_strdup_printf("%s: the guest is stopped, I/O status '%s'", target, status);
    qblk_output_print(output, "  ");
    qblk_output_print_styled(output, QBLK_STYLE_ERROR, line);
    qblk_output_print(output, "\n");
}

static void
print_all_content(QblkOutput *output, const QblkChain *chain)
{
    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        qblk_layer_text_print_content(qblk_chain_get_layer(chain, i), output);
    }
}

/* The job of a copy or active commit has a line of its own. */
void
qblk_chain_text_print_users(const QblkChain *chain, const char *indent, QblkOutput *output)
{
    g_autoptr(GHashTable) jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    const QblkMirror *mirror = qblk_chain_get_mirror(chain);
    const char *job = mirror == NULL ? NULL : qblk_mirror_get_job_id(mirror);
    if (job != NULL) {
        g_hash_table_add(jobs, g_strdup(job));
    }

    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        qblk_layer_text_print_users(qblk_chain_get_layer(chain, i), indent, jobs, output);
    }
}

/* One line for a file of a layer, if its name does not lead to the one that QEMU has open. */
static void
print_file(QblkOutput *output, const char *spec, const QblkOpenFile *file)
{
    if (file == NULL || qblk_open_file_get_state(file) == QBLK_FILE_SAME) {
        return;
    }

    g_autofree char *text = qblk_open_file_to_text(file);
    g_autofree char *safe_spec = qblk_output_escape(spec);
    g_autofree char *safe = qblk_output_escape(text);
    g_autofree char *line = g_strdup_printf("%s: %s", safe_spec, safe);
    qblk_output_print(output, "  ");
    qblk_output_print_styled(output, QBLK_STYLE_WARNING, line);
    qblk_output_print(output, "\n");
}

static void
print_layer_files(QblkOutput *output, const char *spec, const QblkLayer *layer)
{
    print_file(output, spec, qblk_layer_get_open_file(layer));
    for (guint i = 0; i < qblk_layer_get_n_further_files(layer); i++) {
        print_file(output, spec, qblk_layer_get_further_file(layer, i));
    }
}

static void
print_all_files(QblkOutput *output, const QblkChain *chain)
{
    const char *unknown = qblk_chain_get_unknown_files(chain);
    if (unknown != NULL) {
        g_autofree char *safe = qblk_output_escape(unknown);
        qblk_output_print(output, "  the files that QEMU has open are not known: %s\n", safe);
        return;
    }

    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        print_layer_files(output, qblk_layer_get_spec(layer), layer);
    }
}

static void
print_mirror(QblkOutput *output, const QblkChain *chain)
{
    const QblkMirror *mirror = qblk_chain_get_mirror(chain);
    if (mirror == NULL) {
        return;
    }

    gboolean is_copy = qblk_mirror_get_kind(mirror) == QBLK_JOB_KIND_COPY;
    const char *kind = is_copy ? "copy" : "active commit";
    const char *id = qblk_mirror_get_job_id(mirror);
    const QblkLayer *layer = qblk_mirror_get_layer(mirror);
    g_autofree char *file = qblk_output_escape(qblk_layer_get_filename(layer));
    g_autofree char *format = qblk_output_escape(qblk_layer_get_format_name(layer));

    qblk_output_print(output, "  %s", kind);
    if (id != NULL) { /* domain XML does not have it */
        g_autofree char *job = qblk_output_escape(id);
        qblk_output_print(output, " '%s'", job);
    }
    qblk_output_print(output, " to %s (%s), %s\n", file, format,
                      qblk_mirror_is_ready(mirror) ? "ready" : "not ready");
    if (qblk_chain_get_unknown_files(chain) == NULL) {
        print_layer_files(output, kind, layer);
    }
}

/* The same image in another node: it is no user of this node. */
static void
print_all_shared(QblkOutput *output, const QblkChain *chain, const QblkSharedImages *shared)
{
    guint depth = shared == NULL ? 0 : qblk_chain_get_depth(chain);

    for (guint i = 0; i < depth; i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        const char *node = qblk_layer_get_node_name(layer);
        g_autofree char *text = node == NULL ? NULL : qblk_shared_images_to_text(shared, node);
        if (text != NULL) {
            g_autofree char *spec = qblk_output_escape(qblk_layer_get_spec(layer));
            g_autofree char *safe = qblk_output_escape(text);
            qblk_output_print(output, "  %s: %s\n", spec, safe);
        }
    }
}

void
qblk_chain_text_print(const QblkChain *chain, const QblkSharedImages *shared, QblkOutput *output)
{
    print_head(output, chain);
    guint depth = qblk_chain_get_depth(chain);
    if (depth == 0) {
        return;
    }

    const QblkTerminalLines *lines = qblk_terminal_lines(&output->terminal);
    g_autoptr(QblkTable) table = qblk_table_new(columns, &output->terminal);
    for (guint i = 0; i < depth; i++) {
        add_layer(table, lines, chain, qblk_chain_get_layer(chain, i));
    }
    qblk_table_print(table, output->text);

    print_all_filters(output, chain);
    print_io_status(output, chain);
    print_all_content(output, chain);
    qblk_chain_text_print_users(chain, "  ", output);
    print_all_shared(output, chain, shared);
    print_all_files(output, chain);
    print_mirror(output, chain);
}
