/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The layout of a picture: a pure function of its boxes and links.
 *
 * Boxes that are connected by `next` form a tree, whose root is a base image.  A run of boxes
 * without a branch is a segment: one column, or several beside each other if it is long.  The
 * segments above a shared image are side by side on top of it.  Trees that links connect form a
 * cluster, and clusters fill rows.  All columns of the picture are on one grid, so that the
 * gutters between them are free of boxes from top to bottom, and have the lines that go upwards or
 * sideways.
 */
#pragma once

#include "cli/print/picture.h"

/** Set the coordinates of all boxes, the lines, the notes and the size of the picture. */
void qblk_picture_lay_out(QblkPicture *picture);
