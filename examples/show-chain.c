/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Show the chain of one disk of a running QEMU, or of all of them.
 *
 *     cc show-chain.c -o show-chain $(pkg-config --cflags --libs qblk)
 *     ./show-chain [--json] /run/vm1.qmp [vda]
 */
#include <locale.h>

#include <qblk/qblk.h>

static gboolean as_json;

static const GOptionEntry entries[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print a JSON object for each disk", NULL},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
};

static char *
size_text(gint64 bytes)
{
    return bytes == QBLK_UNKNOWN ? g_strdup("?") : g_strdup_printf("%.1f MiB", bytes / 1048576.0);
}

/* The file, or the name of an image on the network as QEMU reports it. */
static char *
location_text(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    if (source == NULL) {
        return g_strdup(qblk_layer_get_filename(layer));
    }

    const char *path = qblk_source_get_path(source);
    return g_strdup_printf("%s %s", qblk_source_type_name(qblk_source_get_source_type(source)),
                           path != NULL ? path : qblk_layer_get_filename(layer));
}

static void
show_layer(const QblkLayer *layer)
{
    g_autofree char *virtual_size = size_text(qblk_layer_get_virtual_size(layer));
    g_autofree char *actual_size = size_text(qblk_layer_get_actual_size(layer));
    g_autofree char *location = location_text(layer);
    g_print("  %s: %s, %s of %s, %s\n", qblk_layer_get_spec(layer),
            qblk_layer_get_format_name(layer), actual_size, virtual_size, location);
    for (guint i = 0; i < qblk_layer_get_n_users(layer); i++) {
        g_autofree char *user = qblk_user_to_text(qblk_layer_get_user(layer, i));
        g_print("    used by %s\n", user);
    }
}

static gboolean
show_chain(const QblkSnapshot *snapshot, const char *disk, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, disk, error);
    if (chain == NULL) {
        return FALSE;
    }

    if (as_json) {
        g_autofree char *json = qblk_chain_to_json(chain);
        g_print("%s\n", json);
        return TRUE;
    }

    g_print("%s: %u layers\n", qblk_chain_get_target(chain), qblk_chain_get_depth(chain));
    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        show_layer(qblk_chain_get_layer(chain, i));
    }

    return TRUE;
}

static gboolean
show_chains(const char *monitor, const char *disk, GError **error)
{
    g_autoptr(QblkClient) client = qblk_client_connect(monitor, 0, error);
    if (client == NULL) {
        return FALSE;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, NULL, error);
    if (snapshot == NULL) {
        return FALSE;
    }

    if (disk != NULL) {
        return show_chain(snapshot, disk, error);
    }

    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    for (guint i = 0; targets[i] != NULL; i++) {
        if (!show_chain(snapshot, targets[i], error)) {
            return FALSE;
        }
    }

    return TRUE;
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new("MONITOR [DISK]");
    g_option_context_add_main_entries(context, entries, NULL);
    gboolean is_valid = g_option_context_parse(context, &argc, &argv, &error);
    if (!is_valid || argc < 2 || argc > 3) {
        g_printerr("show-chain: %s\n", error != NULL ? error->message : "see --help");
        return 2;
    }

    if (!show_chains(argv[1], argv[2], &error)) {
        g_printerr("show-chain: %s\n", error->message);
        return 1;
    }

    return 0;
}
