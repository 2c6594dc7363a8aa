/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The servers of a protocol driver, in all the spellings that QEMU has had for them.
 */
#pragma once

#include "source/source-parser.h"

/**
 * Add what "server" says, which is one server or a list of any length.
 * Errors (QBLK_GRAPH_ERROR): SPEC for a server that lacks something, UNSUPPORTED for one of a kind
 * that libvirt's XML has no form for.
 */
gboolean qblk_source_server_add(const QblkSourceParser *reading,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same where there has to be one; SPEC if not. */
gboolean qblk_source_server_read(QblkSourceParser *reading,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The same where there has to be exactly one, be it said by the older "host" and "port" or by
 * @path, that of a socket, which may be NULL.
 */
gboolean qblk_source_server_read_one(QblkSourceParser *reading, const char *path,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
