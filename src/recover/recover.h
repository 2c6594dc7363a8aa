/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Journals from the command's side: which VM they are of, and taking up what was left there.
 */
#pragma once

#include "blockjob/journal.h"
#include "cli/invocation.h"
#include "plan/plan.h"

#include <qblk/client.h>

/** Add the options of commands that only read what a crash has left. */
void qblk_recover_options(QblkInvocation *invocation, GOptionContext *context);

/** The directory for journals: --state-dir, or the user's own.  Owned by the caller. */
char *qblk_recover_directory(const QblkInvocation *invocation) G_GNUC_WARN_UNUSED_RESULT;

/** Ask which QEMU @client is connected to. */
gboolean qblk_recover_identify(QblkClient *client, const char *address, QblkJournalVm *vm,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @record is of the VM @vm, this time or an earlier one that it was started. */
gboolean qblk_recover_is_of(const QblkJournalRecord *record, const QblkJournalVm *vm);

/** Whether the images of @record are files of this machine: QEMU on @client has the active one from
 * before or the one from after in use here. */
gboolean qblk_recover_is_here(QblkClient *client, const QblkJournalRecord *record);

/**
 * Take up @record on @client, which may be replaced; @said is how it ended, for people.  A QEMU
 * that was started since is only looked at.
 */
gboolean qblk_recover_record(QblkClient *client, const QblkInvocation *invocation,
                             const QblkJournalRecord *record, const QblkJournalVm *vm, char **said,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Take up one record. */
typedef gboolean (*QblkRecoverOne)(const QblkJournalRecord *record, gpointer user_data,
                                   GError **error);

/**
 * Take up each of @records.  One that fails does not keep the others from it, and is tried again
 * after them: what an operation on several disks has left of one can be in the way of another, as a
 * stream job that is not dismissed is in the way of looking at any chain.  What is tried again is
 * read again, since it may have come further.  The error is the first one that stays.
 */
gboolean qblk_recover_each(const GPtrArray *records, QblkRecoverOne take_up, gpointer user_data,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Take up all that was left on the VM before it is changed, and say so on stderr.  What `job` is
 * told of @invocation's own disk is not finished before: it may be to be aborted.
 */
gboolean qblk_recover_before(QblkClient *client, const QblkInvocation *invocation,
                             const QblkJournalVm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
