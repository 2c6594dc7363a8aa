/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Differences between a running chain and its files, the headers of its images, or a libvirt
 * domain.
 *
 * A missing value is not a difference.  The exception is a qcow2 header without a backing format if
 * the backing image is not raw: at the next start libvirt would take it for raw, or refuse it.
 */
#pragma once

#include "chain/chain.h"
#include "image/image-header.h"

typedef enum {
    QBLK_DIFFERENCE_ANOTHER_FILE,    /* the name of the layer leads to another file */
    QBLK_DIFFERENCE_FILE_GONE,       /* the name of the layer leads to no file */
    QBLK_DIFFERENCE_DESCRIPTOR,      /* QEMU was given a descriptor */
    QBLK_DIFFERENCE_FILE_UNKNOWN,    /* it is not known which file QEMU has open */
    QBLK_DIFFERENCE_BACKING_FILE,    /* the header names another image than the next layer */
    QBLK_DIFFERENCE_BACKING_FORMAT,  /* the header has another format than the next layer */
    QBLK_DIFFERENCE_BACKING_ENDS,    /* the header names an image; the chain ends here */
    QBLK_DIFFERENCE_BACKING_GOES_ON, /* the header names no image, but the chain continues */
    QBLK_DIFFERENCE_UNCOMPARABLE,    /* names that cannot be compared */
    QBLK_DIFFERENCE_DISK,            /* only one side has the disk */
    QBLK_DIFFERENCE_DEPTH,
    QBLK_DIFFERENCE_SOURCE,
    QBLK_DIFFERENCE_FORMAT,
    QBLK_DIFFERENCE_INDEX,
    QBLK_DIFFERENCE_MIRROR,
} QblkDifferenceKind;

typedef struct {
    QblkDifferenceKind kind;
    char *disk;     /* target name */
    char *layer;    /* as in "vda[2]"; NULL if the difference concerns the disk */
    char *expected; /* the value of the header or domain, without secrets, or NULL */
    char *found;    /* the value of the running chain, without secrets, or NULL */
    char *text;     /* of a file: a sentence about both; otherwise NULL */
} QblkDifference;

/** Returns: (transfer full): a list that owns its QblkDifference */
GPtrArray *qblk_check_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Add a difference for each layer of @chain whose name does not lead to the file that QEMU has
 * open, and one if that is not known.
 */
void qblk_check_files(const QblkChain *chain, GPtrArray *differences);

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
 * Add the differences between @running and @domain, the same disk in a libvirt domain, to
 * @differences.  Only values that @domain has are compared: the XML of a domain that does not run
 * has the active images only.  Either chain may be NULL, for a disk that only one side has.
 */
void qblk_check_domain(const QblkChain *running, const QblkChain *domain, GPtrArray *differences);

/** The name of @kind in JSON: "backing-file", "depth" ... */
const char *qblk_check_kind_name(QblkDifferenceKind kind);

/** @difference as one line of text, not escaped. */
char *qblk_check_text(const QblkDifference *difference) G_GNUC_WARN_UNUSED_RESULT;
