/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a file name specifies and a source cannot express.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/**
 * Add to the `dropped` of @source what is unused in @options, except what is about how the bytes
 * are accessed, and mark it as used.  Values are never added, because they may be secrets.
 */
void qblk_source_dropped_note(QblkSourceOptions *options, QblkSource *source);
