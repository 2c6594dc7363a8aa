/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Options that the commands which run block jobs share.
 */
#pragma once

#include "cli/option-table.h"

#include <qblk/plan-options.h>

/** The job of a command, which decides what options it has. */
typedef enum {
    QBLK_CHANGE_NO_JOB,
    QBLK_CHANGE_OLD_JOB, /* one that exists: --bandwidth, --bitmaps */
    QBLK_CHANGE_NEW_JOB, /* that it starts: --detach and --allow-plaintext as well */
} QblkChangeJob;

typedef struct {
    gboolean dry_run;
    gboolean detach;
    gboolean progress; /* print it as lines */
    gboolean force_managed;
    gboolean recovers; /* first complete or roll back interrupted operations */
    char *bandwidth;   /* owned: a number with an optional unit, or NULL */
    gboolean in_bytes; /* bandwidth without a unit is in bytes per second, not MiB */
    gboolean waits;    /* the default; not together with detach */
    gboolean is_async; /* for scripts of virsh: no effect */
    double time_limit; /* seconds; 0: none */
    char *bitmaps;     /* owned: "merge" or "drop"; NULL: merge */
    char **secrets;    /* owned, or NULL: "ID=FILE" */
    char *state_dir;   /* owned: the directory of journals, or NULL */

    /* Only some of the commands have these. */
    gboolean all_disks;
    gboolean delete_removed;
    gboolean delete_internal_snapshots;
    gboolean allow_plaintext;
    char **ignored_users; /* owned, or NULL */
} QblkChangeOptions;

/**
 * Set the defaults and add the options to @table.
 */
void qblk_change_options_add(QblkChangeOptions *options, QblkOptionTable *table, QblkChangeJob job);
void qblk_change_options_clear(QblkChangeOptions *options);

/** Returns: TRUE if the values are valid, alone and together; otherwise a usage error. */
gboolean qblk_change_options_check(const QblkChangeOptions *options,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * @timeout_ms: of --connect-timeout
 *
 * Returns: (transfer full): the same for plans; NULL with QBLK_QMP_ERROR_ARGUMENT if a secret is
 * not valid
 */
QblkPlanOptions *qblk_change_options_for_plans(const QblkChangeOptions *options, int timeout_ms,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
