/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * File names other than `json:`, as the driver options that they mean: what
 * .bdrv_parse_filename of QEMU's drivers does.
 */
#pragma once

#include "source/source-options.h"

/**
 * Add to @options what @name specifies, with "driver" always among it.
 *
 * @name: a path, "file:PATH", a URL, or a string such as "rbd:pool/image:conf=/etc/ceph.conf"
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR: SPEC if @name has a known form and is not valid,
 * UNSUPPORTED if the protocol is unknown.  The message has only the reason: @name may contain a
 * secret.
 */
gboolean qblk_source_string_parse(const char *name, QblkSourceOptions *options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
