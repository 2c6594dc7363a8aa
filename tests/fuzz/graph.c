/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replies of a QEMU, as a capture, and everything that is derived from them. */
#include "chain/chain-json.h"
#include "chain/chain-number.h"
#include "cli/print/graph-dot.h"
#include "cli/print/graph-tree.h"
#include "cli/print/picture-graph.h"
#include "cli/print/picture-layout.h"
#include "cli/print/picture-svg.h"
#include "cli/print/report.h"
#include "fuzz/fuzz.h"
#include "graph/batch.h"
#include "graph/snapshot-json.h"
#include "graph/snapshot.h"

#include <qblk/capture.h>

static void
print_json(QblkJson *json)
{
    g_autofree char *text = qblk_json_print(json, QBLK_JSON_COMPACT);
    qblk_json_unref(json);
}

static void
draw_picture(const QblkSnapshot *snapshot)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPicture) picture = qblk_picture_of_graph(snapshot, NULL, "vm", &error);
    fuzz_check_error(picture != NULL, error);
    if (picture == NULL) {
        return;
    }

    g_autoptr(GString) dot = g_string_new(NULL);
    qblk_graph_dot(picture, dot);
    fuzz_check_shown(dot->str);
    g_autoptr(GString) svg = g_string_new(NULL);
    qblk_picture_lay_out(picture);
    qblk_picture_svg(picture, QBLK_PICTURE_THEME_AUTO, svg);
    fuzz_check_shown(svg->str);
}

static void
draw(const QblkSnapshot *snapshot)
{
    const QblkTerminal terminal = {.is_utf8 = TRUE};
    g_autoptr(GString) tree = g_string_new(NULL);
    qblk_graph_tree(snapshot, NULL, &terminal, tree);
    fuzz_check_shown(tree->str);
    draw_picture(snapshot);
    print_json(qblk_snapshot_json_new(snapshot));
}

/* The name of a layer on the command line resolves to that layer. */
static void
check_layers(const QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->index >= 0) {
            g_autoptr(GError) error = NULL;
            g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
            const QblkLayer *found = qblk_chain_resolve(chain, spec, &error);
            g_assert_no_error(error);
            g_assert_true(found == layer);
        }
    }
}

static void
load(const QblkReplies *replies, QblkEdgeSource edges)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = edges;
    g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
    g_assert_nonnull(queries);
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &error);
    fuzz_check_error(snapshot != NULL, error);
    if (snapshot == NULL) {
        return;
    }
    if (snapshot->no_nodes_reason == NULL) { /* else `graph` refuses */
        draw(snapshot);
    }
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        print_json(qblk_job_json_new(snapshot->jobs->pdata[i]));
    }
    for (guint i = 0; i < snapshot->disks; i++) {
        g_autoptr(GError) reason = NULL;
        const char *target = snapshot->targets->pdata[i];
        g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, target, &reason);
        fuzz_check_error(chain != NULL, reason);
        if (chain != NULL) {
            check_layers(chain);
            fuzz_check_disk(chain);
            print_json(qblk_chain_json_new(chain));
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = qblk_capture_parse((const char *)data, size, &error);
    fuzz_check_error(replies != NULL, error);
    if (replies != NULL) {
        load(replies, QBLK_EDGE_SOURCE_BEST);
        load(replies, QBLK_EDGE_SOURCE_BLOCKSTATS);
    }
    return 0;
}
