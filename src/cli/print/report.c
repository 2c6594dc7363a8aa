/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/report.h"

#include "chain/chain-json.h"

QblkJson *
qblk_report_parse(char *text)
{
    QblkJson *json = qblk_json_parse_printed(text);
    g_free(text);
    return json;
}

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
    const char *name = qblk_node_get_filename(node);
    return g_str_has_prefix(name, "json:") ? "" : name;
}

QblkJson *
qblk_report_job(const QblkJob *job)
{
    return qblk_report_parse(qblk_job_to_json(job));
}
