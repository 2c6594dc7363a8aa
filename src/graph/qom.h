/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Properties of QEMU's objects, as qom-get reports them.
 */
#pragma once

#include "graph/replies.h"

/** The absolute QOM path of @qdev, which is such a path or the id of -device. */
char *qblk_qom_path(const char *qdev) G_GNUC_WARN_UNUSED_RESULT;

/** The path above @path ("/machine/peripheral/a/b" has "/machine/peripheral/a"). */
char *qblk_qom_parent(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** The arguments of the qom-get for @property of @path; a new reference. */
QblkJson *qblk_qom_arguments(const char *path, const char *property) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none) (nullable): a string property */
const char *qblk_qom_string(const QblkReplies *replies, const char *path, const char *property);

/**
 * The QOM type of a device.  The block device of a virtio disk is always the same type, so that
 * QEMU is not asked: "/machine/peripheral/ID/virtio-backend".
 *
 * Returns: (transfer none) (nullable): its type
 */
const char *qblk_qom_type(const QblkReplies *replies, const char *path);

/** TRUE if the type of @path is known without a reply. */
gboolean qblk_qom_is_virtio_backend(const char *path);

/** Returns: an integer property, or @missing if @replies do not have it */
gint64 qblk_qom_integer(const QblkReplies *replies, const char *path, const char *property,
                        gint64 missing);
