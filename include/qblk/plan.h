/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans of block jobs, and the options they are made from.
 *
 * Since: 0.1.0
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkPlan:
 *
 * Everything that will be sent to QEMU for one job on one disk.
 *
 * Since: 0.1.0
 */
typedef struct QblkPlan QblkPlan;

/**
 * QblkCommitEnd:
 *
 * What a commit does when the data are in the base.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_COMMIT_INNER,        /**< the active layer is not committed; the layers leave the chain */
    QBLK_COMMIT_ACTIVE,       /**< stop when the base is in sync with the guest */
    QBLK_COMMIT_PIVOT,        /**< then switch the guest to the base */
    QBLK_COMMIT_KEEP_OVERLAY, /**< then keep the overlay active; the base stays as a copy */
} QblkCommitEnd;

/**
 * QblkCommitOptions:
 *
 * Options of a commit.  Initialize them with zeroes; texts are borrowed.
 *
 * Since: 0.1.0
 */
typedef struct {
    const char *top;  /**< a layer as a user names it; NULL: the active one */
    const char *base; /**< a layer; NULL: the bottom, or with shallow the one right below the top */
    gboolean shallow;
    QblkCommitEnd end;
    gboolean keep_relative;  /**< keep the backing string of the overlay relative */
    gboolean delete_removed; /**< delete the images that are no longer in use; refused if QEMU is
                                  not seen to have them open on this machine */
} QblkCommitOptions;

/**
 * QblkPullOptions:
 *
 * Options of a pull.  Initialize them with zeroes; texts are borrowed.
 *
 * Since: 0.1.0
 */
typedef struct {
    const char *base;       /**< a layer as a user names it, which stays; NULL: no layer stays */
    gboolean keep_relative; /**< keep the backing string of the active layer relative */
} QblkPullOptions;

/**
 * QblkJobLimits:
 *
 * Options of all jobs.  Initialize them with zeroes; texts are copied.
 *
 * Since: 0.1.0
 */
typedef struct {
    gint64 speed;             /**< bytes per second, 0: no limit */
    gboolean allow_plaintext; /**< allow data of an encrypted image in one that is not encrypted */
    gboolean delete_internal_snapshots; /**< allow to delete images with snapshots in them */
    gboolean drop_bitmaps; /**< lose the dirty bitmaps of layers that leave the chain or are
                                copied; FALSE: merge them into the image that has the data */
    const char *const *ignored_users; /**< names of exports and nodes that may lose the data that
                                           they read, with NULL at the end, or NULL */
    gboolean force_managed; /**< allow a guest of a manager, such as libvirt, which is not informed
                                 of the change */
    const char *state_directory; /**< absolute path, or NULL: has the marks of merged images that
                                      cannot be beside their images, as with --state-dir */
} QblkJobLimits;

/**
 * qblk_plan_ref:
 * @plan: the plan
 *
 * Returns: (transfer full): a further reference to @plan
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_ref(QblkPlan *plan);

/**
 * qblk_plan_unref:
 * @plan: (nullable) (transfer full): the plan
 *
 * Release a reference; the last one frees the plan.
 *
 * Since: 0.1.0
 */
void qblk_plan_unref(QblkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlan, qblk_plan_unref)

/* ---- plans for several disks ---- */

/**
 * QblkPlans:
 *
 * The plans of one operation, for one disk each.  Several threads may read it at once after the
 * last plan was added.
 *
 * Since: 0.1.0
 */
typedef struct QblkPlans QblkPlans;

/**
 * qblk_plans_new:
 *
 * Returns: (transfer full): an empty list of plans
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_ref:
 * @plans: the plans
 *
 * Returns: (transfer full): a further reference to @plans
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_ref(QblkPlans *plans);

/**
 * qblk_plans_unref:
 * @plans: (nullable) (transfer full): the plans
 *
 * Release a reference; the last one frees the list.
 *
 * Since: 0.1.0
 */
void qblk_plans_unref(QblkPlans *plans);

/**
 * qblk_plans_add:
 * @plans: the plans
 * @plan: a plan for a disk of the same VM, of which a reference is kept
 *
 * Since: 0.1.0
 */
void qblk_plans_add(QblkPlans *plans, QblkPlan *plan);

/**
 * qblk_plans_get_n_plans:
 * @plans: the plans
 *
 * Returns: the number of plans
 *
 * Since: 0.1.0
 */
guint qblk_plans_get_n_plans(const QblkPlans *plans);

/**
 * qblk_plans_get_plan:
 * @plans: the plans
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the plan; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkPlan *qblk_plans_get_plan(const QblkPlans *plans, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlans, qblk_plans_unref)

G_END_DECLS
