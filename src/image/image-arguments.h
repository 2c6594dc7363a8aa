/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The command line of the private qemu-storage-daemon.
 */
#pragma once

#include "base/json.h"
#include "image/image-chain.h"

#define QBLK_IMAGE_PROGRAM "qemu-storage-daemon"

/** The node name of the top layer.  It identifies the disk of an image, also in a capture. */
#define QBLK_IMAGE_NODE "qblk-image"

/** The same if each layer has a node, to which commands refer. */
#define QBLK_IMAGE_PLAN_NODE "qblk-offline"

/** Who uses the nodes. */
typedef enum {
    QBLK_IMAGE_FOR_READING, /* only queries are sent */
    QBLK_IMAGE_FOR_PLANS,   /* plans are made, and only shown */
    QBLK_IMAGE_FOR_CHANGES, /* plans are run */
} QblkImageUse;

/**
 * Make the command line that opens all @layers and then serves QMP on the socket that is its
 * standard input.  The daemon sends its greeting when all images are open.
 *
 * Except for changes, all nodes are opened with read-only and force-share, so that nothing is
 * written and the image may be in use.  QEMU applies both to the backing files that it opens itself
 * (measured on 7.2).  For changes the top can be written, and the nodes of files open them for
 * writing as soon as a job writes to them.
 *
 * For reading, only the layers down to the last one that needs options of its own get a node; QEMU
 * opens the layers below by itself, as their headers specify.  With a node for each layer QEMU 7.2
 * makes a `json:` name of the whole chain for each node: opening 200 layers takes 4 seconds and
 * each listing of the nodes 8 seconds, instead of 0.3 and 0.25.  If a layer with a node has no
 * backing file, the node says so, and QEMU does not look for one in the header.
 *
 * @layers: of QblkImageLayer, top first
 * @secrets: of QblkImageSecret
 *
 * Returns: (transfer full): the program and its arguments, NULL-terminated
 */
char **qblk_image_arguments(const GPtrArray *layers, const GPtrArray *secrets,
                            QblkImageUse use) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @name is the format node of the layer at @position, for any use. */
gboolean qblk_image_arguments_is_node(guint position, const char *name);

/** Returns: TRUE if @name is the format node of one of @layers, opened for plans or changes. */
gboolean qblk_image_arguments_has_node(const GPtrArray *layers, const char *name);

/** Returns: (transfer full) (nullable): the options with which the format node @name is opened for
 * changes, without its backing file; NULL if no layer has it */
QblkJson *qblk_image_arguments_node(const GPtrArray *layers,
                                    const char *name) G_GNUC_WARN_UNUSED_RESULT;
