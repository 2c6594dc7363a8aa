/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block driver options as QEMU keeps them: a flat list of dotted keys.
 *
 * `json:{"file": {"driver": "nbd"}}`, `json:{"file.driver": "nbd"}` and mixes of both make the same
 * list.
 */
#pragma once

#include "base/json.h"

typedef struct QblkSourceOptions QblkSourceOptions;

QblkSourceOptions *qblk_source_options_new(void);
void qblk_source_options_free(QblkSourceOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSourceOptions, qblk_source_options_free)

/** Set @key to @value, which replaces an older value.  Both are copied.  A NULL @value is ignored.
 * */
void qblk_source_options_set(QblkSourceOptions *options, const char *key, const char *value);

/**
 * Set two options to the host and the port of @text (see qblk_host_port_parse()).  Without a port
 * only @host_key is set.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC, which does not contain @text: it may contain a secret
 */
gboolean qblk_source_options_set_host(QblkSourceOptions *options, const char *text,
                                      const char *host_key, const char *port_key,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Add all members of @object, with @prefix in front of their keys.
 *
 * @prefix: empty, or ends in a dot
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR: SPEC if a key occurs twice, nested and with dots, or its
 * value is of a type that no option has; UNSUPPORTED if a value contains U+FFFD, which QEMU reports
 * for bytes that are not UTF-8
 */
gboolean qblk_source_options_add_json(QblkSourceOptions *options, const char *prefix,
                                      const QblkJson *object,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer none) (nullable): the value of the key that is @prefix and @key joined, which
 * then counts as used
 */
const char *qblk_source_options_take(QblkSourceOptions *options, const char *prefix,
                                     const char *key);

/** TRUE if any key starts with @prefix, which ends in a dot. */
gboolean qblk_source_options_has_below(const QblkSourceOptions *options, const char *prefix);

/** Count all keys that start with @prefix as used. */
void qblk_source_options_ignore_below(QblkSourceOptions *options, const char *prefix);

/** Returns: (transfer container): the keys that were not used, of char, in order */
GPtrArray *qblk_source_options_unused(const QblkSourceOptions *options);
