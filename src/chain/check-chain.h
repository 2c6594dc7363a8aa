/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Differences between a running chain and its files, the headers of its images, or a libvirt
 * domain.
 *
 * A missing value is not a difference.  The exception is a qcow2 header without a backing format if
 * the backing image is not raw: at the next start libvirt would take it for raw, or refuse it.
 */
#pragma once

#include "chain/difference.h"
#include "graph/snapshot.h"
#include "image/image-header.h"

/**
 * Add a difference for each layer of @chain whose name does not lead to the file that QEMU has
 * open, and one if that is not known.
 */
void qblk_check_files(const QblkChain *chain, GPtrArray *differences);

/**
 * Add what is wrong with the images of @chain: bitmaps that are inconsistent, and an I/O status
 * that is not "ok".
 */
void qblk_check_content(const QblkChain *chain, GPtrArray *differences);

/**
 * Add the jobs of @snapshot that have concluded: until they are dismissed they keep their id.
 *
 * @disk: (nullable): only those of this disk
 */
void qblk_check_jobs(const QblkSnapshot *snapshot, const char *disk, GPtrArray *differences);

/**
 * Add the differences between @chain and the headers of its images to @differences.  A backing
 * string is followed as QEMU follows it, and compared with the file that is open below.
 *
 * @opened: (nullable): what QEMU has open; NULL: names are compared
 * @headers: (nullable): a QblkImageHeader or NULL for each layer, read from the image.  For a
 *   missing one the values that QEMU reports are used, which it read when it opened the image.
 */
void qblk_check_headers(const QblkChain *chain, QblkOpenedFiles *opened, const GPtrArray *headers,
                        GPtrArray *differences);

/**
 * Add what is wrong with the recorded formats of the backing files of an image that no QEMU has
 * open, and qblk_check_headers() cannot see: a file that may have another format than that with
 * which it was opened, and one that is raw, which QEMU would probe because no format is recorded.
 *
 * @images: of QblkImageLayer
 * @headers, @differences: as in qblk_check_headers(), which has added its differences
 */
void qblk_check_formats(const QblkChain *chain, const GPtrArray *images, const GPtrArray *headers,
                        GPtrArray *differences);

/**
 * Add the differences between @running and @domain, the same disk in a libvirt domain, to
 * @differences.  Only values that @domain has are compared: the XML of a domain that does not run
 * has the active images only.  Either chain may be NULL, for a disk that only one side has.
 */
void qblk_check_domain_disk(const QblkChain *running, const QblkChain *domain,
                            GPtrArray *differences);
