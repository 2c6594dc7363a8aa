/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What reading the options of one protocol driver needs, and values that are checked.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/** What is read, and from where. */
typedef struct {
    const char *driver;
    const char *port;   /* where libvirt writes one though none is said, or NULL */
    const char *prefix; /* of the driver's options, ends in a dot or is empty */
    QblkSourceOptions *options;
    QblkSource *source;
} QblkSourceParser;

/** The value of an option, NULL where there is none; it counts as used.  Borrowed. */
const char *qblk_source_parser_take(const QblkSourceParser *reading, const char *key);

/** Always FALSE, with QBLK_GRAPH_ERROR_SPEC. */
gboolean qblk_source_parser_fail(const QblkSourceParser *reading, const char *reason,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @value, which may be NULL, is a number up to @most; SPEC, with @key in it, if not. */
gboolean qblk_source_parser_is_number(const QblkSourceParser *reading, const char *key,
                                      const char *value, guint64 most,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Set @member from a switch of QEMU to "yes" or "no" of libvirt; SPEC where it is none. */
gboolean qblk_source_parser_switch(const QblkSourceParser *reading, const char *key, char **member,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Set @member from a size, which QEMU takes with a suffix as well, to bytes; SPEC likewise. */
gboolean qblk_source_parser_size(const QblkSourceParser *reading, const char *key, char **member,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
