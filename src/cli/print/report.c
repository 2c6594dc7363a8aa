/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/report.h"

QblkJson *
qblk_report_parse(char *text)
{
    QblkJson *json = qblk_json_parse_printed(text);
    g_free(text);
    return json;
}

QblkJson *
qblk_report_chain(const QblkChain *chain)
{
    return qblk_report_parse(qblk_chain_to_json(chain));
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

const char *
qblk_report_id(const char *alias, const char *backend, const char *qdev)
{
    const char *id = alias == NULL ? backend : alias;
    return id == NULL ? qdev : id;
}
