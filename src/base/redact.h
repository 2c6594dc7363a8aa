/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Secrets out of what QEMU reports, before it reaches a terminal, a log, a file or XML.
 *
 * QEMU reports the file name of a node as it was given: URLs with a user's password, rbd strings
 * with a key, `json:` objects with inline secrets.
 */
#pragma once

#include "base/json.h"

/** What stands where a secret stood. */
#define QBLK_REDACTED "***"

/**
 * Whether the value of the option @key is a secret: "password", "file.key", "target_password".
 * Names of secret objects ("password-secret", "key-secret") are none.
 */
gboolean qblk_redact_is_secret(const char *key);

/** The same of a parameter in the query of a URL, where tokens and signatures are secrets too:
 * "X-Amz-Signature", "access_token". */
gboolean qblk_redact_is_query_secret(const char *key);

/**
 * @name (a file name, URL, rbd string or `json:{...}`) with the secrets in it replaced.  Of a
 * `json:` name that is none, such as one that QEMU cut off, nothing is left behind a secret.
 * Returns an owned string; sets @found, where not NULL, to whether anything was replaced.
 */
char *qblk_redact_name(const char *name, gboolean *found) G_GNUC_WARN_UNUSED_RESULT;

/** The same of a sentence of QEMU, which may have such names anywhere: where in doubt, what follows
 * is left out. */
char *qblk_redact_text(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** A copy of @json with secrets replaced in every string; @json may be a QMP command or reply. */
QblkJson *qblk_redact_json(const QblkJson *json) G_GNUC_WARN_UNUSED_RESULT;
