/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Interrupted operations as commands see them: the directory of journals, and Ctrl-C while a job is
 * resumed.
 */
#pragma once

#include "cli/interrupt.h"
#include "cli/invocation.h"
#include "recover/recover.h"

/** The options of resuming operations, and Ctrl-C meanwhile. */
typedef struct {
    QblkRecoverOptions *options; /* owned */
    QblkInterrupt *interrupt;    /* owned, while a job is waited for */
} QblkRecoverySetup;

/** Options of the commands that only read journals, or marks of merged images. */
typedef struct {
    char *state_dir; /* owned: of --state-dir, or NULL */
} QblkRecoveryOptions;

/** Functions for a QblkCommand whose options are QblkRecoveryOptions. */
void qblk_recovery_options_add(gpointer options, GOptionContext *context);
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
void qblk_recovery_tidy_marks(const char *state_dir, const char *image);

/**
 * Prepare @setup, which is cleared in any case with qblk_recovery_setup_clear().
 *
 * @state_dir: (nullable): of --state-dir
 */
void qblk_recovery_setup_init(QblkRecoverySetup *setup, const QblkInvocation *invocation,
                              const char *state_dir);
void qblk_recovery_setup_clear(QblkRecoverySetup *setup);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkRecoverySetup, qblk_recovery_setup_clear)

/** What a command that is about to change a VM wants of its interrupted operations. */
typedef struct {
    const QblkJournalVm *vm;
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
