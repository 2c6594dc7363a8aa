/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The QEMU behind a monitor, and whether a journal is of it.
 */
#pragma once

#include "base/waiter.h"
#include "blockjob/journal.h"

#include <qblk/client.h>

/**
 * Ask which QEMU @client is connected to.
 *
 * @vm: (out): to be cleared with qblk_journal_vm_clear(), also on error
 */
gboolean qblk_recover_identify(QblkClient *client, QblkJournalVm *vm,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Connect to the VM of @record, at the address of its monitor.
 *
 * @timeout_ms: for the connection and each reply; 0: the default
 * @waiter: (nullable): borrowed by the client
 * @vm: (out): the VM; to be cleared with qblk_journal_vm_clear(), also on error
 *
 * Returns: (transfer full): the client; NULL with QBLK_QMP_ERROR, _CONNECT if another VM answers
 */
QblkClient *qblk_recover_connect(const QblkJournalRecord *record, int timeout_ms,
                                 const QblkWaiter *waiter, QblkJournalVm *vm,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that no operation uses @client, which would not get its replies while another call blocks;
 * qblk_recover_end() follows.  QBLK_BLOCKJOB_ERROR_REFUSED. */
gboolean qblk_recover_begin(QblkClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_recover_end(QblkClient *client);

/** Returns: TRUE if @record is of the VM @vm: of this run of it or of an earlier one. */
gboolean qblk_recover_is_of(const QblkJournalRecord *record, const QblkJournalVm *vm);

/** qblk_recover_is_of() for the VM @then of a journal. */
gboolean qblk_recover_is_of_vm(const QblkJournalVm *then, const QblkJournalVm *vm);

/** Returns: the process behind the monitor of @client; 0 if it is not known */
gint64 qblk_recover_get_pid(QblkClient *client);

/**
 * Returns: TRUE if the images of @record are files of this machine: QEMU on @client has the active
 * one from before or the one from after in use here.
 */
gboolean qblk_recover_is_local(QblkClient *client, const QblkJournalRecord *record);
