/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Backing strings that stay relative when layers between two images go away.
 */
#pragma once

#include "graph/chain.h"

/**
 * How the image @lower is named relative to the directory of @upper, made of the relative backing
 * strings of the headers from @upper down to it: "../b/top.qcow2" and in it "base.qcow2" give
 * "../b/base.qcow2".  Owned by the caller.
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED where a header on the way has no name or an absolute one, or names
 * another file than the one that is open, or one whose name is not known whole.
 */
char *qblk_backing_string_relative(const QblkChain *chain, const QblkLayer *upper,
                                   const QblkLayer *lower,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether the backing string @name in the header of @upper leads to the file @lower.  TRUE as well
 * for what is no path (`json:`, URLs), of which nothing can be said.
 */
gboolean qblk_backing_string_leads_to(const char *upper, const char *name, const char *lower);

/**
 * What a header above @lower should say: its path.  NULL where that does not say all, or is not
 * known for sure; QEMU's own choice has to do then.  Borrowed.
 *
 * QEMU's own choice for a node that was opened with -blockdev is `json:` with all that is below it,
 * which is wrong as soon as that changes.
 */
const char *qblk_backing_string_absolute(const QblkLayer *lower);

/**
 * What the header of @upper should say once @lower is next to it: a relative name with
 * @keeps_relative, else an absolute one; @name is set to NULL where QEMU has to choose.
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED as for qblk_backing_string_relative(), and where @lower has a path
 * that is not known whole: QEMU's own choice could not be told from a wrong one.
 */
gboolean qblk_backing_string_choose(const QblkChain *chain, const QblkLayer *upper,
                                    const QblkLayer *lower, gboolean keeps_relative, char **name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
