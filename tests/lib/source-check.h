/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Options of block drivers for the tests of sources.
 */
#pragma once

#include "source/source-options.h"

/** Options from "key=value" texts that end with NULL. */
QblkSourceOptions *source_check_options(const char *const *pairs);
