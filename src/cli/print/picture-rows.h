/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the boxes of a picture tell about devices, nodes, exports and jobs.
 */
#pragma once

#include "cli/print/picture-layers.h"
#include "cli/print/picture.h"

/** Fill the box of @device.  @depth: of its chain */
void qblk_picture_rows_add_device(QblkPictureBox *box, const QblkDevice *device, guint depth);

/** Fill the box of the filter @node. */
void qblk_picture_rows_add_filter(QblkPictureBox *box, const QblkNode *node);

/**
 * Fill the box of an image, or of another node.
 *
 * @storage: (nullable): the node of its file
 * @layer: (nullable): what it is as a layer
 */
void qblk_picture_rows_add_image(QblkPictureBox *box, const QblkNode *node, const QblkNode *storage,
                                 const QblkPictureLayer *layer);

/** Add a row for the layers that have the same image in other nodes.  @text: (nullable) */
void qblk_picture_rows_add_same(QblkPictureBox *box, const char *text);

/** Add a row for a further file of an image, such as its data file.  @edge: its name */
void qblk_picture_rows_add_file(QblkPictureBox *box, const char *edge, const QblkNode *file);

/** Add what the image of @node has beside the data of the guest. */
void qblk_picture_rows_add_content(QblkPictureBox *box, const QblkNode *node);

void qblk_picture_rows_add_export(QblkPictureBox *box, const QblkExport *export);

/** Add the state and the progress of @job. */
void qblk_picture_rows_add_job(QblkPictureBox *box, const QblkJob *job);
