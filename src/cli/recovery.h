/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Interrupted operations as commands see them: the directory of journals, Ctrl-C while a job is
 * resumed, and what has to be recovered before a VM is changed.
 */
#pragma once

#include "cli/invocation.h"
#include "cli/option-table.h"

#include <qblk/recover.h>

/** Options of the commands that only read journals, or marks of merged images. */
typedef struct {
    char *state_dir; /* owned: of --state-dir, or NULL */
} QblkRecoveryOptions;

/** Functions for a QblkCommand whose options are QblkRecoveryOptions. */
void qblk_recovery_options_add(gpointer options, QblkOptionTable *table);
void qblk_recovery_options_clear(gpointer options);

/** Check that @state_dir (nullable), of --state-dir, is not empty, and is not something else than a
 * directory. */
gboolean qblk_recovery_check_state_dir(const char *state_dir,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * @state_dir: (nullable): of --state-dir
 *
 * Returns: (transfer full): the directory of journals: @state_dir, or that of the user
 */
char *qblk_recovery_directory(const char *state_dir) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Remove the marks of merged images in @state_dir, and the one beside @image (nullable), whose
 * files were replaced or deleted, and report that on standard error.
 *
 * @state_dir: as of qblk_recovery_directory()
 */
void qblk_recovery_tidy_marks(const QblkOutput *output, const char *state_dir, const char *image);

/**
 * @state_dir: (nullable): of --state-dir
 *
 * Returns: (transfer full): options to recover with
 */
QblkRecoverOptions *qblk_recovery_make_options(const QblkInvocation *invocation,
                                               const char *state_dir) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Recover, and wait until all jobs have ended.  Ctrl-C cancels a job that is waited for, and the
 * second one leaves it.
 *
 * @client: (nullable): connected to the VM; NULL: all VMs
 *
 * Returns: (transfer full): the results; NULL with an error if nothing could be begun
 */
QblkRecovery *qblk_recovery_run(QblkClient *client, QblkOutput *output, QblkRecoverOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What a command that is about to change a VM wants of its interrupted operations. */
typedef struct {
    QblkRecoverPurpose purpose; /* what it does with the disk, its second argument */
    const char *state_dir;      /* of --state-dir, or NULL */
    gboolean is_allowed;        /* --recover: complete or roll them back without a question */
    gboolean dry_run;           /* change nothing */
} QblkRecoveryRequest;

/**
 * Resume the interrupted operations of a VM before the command changes it, if the user allows that:
 * by --recover, or on a terminal by the answer to a question.  The results are reported on standard
 * error.
 *
 * @recovery: (out) (transfer full) (nullable): the results; NULL with --dry-run
 *
 * Errors: QBLK_BLOCKJOB_ERROR_REFUSED if it is not allowed, and those of qblk_recover_before()
 */
gboolean qblk_recovery_before_change(QblkClient *client, QblkInvocation *invocation,
                                     const QblkRecoveryRequest *request, QblkRecovery **recovery,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
