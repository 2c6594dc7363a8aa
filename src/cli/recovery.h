/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Interrupted operations as commands see them: the directory of journals, and Ctrl-C while a job is
 * resumed.
 */
#pragma once

#include "cli/interrupt.h"
#include "cli/invocation.h"
#include "recover/recover.h"

/** What is needed to resume operations. */
typedef struct {
    QblkRecoverOptions options;
    GPtrArray *results;       /* of QblkRecoverResult, owned */
    char *directory;          /* owned */
    QblkInterrupt *interrupt; /* owned, while a job is waited for */
} QblkRecovery;

/** Add the option --state-dir of commands that read journals and write none. */
void qblk_recovery_add_options(QblkInvocation *invocation, GOptionContext *context);

/** Returns: (transfer full): the directory of journals: --state-dir, or that of the user. */
char *qblk_recovery_directory(const QblkInvocation *invocation) G_GNUC_WARN_UNUSED_RESULT;

/** Prepare @recovery, which is cleared in any case with qblk_recovery_clear(). */
void qblk_recovery_init(QblkRecovery *recovery, const QblkInvocation *invocation);
void qblk_recovery_clear(QblkRecovery *recovery);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkRecovery, qblk_recovery_clear)

/**
 * Resume the interrupted operations of a VM before the command changes it, and report on stderr
 * what became of them.
 */
gboolean qblk_recovery_before_change(QblkClient *client, const QblkInvocation *invocation,
                                     const QblkJournalVm *vm,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
