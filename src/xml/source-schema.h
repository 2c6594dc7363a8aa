/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What libvirt's schema does not allow in `<source>`, and libvirt itself often does.
 */
#pragma once

#include "source/source.h"

/**
 * Check that the schema of libvirt has a form for each value of @source that is part of what the
 * bytes are: paths, names of snapshots and servers.
 *
 * Returns: FALSE with QBLK_XML_ERROR_UNSUPPORTED if it does not
 */
gboolean qblk_source_schema_check(const QblkSource *source,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
