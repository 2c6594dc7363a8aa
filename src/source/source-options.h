/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block driver options as QEMU keeps them: a flat list of dotted keys.
 *
 * `json:{"file": {"driver": "nbd"}}` and `json:{"file.driver": "nbd"}` say the same, and so does a
 * mix of both; flattened they are the same list.
 */
#pragma once

#include "base/json.h"

typedef struct QblkSourceOptions QblkSourceOptions;

QblkSourceOptions *qblk_source_options_new(void);
void qblk_source_options_free(QblkSourceOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSourceOptions, qblk_source_options_free)

/** Set a value; what was there is replaced.  Both are copied; a NULL @value sets nothing. */
void qblk_source_options_set(QblkSourceOptions *options, const char *key, const char *value);

/**
 * Set two options to the host and the port of @text (see qblk_host_port_parse()).  Without a port
 * only @host_key is set.  Fails with QBLK_GRAPH_ERROR_SPEC; the message does not contain @text,
 * which may hold a secret.
 */
gboolean qblk_source_options_set_host(QblkSourceOptions *options, const char *text,
                                      const char *host_key, const char *port_key,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Put everything in @object below @prefix (which ends in a dot or is empty).
 * QBLK_GRAPH_ERROR_SPEC where a key is said twice, once nested and once with dots, or its value is
 * of a type that no option has; UNSUPPORTED where a value has U+FFFD in it, which is what QEMU says
 * for bytes that are not UTF-8.
 */
gboolean qblk_source_options_add_json(QblkSourceOptions *options, const char *prefix,
                                      const QblkJson *object,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The value of "@prefix@key", NULL where there is none; it counts as used.  Borrowed. */
const char *qblk_source_options_take(QblkSourceOptions *options, const char *prefix,
                                     const char *key);

/** Whether anything stands below @prefix (which ends in a dot). */
gboolean qblk_source_options_has_below(const QblkSourceOptions *options, const char *prefix);

/** Count everything below @prefix as used. */
void qblk_source_options_ignore_below(QblkSourceOptions *options, const char *prefix);

/** Keys that were not used, in order; of char, borrowed. */
GPtrArray *qblk_source_options_unused(const QblkSourceOptions *options);
