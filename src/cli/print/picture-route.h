/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The lines of a picture whose boxes have their places.
 */
#pragma once

#include "cli/print/picture.h"

/** From a box to the next one, right below it in the same column. */
void qblk_picture_route_down(QblkPicture *picture, guint from, guint to);

/** From the last box of a column to the first one of the column to the right. */
void qblk_picture_route_fold(QblkPicture *picture, guint from, guint to);

/** Pixels above a shared box, of the line that those above it have in common. */
#define QBLK_PICTURE_JOIN_ABOVE 20

/**
 * From a box that shares the one below it with others.
 *
 * @bus: the y of the line between the rows of boxes
 * @trunk: the left edge of the rows if there is another row between @from and @to; else -1
 */
void qblk_picture_route_join(QblkPicture *picture, guint from, guint to, int bus, int trunk);

/**
 * Along the gutters, through no box.
 *
 * @channel: a height above all boxes of their cluster
 * @number: of the link in its cluster: lines with different numbers do not cover each other
 */
void qblk_picture_route_link(QblkPicture *picture, const QblkPictureLink *link, int channel,
                             guint number);
