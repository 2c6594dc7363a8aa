/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Backing strings: what the header of an image has to name when the layers below it change.
 *
 * QEMU would choose a name by itself, and its choice is wrong for a relative name (it takes the one
 * from its command line, although a backing string is relative to the directory of its image), for
 * a descriptor (/dev/fdset/N) and for a file that was renamed.
 *
 * @snapshot is NULL, or one without files, if it is not known which files QEMU has open: then only
 * names are compared.
 */
#pragma once

#include "chain/chain.h"
#include "graph/snapshot.h"

/** Returns: FALSE if @name is an absolute path or begins with a scheme, as URLs and `json:` */
gboolean qblk_backing_string_is_relative(const char *name);

/**
 * Make the name of the image @lower relative to the directory of @upper from the relative backing
 * strings in the headers between them: "../b/top.qcow2" and, in that one, "base.qcow2" give
 * "../b/base.qcow2".
 *
 * Returns: (transfer full): the name; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if a header has no
 * backing string or an absolute one, if it names another file than the one that is open, or if the
 * name of that file is not completely known
 */
char *qblk_backing_string_relative(const QblkSnapshot *snapshot, const QblkChain *chain,
                                   const QblkLayer *upper, const QblkLayer *lower,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: TRUE if the backing string @name in the header of @upper leads to the file @lower, and
 * also if one of them is not a path (`json:`, a URL), so that they cannot be compared.
 */
gboolean qblk_backing_string_leads_to(const char *upper, const char *name, const char *lower);

/**
 * The same, compared by the file that QEMU has open for @lower if that is known.
 *
 * @upper: (nullable): the image with that header; NULL for an absolute name
 */
gboolean qblk_backing_string_leads_to_layer(const QblkSnapshot *snapshot, const QblkLayer *upper,
                                            const char *name, const QblkLayer *lower);

/**
 * Choose the name of @lower that is not relative: an absolute path, or what QEMU reports for an
 * image on the network or in a part of a file.
 *
 * Returns: (transfer full): the name; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if it is not completely
 * known, does not lead to the file that QEMU has open, or is too long for a header
 */
char *qblk_backing_string_absolute(const QblkSnapshot *snapshot, const QblkLayer *lower,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Choose what the header of @upper should name when @lower is the next layer: a relative name if it
 * has a relative one now and that is possible, otherwise an absolute one.
 *
 * @keeps_relative: do not choose an absolute name
 *
 * Returns: (transfer full): the name; NULL with QBLK_BLOCKJOB_ERROR_REFUSED
 */
char *qblk_backing_string_choose(const QblkSnapshot *snapshot, const QblkChain *chain,
                                 const QblkLayer *upper, const QblkLayer *lower,
                                 gboolean keeps_relative, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Choose what the header of a new image names: a relative path if the header of @lower has one and
 * that is possible, otherwise an absolute one.
 *
 * @path: absolute, of the new image
 * @lower: the layer that it is put over
 * @is_relative_only: do not choose an absolute name
 *
 * Returns: (transfer full): the name; NULL with QBLK_BLOCKJOB_ERROR_REFUSED
 */
char *qblk_backing_string_for_new(const QblkSnapshot *snapshot, const char *path,
                                  const QblkLayer *lower, gboolean is_relative_only,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
