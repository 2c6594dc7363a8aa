/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The JSON of objects in the documents of commands; docs/json.md describes each field.
 */
#pragma once

#include "base/json.h"

#include <qblk/chain.h>
#include <qblk/job.h>

/** Returns: (transfer full): the value of @text (transfer full), which the library has printed: the
 * JSON of an object becomes a part of the document of a command */
QblkJson *qblk_report_parse(char *text) G_GNUC_WARN_UNUSED_RESULT;

/** Each returns a new reference. */
QblkJson *qblk_report_chain(const QblkChain *chain) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_report_job(const QblkJob *job) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The name by which QEMU's other commands and managers know a disk, for a table or a heading.
 *
 * @alias: (nullable): the id of its device
 * @backend: (nullable): the name of its drive
 * @qdev: (nullable): the path of its device
 *
 * Returns: (transfer none) (nullable): the first of these that it has
 */
const char *qblk_report_id(const char *alias, const char *backend, const char *qdev);

/** Returns: (transfer none): the file name of @node; "" for a `json:` name, which repeats the nodes
 * below. */
const char *qblk_report_file(const QblkNode *node);
