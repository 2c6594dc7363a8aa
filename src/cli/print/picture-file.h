/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The file name of a node, split for a picture.
 */
#pragma once

#include <qblk/node.h>

typedef struct {
    char *whole;     /* owned: what QEMU reports, or what a `json:` name means; or "" */
    char *name;      /* owned: its last part; or "" */
    char *directory; /* owned: what is in front of that: a directory, or a server and its query; or
                      * NULL */
} QblkPictureFile;

/** Split the name of the file of @node, which has no secrets. */
void qblk_picture_file_init(QblkPictureFile *file, const QblkNode *node);
void qblk_picture_file_clear(QblkPictureFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkPictureFile, qblk_picture_file_clear)
