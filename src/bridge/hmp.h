/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Commands for people (human-monitor-command) that do what a dangerous command of QMP does.
 */
#pragma once

#include "base/json.h"

/**
 * Find out what @line does, with the words of HMP, such as `info block -n`, `info block NODE` and
 * `block_job_complete JOB`.
 *
 * @arguments: (out): of the command
 *
 * Returns: (nullable): the command of QMP that does the same, for a few commands; NULL for others
 */
const char *qblk_hmp_translate(const char *line, QblkJson **arguments);
