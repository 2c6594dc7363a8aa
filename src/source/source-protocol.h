/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The protocols: one row each, which says what the options of QEMU's driver become in libvirt's
 * terms.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/**
 * The source of the protocol driver @driver with the options below @prefix, which are counted as
 * used. QBLK_GRAPH_ERROR_UNSUPPORTED for a driver that libvirt's XML has no form for, SPEC where
 * the options lack what the protocol needs.
 */
QblkSource *qblk_source_protocol_read(const char *driver, const char *prefix,
                                      QblkSourceOptions *options,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The port of @protocol, as libvirt names it, where none is given; libvirt writes it out. NULL for
 * a protocol without one.
 */
const char *qblk_source_protocol_port(const char *protocol);
