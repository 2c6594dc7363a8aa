/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Options of block drivers, and equality, for the tests of sources.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/** Options from "key=value" texts that end with NULL. */
QblkSourceOptions *source_check_options(const char *const *pairs);

/** TRUE if @a and @b are the same in all members but `dropped`.  Both may be NULL. */
gboolean source_check_equal(const QblkSource *a, const QblkSource *b);
