/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Strings in single quotes, which QEMU takes in JSON beside those in double ones: people write
 * `json:{'driver': 'raw'}` on a shell's command line, and that is what an image header then says.
 */
#pragma once

#include <glib.h>

/** @text with its strings in double quotes; what is no JSON stays none. */
char *qblk_json_quotes_double(const char *text) G_GNUC_WARN_UNUSED_RESULT;
