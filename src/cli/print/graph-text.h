/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is at a node of a graph, as a line for people.  All texts are escaped.
 */
#pragma once

#include "cli/print/terminal.h"

#include <qblk/snapshot.h>

/** Returns: (transfer full): "bitmap 'backup' (recording, persistent)" */
char *qblk_graph_text_bitmap(const QblkTerminal *terminal,
                             const QblkBitmap *bitmap) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): "export 'backup' (nbd, read-only)" */
char *qblk_graph_text_export(const QblkTerminal *terminal,
                             const QblkExport *export) G_GNUC_WARN_UNUSED_RESULT;

/**
 * @destination: (nullable): the layer that @job writes to
 *
 * Returns: (transfer full): "job 'commit0': active-commit into vda[2], ready, 100 %"
 */
char *qblk_graph_text_job(const QblkTerminal *terminal, const QblkJob *job,
                          const char *destination) G_GNUC_WARN_UNUSED_RESULT;

QblkStyle qblk_graph_text_job_style(const QblkJob *job);
