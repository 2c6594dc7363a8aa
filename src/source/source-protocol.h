/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The source protocols: one row for each, which describes how the options of QEMU's driver become a
 * source.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/**
 * Make the source of the protocol driver @driver from the options below @prefix.  The options that
 * were read count as used.
 *
 * Returns: (transfer full): the source; NULL with QBLK_GRAPH_ERROR: UNSUPPORTED if libvirt's XML
 * cannot express @driver, SPEC if an option is missing or not valid
 */
QblkSource *qblk_source_protocol_read(const char *driver, const char *prefix,
                                      QblkSourceOptions *options,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer none) (nullable): the port that libvirt writes by default, for
 * @protocol, which is libvirt's name; NULL if the protocol has none
 */
const char *qblk_source_protocol_port(const char *protocol);
