/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The backing string that a wrong header gets: a name that is proven to lead to the image below.
 */
#pragma once

#include "chain/chain.h"

/** A header whose backing string is to be chosen.  Everything is borrowed. */
typedef struct {
    const QblkSnapshot *snapshot;
    const QblkChain *chain;
    const QblkLayer *upper; /* that has the header */
    const QblkLayer *lower; /* that is open below it */
    const char *now;        /* the backing string of the header, or NULL */
    const char *kept;       /* @now, which leads to @lower: only the format is wrong; or NULL */
    const char *given;      /* an absolute path that the user knows, or NULL */
    gboolean is_image;      /* no QEMU has it: qblk has just opened the images by their names */
} QblkMendString;

/**
 * Choose the string: the path that the user knows, if that is the file that QEMU has open; the
 * string that is there, if only the format is wrong; else the path of the file that QEMU has open.
 * It is relative if the header has a relative one now, and the image has only one name, which is no
 * link: otherwise it depends on the name where QEMU looks a relative one up.
 *
 * Returns: (transfer full): the string; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if it is not known
 *   which file QEMU has open, if that has no name, or if it is not the one that the user knows
 */
char *qblk_mend_string_choose(const QblkMendString *request,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
