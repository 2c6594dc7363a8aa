/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The version of a QEMU.
 *
 * What QEMU can do is found out by asking; the version only serves where asking would do harm, and
 * to ask for the right thing first.
 */
#pragma once

#include "graph/replies.h"

typedef struct {
    int major;
    int minor;
    int micro;
} QblkVersion;

/** Take the version from the reply to query-version; FALSE where there is none that can be read. */
gboolean qblk_version_load(const QblkReplies *replies, QblkVersion *version);

/** Like strcmp. */
int qblk_version_compare(const QblkVersion *a, const QblkVersion *b);
