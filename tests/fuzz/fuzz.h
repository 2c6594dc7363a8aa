/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What every fuzz target needs.
 *
 * A target is one file that defines LLVMFuzzerTestOneInput, and its name in meson.build.  It is
 * linked with libFuzzer (-Dfuzz=true, with clang) or with replay.c, which gives it each input of
 * its corpus once.  Whatever comes must end as a result or as an error with a message; a target
 * fails by a crash, by a sanitizer or by g_assert().
 */
#pragma once

#include "graph/chain.h"

#include <stddef.h>
#include <stdint.h>

/** Called with each input; always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The input up to its first NUL byte as text, in memory of exactly that size. */
char *fuzz_text(const uint8_t *data, size_t size) G_GNUC_WARN_UNUSED_RESULT;

/** Either there is a result, or @error says why not. */
void fuzz_check_error(gboolean done, const GError *error);

/** @text is UTF-8 that a terminal simply shows, but for ends of lines and tabs. */
void fuzz_check_shown(const char *text);

/** The `<disk>` of @chain is read back as the same layers and written as the same text again. */
void fuzz_check_disk(const QblkChain *chain);
