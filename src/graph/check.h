/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Differences between a running chain and what somebody else says of it: the headers of its images,
 * or a libvirt domain.
 *
 * What nobody says is no difference.  A header that names no format is one only for a qcow2 image
 * on something that is not raw: libvirt would take that for raw at the next start, or refuse it.
 */
#pragma once

#include "graph/chain.h"
#include "image/image-header.h"

typedef enum {
    QBLK_DIFFERENCE_BACKING_FILE,   /* the header names another image than the next layer */
    QBLK_DIFFERENCE_BACKING_FORMAT, /* the header says another format than that of the next layer */
    QBLK_DIFFERENCE_BACKING_ENDS,   /* the header names an image, and the chain ends there */
    QBLK_DIFFERENCE_BACKING_GOES_ON, /* the header names none, and the chain goes on */
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
    char *layer;    /* as in "vda[2]"; NULL where it is about the disk */
    char *expected; /* what the header or domain says, without secrets; NULL for nothing */
    char *found;    /* what runs; NULL for nothing */
} QblkDifference;

/** A list of QblkDifference that owns them. */
GPtrArray *qblk_check_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Add to @differences where the headers of the images of @chain and the chain do not agree.
 *
 * @headers has a QblkImageHeader or NULL for each layer, as it was read from the image itself; a
 * NULL list stands for NULLs.  Where there is none QEMU's word is taken, which is what the header
 * said when the image was opened.
 */
void qblk_check_headers(const QblkChain *chain, const GPtrArray *headers, GPtrArray *differences);

/**
 * Add to @differences where @believed, the disk of a domain, does not say what runs, @running.
 * Only what @believed says counts: a domain that is not running has only its active images.  Either
 * may be NULL, for a disk that only the other has.
 */
void qblk_check_domain(const QblkChain *running, const QblkChain *believed, GPtrArray *differences);

/** The name of @kind in JSON: "backing-file", "depth" ... */
const char *qblk_check_kind_name(QblkDifferenceKind kind);

/** @difference as one line for people, with names as they are. */
char *qblk_check_text(const QblkDifference *difference) G_GNUC_WARN_UNUSED_RESULT;
