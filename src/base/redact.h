/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Replace secrets in what QEMU reports, before it reaches a terminal, a log, a file or XML.
 *
 * QEMU reports the file name of a node as it was given: URLs with a password, rbd strings with a
 * key, `json:` objects with inline secrets.
 */
#pragma once

#include "base/json.h"

#include <qblk/redact.h>

/** The text that replaces a secret. */
#define QBLK_REDACTED "***"

/**
 * Returns: TRUE if the value of the option @key is a secret: "password", "file.key",
 * "target_password"; FALSE for the id of a secret object: "password-secret", "key-secret"
 */
gboolean qblk_redact_is_secret(const char *key);

/**
 * qblk_redact_is_secret() for a parameter in the query of a URL, where tokens and signatures are
 * secrets, too: "X-Amz-Signature", "access_token".
 */
gboolean qblk_redact_is_query_secret(const char *key);

/**
 * Replace the secrets in a file name, URL, rbd string or `json:{...}`.  If the JSON is malformed,
 * for example because QEMU truncated it, everything after the first secret is removed.
 *
 * @found: (out) (optional): set to TRUE if anything was replaced, else to FALSE
 *
 * Returns: (transfer full): the name without secrets
 */
char *qblk_redact_name(const char *name, gboolean *found) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer full): a copy of @json, a QMP command or reply, with the secrets replaced in
 * all its strings
 */
QblkJson *qblk_redact_json(const QblkJson *json) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the JSON text of a QMP message without secrets, for a log; only its
 * length if it is not JSON */
char *qblk_redact_message(const char *text, gsize length) G_GNUC_WARN_UNUSED_RESULT;
