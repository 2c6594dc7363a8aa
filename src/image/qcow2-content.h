/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The lists in a qcow2 image: of its snapshots and of its bitmaps.
 */
#pragma once

#include <glib.h>

/** A dirty bitmap that is stored in a qcow2 image. */
typedef struct {
    char *name;
    gint64 granularity;       /* bytes of the disk for each bit */
    gint64 dirty;             /* bytes of the disk whose bits are set; 0 if it is inconsistent */
    gboolean is_recording;    /* it records writes whenever the image is open */
    gboolean is_inconsistent; /* it was not saved when the image was last closed, or is in use */
} QblkImageBitmap;

/** A snapshot inside of a qcow2 image. */
typedef struct {
    char *id;
    char *name;
    gint64 date;          /* seconds since 1970 */
    gint64 vm_state_size; /* bytes */
} QblkImageSnapshot;

typedef struct {
    GPtrArray *bitmaps;   /* of QblkImageBitmap, owned, in the order of the file */
    GPtrArray *snapshots; /* of QblkImageSnapshot, owned, in the order of the file */
} QblkQcow2Content;

/** Returns: (transfer full): empty lists */
QblkQcow2Content *qblk_qcow2_content_new(void) G_GNUC_WARN_UNUSED_RESULT;
void qblk_qcow2_content_free(QblkQcow2Content *content);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkQcow2Content, qblk_qcow2_content_free)

/**
 * Read the lists of the qcow2 image that the descriptor @fd can read, whose header is valid.
 *
 * @bytes: the first @length bytes of the image
 *
 * Returns: (transfer full): the lists; NULL with QBLK_GRAPH_ERROR: FILE if a list is damaged, LIMIT
 * if the bitmaps have too many bits
 */
QblkQcow2Content *qblk_qcow2_content_read(int fd, const guint8 *bytes, gsize length,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
