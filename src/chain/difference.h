/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A difference between a running chain and what it is compared with.
 */
#pragma once

#include "chain/chain.h"

typedef enum {
    QBLK_DIFFERENCE_ANOTHER_FILE,    /* the name of the layer leads to another file */
    QBLK_DIFFERENCE_FILE_GONE,       /* the name of the layer leads to no file */
    QBLK_DIFFERENCE_DESCRIPTOR,      /* QEMU was given a descriptor */
    QBLK_DIFFERENCE_FILE_UNKNOWN,    /* it is not known which file QEMU has open */
    QBLK_DIFFERENCE_BITMAP,          /* a bitmap of the layer is inconsistent */
    QBLK_DIFFERENCE_JOB,             /* a job has concluded, and no client has dismissed it */
    QBLK_DIFFERENCE_IO_STATUS,       /* a request of the guest has failed */
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
    char *disk;     /* target name; NULL: of a job whose disk is not known */
    char *layer;    /* as in "vda[2]"; NULL if the difference concerns the disk */
    char *expected; /* the value of the header or domain, without secrets, or NULL */
    char *found;    /* the value of the running chain, without secrets, or NULL */
    char *text;     /* of a file, bitmap, job or status: a sentence; otherwise NULL */
} QblkDifference;

/** Returns: (transfer full): a list that owns its QblkDifference */
GPtrArray *qblk_differences_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Add a difference to @differences.
 *
 * @chain: (nullable): NULL if the disk is not known; then the caller sets a text
 * @layer: (nullable): NULL if the difference concerns the disk
 * @expected, @found: (nullable): are copied without secrets
 *
 * Returns: (transfer none): the difference, for the caller to set its text
 */
QblkDifference *qblk_difference_add(GPtrArray *differences, QblkDifferenceKind kind,
                                    const QblkChain *chain, const QblkLayer *layer,
                                    const char *expected, const char *found);

/** The name of @kind in JSON: "backing-file", "depth" ... */
const char *qblk_difference_kind_name(QblkDifferenceKind kind);

/** @difference as one line of text, not escaped. */
char *qblk_difference_text(const QblkDifference *difference) G_GNUC_WARN_UNUSED_RESULT;
