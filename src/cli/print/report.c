/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/report.h"

#include "chain/chain-json.h"

QblkJson *
qblk_report_layer(const QblkLayer *layer)
{
    return qblk_layer_json_new(layer);
}

QblkJson *
qblk_report_chain(const QblkChain *chain)
{
    return qblk_chain_json_new(chain);
}

const char *
qblk_report_file(const QblkNode *node)
{
    return g_str_has_prefix(node->filename, "json:") ? "" : node->filename;
}
