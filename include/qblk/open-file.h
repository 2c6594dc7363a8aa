/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files that QEMU has open, and what their names lead to now.
 *
 * QEMU opens an image again by its name when a job has to write to it, and the headers of other
 * images name it.  The name may have come to mean another file since.
 */
#pragma once

#include <qblk/graph-kinds.h>

G_BEGIN_DECLS

/**
 * QblkOpenFile:
 *
 * The file that QEMU has open for a layer.  It belongs to the chain of the layer.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkOpenFile QblkOpenFile;

/**
 * qblk_open_file_ref:
 * @file: the open file
 *
 * Returns: (transfer full): a further reference to @file, which is a reference to its chain
 *
 * Since: 0.1.0
 */
QblkOpenFile *qblk_open_file_ref(const QblkOpenFile *file);

/**
 * qblk_open_file_unref:
 * @file: (nullable) (transfer full): the open file
 *
 * Release a reference to the chain; the last one frees the chain.
 *
 * Since: 0.1.0
 */
void qblk_open_file_unref(QblkOpenFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkOpenFile, qblk_open_file_unref)

/**
 * qblk_open_file_get_state:
 * @file: the open file
 *
 * Returns: what the name leads to now
 *
 * Since: 0.1.0
 */
QblkFileState qblk_open_file_get_state(const QblkOpenFile *file);

/**
 * qblk_open_file_get_name:
 * @file: the open file
 *
 * Returns: the name as QEMU reports it, without secrets
 *
 * Since: 0.1.0
 */
const char *qblk_open_file_get_name(const QblkOpenFile *file);

/**
 * qblk_open_file_is_known:
 * @file: the open file
 *
 * Returns: TRUE if it is known which file QEMU has open
 *
 * Since: 0.1.0
 */
gboolean qblk_open_file_is_known(const QblkOpenFile *file);

/**
 * qblk_open_file_get_device:
 * @file: the open file
 *
 * Returns: the device number of the file system that has the file, or the number of the device
 *   itself; QBLK_UNKNOWN if the file is not known
 *
 * Since: 0.1.0
 */
gint64 qblk_open_file_get_device(const QblkOpenFile *file);

/**
 * qblk_open_file_get_inode:
 * @file: the open file
 *
 * Returns: the inode; 0 of a block device; QBLK_UNKNOWN if the file is not known, or is a character
 *   device
 *
 * Since: 0.1.0
 */
gint64 qblk_open_file_get_inode(const QblkOpenFile *file);

/**
 * qblk_open_file_get_offset:
 * @file: the open file
 *
 * Returns: where the image begins in the file, in bytes
 *
 * Since: 0.1.0
 */
gint64 qblk_open_file_get_offset(const QblkOpenFile *file);

/**
 * qblk_open_file_get_path:
 * @file: the open file
 *
 * Returns: (nullable): a path that leads to the file now, absolute, as QEMU sees it; NULL if none
 *   is known
 *
 * Since: 0.1.0
 */
const char *qblk_open_file_get_path(const QblkOpenFile *file);

/**
 * qblk_open_file_is_deleted:
 * @file: the open file
 *
 * Returns: TRUE if the file has no name any longer
 *
 * Since: 0.1.0
 */
gboolean qblk_open_file_is_deleted(const QblkOpenFile *file);

/**
 * qblk_open_file_get_named_device:
 * @file: the open file
 *
 * Returns: the device number of the file that the name leads to, as of qblk_open_file_get_device();
 *   QBLK_UNKNOWN if it leads to no file
 *
 * Since: 0.1.0
 */
gint64 qblk_open_file_get_named_device(const QblkOpenFile *file);

/**
 * qblk_open_file_get_named_inode:
 * @file: the open file
 *
 * Returns: the inode of that file, as of qblk_open_file_get_inode()
 *
 * Since: 0.1.0
 */
gint64 qblk_open_file_get_named_inode(const QblkOpenFile *file);

/**
 * qblk_open_file_get_reason:
 * @file: the open file
 *
 * Returns: (nullable): why the file is not known, for people; NULL unless the state is
 *   QBLK_FILE_UNKNOWN
 *
 * Since: 0.1.0
 */
const char *qblk_open_file_get_reason(const QblkOpenFile *file);

/**
 * qblk_open_file_to_text:
 * @file: the open file
 *
 * Returns: (transfer full): the state in a sentence for people, which names both files
 *
 * Since: 0.1.0
 */
char *qblk_open_file_to_text(const QblkOpenFile *file) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
