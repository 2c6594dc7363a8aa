/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is at a path of this machine that an image will be written to.  Nothing is written.
 */
#pragma once

#include "image/device-use.h"

typedef enum {
    QBLK_DESTINATION_NOTHING, /* it does not exist */
    QBLK_DESTINATION_FILE,
    QBLK_DESTINATION_BLOCK,   /* a block device */
    QBLK_DESTINATION_OTHER,   /* a directory, a pipe, a character device */
    QBLK_DESTINATION_UNKNOWN, /* it cannot be examined: see @error_number */
} QblkDestinationKind;

typedef struct {
    QblkDestinationKind kind;
    int error_number;      /* of errno */
    gint64 size;           /* bytes; -1 if it is not known */
    const char *format;    /* by its magic; NULL: another one, or it cannot be read */
    gboolean is_encrypted; /* an image of @format that cannot be opened without a secret */
    char *locked_by;       /* "process 12 (qemu-nbd)", or NULL */
    QblkDeviceUse *use;    /* owned; NULL: it is neither a file nor a block device */
} QblkDestination;

/** Returns: (transfer full): what is at @path */
QblkDestination *qblk_destination_look_up(const char *path) G_GNUC_WARN_UNUSED_RESULT;
void qblk_destination_free(QblkDestination *destination);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDestination, qblk_destination_free)
