/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Common parts of the fuzz targets.
 *
 * A target is one file that defines LLVMFuzzerTestOneInput, and its name in meson.build. It is
 * linked with libFuzzer (-Dfuzz=true, with clang) or with replay.c, which runs each input of its
 * corpus once. Each input must give a result or an error with a message; a target fails by a crash,
 * by a sanitizer or by g_assert().
 */
#pragma once

#include "chain/chain.h"

#include <stddef.h>
#include <stdint.h>

/** Called with each input. Returns: 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The input up to its first NUL byte as text, in memory of exactly that size. */
char *fuzz_text(const uint8_t *data, size_t size) G_GNUC_WARN_UNUSED_RESULT;

/** Check that either there is a result, or @error has a message. */
void fuzz_check_error(gboolean done, const GError *error);

/** Check that @text is UTF-8 that a terminal simply shows, except line feeds and tabs. */
void fuzz_check_shown(const char *text);

/**
 * Check that the `<disk>` of @chain is read back as the same layers and written as the same text.
 */
void fuzz_check_disk(const QblkChain *chain);
