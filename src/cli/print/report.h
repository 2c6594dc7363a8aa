/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Chains, layers and jobs as JSON; docs/json.md says what each field means.
 */
#pragma once

#include "base/json.h"
#include "graph/chain.h"
#include "graph/job.h"

/** Each returns a new reference. */
QblkJson *qblk_report_chain(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_report_layer(const QblkChain *chain,
                            const QblkLayer *layer) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_report_source(const QblkSource *source) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_report_job(const QblkJob *job) G_GNUC_WARN_UNUSED_RESULT;

/** How a layer is named on the command line: "vda", "vda[2]"; "node:NAME" where it has no index,
 * its image where it has no node either. */
char *qblk_report_spec(const QblkChain *chain, const QblkLayer *layer) G_GNUC_WARN_UNUSED_RESULT;

/** The file name of @node for people: "" for a `json:` name, which repeats the nodes below. */
const char *qblk_report_file(const QblkNode *node);

/** Whole percent done, 100 only when all is; -1 where the job has not said how much there is. */
int qblk_report_percent(const QblkJob *job);
