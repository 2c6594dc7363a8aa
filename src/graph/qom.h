/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Properties of QEMU's objects, as qom-get reports them.
 */
#pragma once

#include "graph/replies.h"

/** The absolute QOM path of @qdev, which is one already or the id given to -device. */
char *qblk_qom_path(const char *qdev) G_GNUC_WARN_UNUSED_RESULT;

/** The path above @path ("/machine/peripheral/a/b" has "/machine/peripheral/a"). */
char *qblk_qom_parent(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Arguments of the qom-get that reads @property of @path; a new reference. */
QblkJson *qblk_qom_arguments(const char *path, const char *property) G_GNUC_WARN_UNUSED_RESULT;

/** A string property; NULL where it is not known.  Borrowed from @replies. */
const char *qblk_qom_string(const QblkReplies *replies, const char *path, const char *property);

/** An integer property; @missing where it is not known. */
gint64 qblk_qom_integer(const QblkReplies *replies, const char *path, const char *property,
                        gint64 missing);
