/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is wrong with one disk.
 */
#pragma once

#include "chain/difference.h"

/** What a check has found of one disk.  Everything is borrowed. */
typedef struct {
    const QblkChain *chain;
    const GPtrArray *differences; /* of QblkDifference, of this disk, or of a layer of it */
    const GPtrArray *headers;     /* of QblkImageHeader or NULL, for each layer; NULL: not read */
    const char *blocked;          /* why the images of the disk cannot be changed, or NULL */
    gboolean keeps_jobs;          /* jobs that were left are not dismissed either */
} QblkMendFindings;

/** Returns: (nullable): what was found of @layer, of a kind from @first to @last */
const QblkDifference *qblk_mend_findings_find(const QblkMendFindings *findings,
                                              const QblkLayer *layer, QblkDifferenceKind first,
                                              QblkDifferenceKind last);

/** Returns: (nullable): what is wrong with the header of @layer */
const QblkDifference *qblk_mend_findings_find_header(const QblkMendFindings *findings,
                                                     const QblkLayer *layer);

/** Returns: (nullable): the backing string that the header of @layer has now */
const char *qblk_mend_findings_get_string(const QblkMendFindings *findings, const QblkLayer *layer);

/**
 * Find the string that a header keeps.  What QEMU reports lacks secrets, and is not written back.
 *
 * Returns: (transfer none): the string; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if the header cannot
 *   be read here, has no string, or the string contains a password, which is not printed
 */
const char *qblk_mend_findings_keep_string(const QblkMendFindings *findings, const QblkLayer *layer,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * List what was found, and the headers that name an image by a name that it had before: a check
 * reports such an image and not the header above it.
 *
 * Returns: (transfer full): a list of QblkDifference, owned
 */
GPtrArray *qblk_mend_findings_list(const QblkMendFindings *findings,
                                   const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;
