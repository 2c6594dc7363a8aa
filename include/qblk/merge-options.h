/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of the jobs that merge layers: commit and pull.
 *
 * Setters copy what they are given.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkCommitEnd:
 * @QBLK_COMMIT_INNER: for a top below the active layer; the layers leave the chain
 * @QBLK_COMMIT_ACTIVE: stop when the base is in sync with the guest
 * @QBLK_COMMIT_PIVOT: then switch the guest to the base
 * @QBLK_COMMIT_KEEP_OVERLAY: then keep the overlay active; the base stays as a copy
 *
 * What a commit does when the data are in the base.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_COMMIT_INNER,
    QBLK_COMMIT_ACTIVE,
    QBLK_COMMIT_PIVOT,
    QBLK_COMMIT_KEEP_OVERLAY,
} QblkCommitEnd;

/**
 * QblkCommitOptions:
 *
 * Which layers are committed, and how the commit ends.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkCommitOptions QblkCommitOptions;

/**
 * qblk_commit_options_new:
 *
 * A commit of the active layer needs another end than the default, and one of lower layers needs a
 * top: with these options unchanged a commit is refused.
 *
 * Returns: (transfer full): options of QBLK_COMMIT_INNER, from the active layer to the bottom
 *
 * Since: 0.1.0
 */
QblkCommitOptions *qblk_commit_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_commit_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkCommitOptions *qblk_commit_options_ref(QblkCommitOptions *options);

/**
 * qblk_commit_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_commit_options_unref(QblkCommitOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCommitOptions, qblk_commit_options_unref)

/**
 * qblk_commit_options_set_top:
 * @options: the options
 * @layer: (nullable): the topmost layer that is committed, as a user names it, such as
 *   `vda[1]`; NULL: the active one
 *
 * Since: 0.1.0
 */
void qblk_commit_options_set_top(QblkCommitOptions *options, const char *layer);

/**
 * qblk_commit_options_set_base:
 * @options: the options
 * @layer: (nullable): the layer that gets the data; NULL: the bottom, or with shallow the one
 *   directly below the top
 *
 * Since: 0.1.0
 */
void qblk_commit_options_set_base(QblkCommitOptions *options, const char *layer);

/**
 * qblk_commit_options_set_shallow:
 * @options: the options
 * @shallow: commit into the layer directly below the top
 *
 * Since: 0.1.0
 */
void qblk_commit_options_set_shallow(QblkCommitOptions *options, gboolean shallow);

/**
 * qblk_commit_options_set_keep:
 * @options: the options
 * @overlays: how many overlays stay above the bottom layer; negative: no such number (the default)
 *
 * Merge the oldest layers into the bottom layer, so that @overlays overlays remain.  The end is
 * QBLK_COMMIT_INNER, or QBLK_COMMIT_PIVOT if @overlays is 0, which merges the active layer as well.
 * Top, base and shallow must not be set.
 *
 * If the disk has no more overlays, qblk_plan_commit() fails with
 * QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO, and qblk_plans_new_commit_all() skips the disk.
 *
 * Since: 0.1.0
 */
void qblk_commit_options_set_keep(QblkCommitOptions *options, int overlays);

/**
 * qblk_commit_options_set_end:
 * @options: the options
 * @end: how the commit ends; another value is not set
 *
 * Since: 0.1.0
 */
void qblk_commit_options_set_end(QblkCommitOptions *options, QblkCommitEnd end);

/**
 * qblk_commit_options_set_keep_relative:
 * @options: the options
 * @keep: refuse unless the backing string of the overlay can stay relative
 *
 * Since: 0.1.0
 */
void qblk_commit_options_set_keep_relative(QblkCommitOptions *options, gboolean keep);

/**
 * qblk_commit_options_set_delete_removed:
 * @options: the options
 * @delete_removed: delete the images that leave the chain; refused unless QEMU is seen to
 *   have them open on this machine
 *
 * Since: 0.1.0
 */
void qblk_commit_options_set_delete_removed(QblkCommitOptions *options, gboolean delete_removed);

/**
 * QblkPullOptions:
 *
 * Which layers are pulled into the active one.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkPullOptions QblkPullOptions;

/**
 * qblk_pull_options_new:
 *
 * Returns: (transfer full): options to pull all layers
 *
 * Since: 0.1.0
 */
QblkPullOptions *qblk_pull_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_pull_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkPullOptions *qblk_pull_options_ref(QblkPullOptions *options);

/**
 * qblk_pull_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_pull_options_unref(QblkPullOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPullOptions, qblk_pull_options_unref)

/**
 * qblk_pull_options_set_base:
 * @options: the options
 * @layer: (nullable): the layer that stays, as a user names it; NULL: no layer stays
 *
 * Since: 0.1.0
 */
void qblk_pull_options_set_base(QblkPullOptions *options, const char *layer);

/**
 * qblk_pull_options_set_keep_relative:
 * @options: the options
 * @keep: refuse unless the backing string of the active layer can stay relative
 *
 * Since: 0.1.0
 */
void qblk_pull_options_set_keep_relative(QblkPullOptions *options, gboolean keep);

G_END_DECLS
