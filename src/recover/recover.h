/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Interrupted operations: find, resume and roll back.
 *
 * An operation is interrupted if its process or its QEMU ended before it was complete.  Its journal
 * is what is left of it.
 */
#pragma once

#include "recover/recover-operation.h"
#include "recover/recover-vm.h"
#include "recover/recovery.h"

/**
 * Do what qblk_recover_vm(), qblk_recover_all() or qblk_recover_before() does.
 *
 * @client: (nullable): connected to the VM; NULL: recover all VMs
 * @options: (nullable): with a purpose, recover before a disk is changed
 * @run: (nullable): how jobs are run: how they are waited for, cancelled and reported, for example.
 *   What @options have, the journals and what is known of the VM is set for each of them
 * @waiter: (nullable): of the connections to all VMs; @client has its own
 *
 * Returns: (transfer full): the results; NULL with an error of these functions
 */
QblkRecovery *qblk_recover_run(QblkClient *client, const QblkRecoverOptions *options,
                               const QblkRunOptions *run, const QblkWaiter *waiter,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_recover_run() if @vm is known to be the VM that @client (nullable) is connected to. */
QblkRecovery *qblk_recover_run_on(QblkClient *client, const QblkJournalVm *vm,
                                  const QblkRecoverOptions *options, const QblkRunOptions *run,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
