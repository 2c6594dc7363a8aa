/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans of block jobs, and the options they are made from.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct QblkPlan QblkPlan;

typedef enum {
    QBLK_COMMIT_INNER,        /**< the active layer is not among those committed */
    QBLK_COMMIT_ACTIVE,       /**< stop where the base is in step with the guest */
    QBLK_COMMIT_PIVOT,        /**< then go on with the base */
    QBLK_COMMIT_KEEP_OVERLAY, /**< then go on with the overlay; the base stays a copy */
} QblkCommitEnd;

/** A commit.  Initialize with zeroes. */
typedef struct {
    const char *top;  /**< a layer as the user names it; NULL: the active one */
    const char *base; /**< likewise; NULL: the bottom, or with shallow the one below top */
    gboolean shallow;
    QblkCommitEnd end;
    gboolean keep_relative;  /**< the overlay's backing string stays relative */
    gboolean delete_removed; /**< files that are not used any more are deleted at the end: refused
                                  where QEMU is not seen to have them open on this machine */
} QblkCommitOptions;

/** A pull.  Initialize with zeroes. */
typedef struct {
    const char *base; /**< a layer as the user names it, which stays; NULL: none does */
    gboolean keep_relative;
} QblkPullOptions;

/** What all jobs have.  Initialize with zeroes. */
typedef struct {
    gint64 speed;           /**< bytes a second, 0: no limit */
    gboolean force_managed; /**< libvirt started the guest and will not hear of the change */
} QblkJobLimits;

void qblk_plan_free(QblkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlan, qblk_plan_free)

G_END_DECLS
