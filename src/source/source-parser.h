/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Reading the options of one protocol driver into a source.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

typedef struct {
    const char *driver;
    const char *port;   /* written by libvirt if no port is given, or NULL */
    const char *prefix; /* of the driver's options: empty, or ends in a dot */
    QblkSourceOptions *options;
    QblkSource *source;
} QblkSourceParser;

/** Returns: (transfer none) (nullable): the value of the option @key, which then counts as used */
const char *qblk_source_parser_take(const QblkSourceParser *parser, const char *key);

/**
 * Set QBLK_GRAPH_ERROR_SPEC with the driver and @reason.
 *
 * Returns: FALSE, for the caller to return
 */
gboolean qblk_source_parser_set_invalid(const QblkSourceParser *parser, const char *reason,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that @value is a number up to @most, or NULL.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC, which names @key, if it is not
 */
gboolean qblk_source_parser_check_number(const QblkSourceParser *parser, const char *key,
                                         const char *value, guint64 most,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Set @member to "yes" or "no" if the option @key exists; QEMU writes "on" or "off".
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC if its value is neither
 */
gboolean qblk_source_parser_read_switch(const QblkSourceParser *parser, const char *key,
                                        char **member, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Set @member to the bytes that the option @key is if it is there: a number with a suffix, as QEMU
 * accepts it.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC if its value is not a size
 */
gboolean qblk_source_parser_read_size(const QblkSourceParser *parser, const char *key,
                                      char **member, GError **error) G_GNUC_WARN_UNUSED_RESULT;
