/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Block drivers on top of each other, as the options of one node specify them: formats and filters,
 * and the protocol at the bottom.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/**
 * Read the drivers in @options from the top to the protocol.
 *
 * @options: with dotted keys; a "filename" in them is parsed as a file name
 * @format: (out) (nullable) (transfer full): set on success to QEMU's name of the topmost format,
 * NULL if @options name no format
 *
 * Returns: (transfer full): the source, with what it cannot express in its `dropped`; NULL with
 * QBLK_GRAPH_ERROR: SPEC if the options are not valid, UNSUPPORTED if libvirt's XML cannot express
 * them
 */
QblkSource *qblk_source_stack_read(QblkSourceOptions *options, char **format,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
