/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The file that a mark is of, so that it is recognized by another name, after a reboot, and not
 * mistaken for a later file of the same name.
 *
 * An inode number is used again after a file was deleted, and so the time of birth is compared too.
 * The number of a device is valid until the next boot only.
 */
#pragma once

#include "base/json.h"

typedef struct {
    gint64 device; /* number of the block device, or of the file system; 0: not known */
    gint64 inode;  /* 0: a block device, or not known */
    gint64 born;   /* in nanoseconds; 0: not known */
    char *boot;    /* owned (nullable): id of the boot in which @device is valid */
    char *id;      /* owned (nullable): of a block device, valid in each boot */
} QblkMarkedFile;

/**
 * Read which file @path leads to now.  Symbolic links are followed.
 *
 * @file: (out): to be cleared with qblk_marked_file_clear()
 *
 * Returns: FALSE with errno if there is no such file; EINVAL: neither a regular file nor a block
 * device
 */
gboolean qblk_marked_file_read(QblkMarkedFile *file, const char *path) G_GNUC_WARN_UNUSED_RESULT;

void qblk_marked_file_clear(QblkMarkedFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkMarkedFile, qblk_marked_file_clear)

/** Returns: TRUE if anything is known of @file. */
gboolean qblk_marked_file_is_known(const QblkMarkedFile *file);

/** Returns: TRUE if @file is a block device. */
gboolean qblk_marked_file_is_block(const QblkMarkedFile *file);

/** Returns: TRUE if the number of @file is that of a device in this boot. */
gboolean qblk_marked_file_is_of_this_boot(const QblkMarkedFile *file);

/** Returns: TRUE if @a and @b, both known, are one file. */
gboolean qblk_marked_file_is_same(const QblkMarkedFile *a, const QblkMarkedFile *b);

/** Append the members of @file to @object. */
void qblk_marked_file_add(const QblkMarkedFile *file, QblkJson *object);

/** Read the members from @object (nullable).  Missing ones are not known.
 * @file: (out): to be cleared with qblk_marked_file_clear() */
void qblk_marked_file_parse(QblkMarkedFile *file, const QblkJson *object);
