/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A difference between a running chain and what it is compared with.
 */
#pragma once

#include "chain/chain.h"

#include <qblk/difference.h>

struct QblkDifference {
    gatomicrefcount references;
    QblkDifferenceKind kind;
    char *disk;      /* target name; NULL: of a job whose disk is not known */
    char *layer;     /* as in "vda[2]"; NULL if the difference concerns the disk */
    gint64 position; /* of the layer, or QBLK_UNKNOWN */
    char *name;      /* of a bitmap, job, node or mark, or NULL */
    char *journal;   /* which names the node or job, so that an operation may need it, or NULL */
    char *expected;  /* the value of the header or domain, without secrets, or NULL */
    char *found;     /* the value of the running chain, without secrets, or NULL */
    char *text;      /* of a file, bitmap, job or status: a sentence; otherwise NULL */
};

/** Returns: (transfer full): a list that owns its QblkDifference */
GPtrArray *qblk_differences_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @kind is of the header of an image. */
gboolean qblk_difference_is_of_header(QblkDifferenceKind kind);

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
