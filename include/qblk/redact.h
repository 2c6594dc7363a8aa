/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text without secrets.
 *
 * The library removes secrets from all that it takes from QEMU and from images: file names, errors,
 * logged messages, captures and JSON.  A program needs this for texts of another origin, such as an
 * argument of its user.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * qblk_redact_text:
 * @text: a text for people, which may quote file names and JSON
 *
 * Replace the secrets in a text: passwords of URLs, and values of keys such as "password" or "key"
 * in JSON and in options.  If the end of a secret is not known, the rest of the text is removed.
 *
 * Returns: (transfer full): @text, with "***" for each secret
 *
 * Since: 0.1.0
 */
char *qblk_redact_text(const char *text) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
