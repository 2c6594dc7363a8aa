/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a job does with the file of each layer, and whether the name of the layer still leads to
 * that file.
 *
 * QEMU opens an image again by its name to write to it: the base of a commit, and an overlay below
 * the active layer whose header changes (block/file-posix.c, raw_reconfigure_getfd).  It reads, and
 * writes to the active layer, through the descriptor that it has.
 */
#pragma once

#include "plan/plan.h"

typedef enum {
    QBLK_USE_STAYS,  /* the job does not touch it */
    QBLK_USE_READ,   /* its data are read from the file that is open */
    QBLK_USE_WRITE,  /* data or its header are written to the file that is open */
    QBLK_USE_REOPEN, /* QEMU opens it again by its name, and writes to it */
    QBLK_USE_PIVOT,  /* the guest is switched to it */
    QBLK_USE_COPY,   /* it is a copy of the disk afterwards, which the user knows by its name */
    QBLK_USE_NAME,   /* the header of another image names it */
} QblkFileUse;

/** The use of the layers of a chain, by position. */
typedef struct {
    const QblkChain *chain; /* borrowed */
    QblkFileUse *uses;      /* owned */
} QblkFileUses;

/** All layers stay as they are. */
void qblk_file_uses_init(QblkFileUses *uses, const QblkChain *chain);
void qblk_file_uses_clear(QblkFileUses *uses);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkFileUses, qblk_file_uses_clear)

/** Set the use of the layers from the position @first up to, but not including, @end. */
void qblk_file_uses_set(QblkFileUses *uses, guint first, guint end, QblkFileUse use);

/**
 * Check that the name of each layer that is written to, opened again or named in a header leads to
 * the file that QEMU has open.
 *
 * A header may name a file that was renamed by the path that leads to it now, if several layers of
 * the chain have one name, and it is known which one has which file.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, and both files in the message
 */
gboolean qblk_file_uses_check(const QblkFileUses *uses, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that the commit which writes to @layer can be ended: QEMU opens the layer again by its name
 * then, also if the job is cancelled.  If the name leads to no file, it keeps the open one.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_file_uses_check_end(const QblkChain *chain, const QblkLayer *layer,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add a warning to @plan for each other layer whose name does not lead to its file, and one if
 * the files are not known. */
void qblk_file_uses_warn(const QblkFileUses *uses, QblkPlan *plan);
