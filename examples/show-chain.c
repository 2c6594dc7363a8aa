/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Show the chain of a disk of a running QEMU, and the node of one of its layers.
 *
 *     cc show-chain.c -o show-chain $(pkg-config --cflags --libs qblk)
 *     ./show-chain /run/vm1.qmp vda 'vda[2]'
 */
#include <qblk/qblk.h>

static gboolean
show_chain(const char *monitor, const char *disk, const char *spec, GError **error)
{
    g_autoptr(QblkClient) client = qblk_client_connect(monitor, 0, error);
    if (client == NULL) {
        return FALSE;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, NULL, error);
    if (snapshot == NULL) {
        return FALSE;
    }

    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, disk, error);
    if (chain == NULL) {
        return FALSE;
    }

    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        g_print("%s[%" G_GINT64_FORMAT "] %s %s\n", disk, qblk_layer_get_index(layer),
                qblk_layer_get_format_name(layer), qblk_layer_get_filename(layer));
    }

    const QblkLayer *layer = qblk_chain_resolve(chain, spec, error); /* belongs to the chain */
    if (layer == NULL) {
        return FALSE;
    }

    g_print("%s is node '%s'\n", spec, qblk_layer_get_node_name(layer));
    return TRUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc != 4) {
        g_printerr("usage: show-chain MONITOR DISK LAYER\n");
        return 2;
    }

    if (!show_chain(argv[1], argv[2], argv[3], &error)) {
        g_printerr("show-chain: %s\n", error->message);
        return 1;
    }

    return 0;
}
