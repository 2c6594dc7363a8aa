/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Backing strings: what the header of an image has to name when the layers below it change.
 */
#pragma once

#include "graph/chain.h"

/**
 * Make the name of the image @lower relative to the directory of @upper from the relative backing
 * strings in the headers between them: "../b/top.qcow2" and, in that one, "base.qcow2" give
 * "../b/base.qcow2".
 *
 * Returns: (transfer full): the name; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if a header has no
 * backing string or an absolute one, if it names another file than the one that is open, or if the
 * name of that file is not completely known
 */
char *qblk_backing_string_relative(const QblkChain *chain, const QblkLayer *upper,
                                   const QblkLayer *lower,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: TRUE if the backing string @name in the header of @upper leads to the file @lower, and
 * also if one of them is not a path (`json:`, a URL), so that they cannot be compared.
 */
gboolean qblk_backing_string_leads_to(const char *upper, const char *name, const char *lower);

/**
 * Get the path that a header above @lower should name.
 *
 * For a node opened with -blockdev QEMU would choose `json:` with everything below the node, which
 * is wrong as soon as that changes.
 *
 * Returns: (nullable): the path, borrowed; NULL if it does not describe the image completely or is
 * not known for certain, and QEMU has to choose
 */
const char *qblk_backing_string_absolute(const QblkLayer *lower);

/**
 * Choose what the header of @upper should name when @lower is the next layer.
 *
 * @keeps_relative: choose a relative name instead of an absolute one
 * @name: (out) (transfer full) (nullable): the name; NULL if QEMU has to choose it
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED as of qblk_backing_string_relative(), and
 * if the path of @lower is not completely known: a wrong choice of QEMU would not be noticed
 */
gboolean qblk_backing_string_choose(const QblkChain *chain, const QblkLayer *upper,
                                    const QblkLayer *lower, gboolean keeps_relative, char **name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
