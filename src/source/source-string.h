/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * File names that are URLs or QEMU's older strings, taken apart into the options they stand for, as
 * the .bdrv_parse_filename of QEMU's drivers do.
 */
#pragma once

#include "source/source-options.h"

#include <qblk/error.h>

/**
 * Put what @name says into @options (with "driver" always among it).  @name is a path, "file:PATH",
 * a URL, or a string such as "rbd:pool/image:conf=/etc/ceph.conf"; not `json:`.
 *
 * QBLK_GRAPH_ERROR_SPEC where the form is a known one and not kept, QBLK_GRAPH_ERROR_UNSUPPORTED
 * where the protocol is not known.  Messages say why and leave it to the caller to name @name,
 * which may hold a secret.
 */
gboolean qblk_source_string_parse(const char *name, QblkSourceOptions *options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
