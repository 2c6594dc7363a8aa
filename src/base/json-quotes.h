/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Strings in single quotes, which QEMU accepts in JSON beside double quotes: users write
 * `json:{'driver': 'raw'}` in a shell, and image headers then contain it.
 */
#pragma once

#include <glib.h>

/** Returns: (transfer full): @text with its strings in double quotes; other errors in it stay */
char *qblk_json_quotes_double(const char *text) G_GNUC_WARN_UNUSED_RESULT;
