/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The graph as JSON; docs/json.md describes each field.
 */
#pragma once

#include "base/json.h"
#include "graph/snapshot.h"

/** Each returns a new reference. */
QblkJson *qblk_snapshot_json_new(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_job_json_new(const QblkJob *job) G_GNUC_WARN_UNUSED_RESULT;
