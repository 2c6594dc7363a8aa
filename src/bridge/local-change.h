/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The arguments of the commands of the bridge that change disks, and the plans that they mean.
 */
#pragma once

#include "bridge/local-arguments.h"

#include <qblk/planner.h>
#include <qblk/plans.h>

/** The arguments of all of these commands; each has some of them. */
typedef struct {
    char *operation; /* of qblk-plan */
    char *disk, **disks, *expect;
    gboolean all_disks;

    char *top, *base;
    gboolean shallow, active, pivot, finish, keep_overlay, keep_relative, removes;
    gint64 keep; /* QBLK_LOCAL_NO_KEEP */

    char *destination, *format, *encrypt;
    gboolean reuse_external, blockdev, synchronous_writes;
    gint64 granularity, buffer_size; /* bytes; 0: QEMU's default */

    char **files, *suffix; /* DISK=PATH each */
    gboolean relative;
    gint64 cluster_size; /* bytes; 0: QEMU's default */

    char *bitmaps, **secrets, **ignored_users;
    gint64 bandwidth; /* bytes per second; 0: no limit */
    gint64 timeout;   /* seconds for the whole operation; 0: no limit */
    gboolean delete_internal_snapshots, allow_plaintext, force_managed, recover, detach;
} QblkLocalChange;

#define QBLK_LOCAL_NO_KEEP G_MININT64

/** What plans are made with. */
typedef struct {
    QblkClient *client;           /* borrowed */
    const QblkSnapshot *snapshot; /* borrowed: fetched right before */
    const char *state_directory;  /* (nullable) */
    gboolean dry_run;
} QblkLocalPlanner;

/** One kind of operation. */
typedef struct {
    const char *name;                      /* "commit" */
    const QblkLocalMember *const *members; /* (array zero-terminated=1) */
    QblkPlans *(*plan)(const QblkLocalPlanner *planner, const QblkLocalChange *change,
                       const QblkPlanOptions *options, GError **error);
} QblkLocalKind;

extern const QblkLocalMember *const qblk_local_members_commit[];
extern const QblkLocalMember *const qblk_local_members_pull[];
extern const QblkLocalMember *const qblk_local_members_copy[];
extern const QblkLocalMember *const qblk_local_members_snapshot[];

/** The kinds, ended by one without a name. */
extern const QblkLocalKind qblk_local_kinds[];

/** Returns: (nullable): the kind @name; NULL if it does not exist */
const QblkLocalKind *qblk_local_kind_find(const char *name);

/**
 * Check what the table of members does not: members that exclude each other, paths, numbers.
 *
 * @arguments: (nullable): that @change was read from
 *
 * Returns: FALSE with QBLK_QMP_ERROR_ARGUMENT
 */
gboolean qblk_local_change_check(QblkLocalChange *change, const QblkJson *arguments,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read and check the arguments of qblk-plan: the member "operation", and those of that kind.
 *
 * @change: all zero; to be cleared with qblk_local_change_clear(), also on error
 *
 * Returns: (transfer none): the kind; NULL with QBLK_QMP_ERROR_ARGUMENT
 */
const QblkLocalKind *qblk_local_change_read_plan(const QblkJson *arguments, QblkLocalChange *change,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_local_change_clear(QblkLocalChange *change);

/** Returns: (transfer full): the plans of @change; NULL with an error of the planner, or
 * QBLK_GRAPH_ERROR_STALE if the disk does not have the fingerprint that is expected */
QblkPlans *qblk_local_change_plan(const QblkLocalKind *kind, const QblkLocalPlanner *planner,
                                  const QblkLocalChange *change,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
