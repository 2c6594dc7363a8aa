/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A source as JSON; docs/json.md describes each field.
 */
#pragma once

#include "base/json.h"
#include "source/source.h"

/** Returns: (transfer full): an object; null if @source (nullable) is NULL */
QblkJson *qblk_source_json_new(const QblkSource *source) G_GNUC_WARN_UNUSED_RESULT;
