/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The servers of a protocol driver, in all spellings that QEMU has had for them.
 */
#pragma once

#include "source/source-parser.h"

/**
 * Add the servers of the option "server", which is one server or a list, if there are any.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR: SPEC if a server lacks something, UNSUPPORTED if libvirt's
 * XML cannot express its type
 */
gboolean qblk_source_server_add(const QblkSourceParser *parser,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same, but SPEC if there is no server. */
gboolean qblk_source_server_read(const QblkSourceParser *parser,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The same, but SPEC unless there is exactly one server.  It may also be given by the older options
 * "host" and "port", or by @path.
 *
 * @path: (nullable): the path of a unix socket
 */
gboolean qblk_source_server_read_one(const QblkSourceParser *parser, const char *path,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
