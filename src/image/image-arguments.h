/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the private qemu-storage-daemon is started with.
 */
#pragma once

#include "image/image-chain.h"

#define QBLK_IMAGE_PROGRAM "qemu-storage-daemon"

/** The node of the top layer: by its name the disk of an image is known, in a capture too. */
#define QBLK_IMAGE_NODE "qblk-image"

/**
 * The command line that opens @layers (of QblkImageLayer, top first) and then serves QMP on the
 * socket that is standard input: it greets when all is open.  NULL-terminated.
 *
 * Everything is opened with read-only and force-share, which QEMU hands on to what it opens by
 * itself (measured on 7.2), so that an image may be in use and nothing is written.
 *
 * Layers that QEMU finds by itself just as they were found here are left to it: with a node for
 * each and a reference to it, QEMU 7.2 makes a `json:` name of the whole chain for each node again
 * and again, which takes 4 seconds to open 200 layers and 8 for each listing of the nodes, instead
 * of 0.3 and 0.25.  Down to the last layer where something has to be said they are given nodes.
 * That one of them has no backing file is said as well, where its format may have one: what QEMU
 * would find in its header all the same stays closed.
 */
char **qblk_image_arguments(const GPtrArray *layers) G_GNUC_WARN_UNUSED_RESULT;
