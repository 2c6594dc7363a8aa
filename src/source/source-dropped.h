/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a name says and a source has no place for.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/**
 * Add to the `dropped` of @source what was not used of @options, but for what says how the bytes
 * are reached and not where they are.  Values are never said.
 */
void qblk_source_dropped_note(QblkSourceOptions *options, QblkSource *source);
