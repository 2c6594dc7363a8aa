/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running a plan of a block job.
 *
 * It waits until the job has ended, rolls back what fails, fetches the graph
 * again, and succeeds only if chain and headers are as planned.
 *
 * No journal is written: a program that ends while a job runs finds the job with query-jobs, and
 * `qblk job` can finish it.
 */
#pragma once

#include <qblk/chain.h>
#include <qblk/plan.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * QblkBlockjobProgress:
 * @done: bytes that were copied
 * @total: bytes to be copied; it may grow while the guest writes
 * @user_data: the pointer given to qblk_blockjob_run()
 *
 * Called several times per second while the job runs.
 *
 * Since: 0.1.0
 */
typedef void (*QblkBlockjobProgress)(gint64 done, gint64 total, gpointer user_data);

/**
 * qblk_blockjob_run:
 * @client: the client of the VM that @plan was made for
 * @address: (nullable): address of its monitor; if the connection is lost @client is connected to
 *   it again, once
 * @plan: a plan
 * @progress: (nullable) (scope call): called with the progress
 * @user_data: pointer for @progress
 *
 * Carry out a plan, and wait until its job has ended.
 *
 * Client and events stay the caller's: events that arrive meanwhile are not taken, and wait for
 * qblk_client_take_event().  More events than the client can keep end its connection.
 *
 * Errors: QBLK_BLOCKJOB_ERROR_REFUSED if the overlay of a commit cannot be marked as merged, and
 * then nothing was sent; QBLK_BLOCKJOB_ERROR_FAILED with QEMU's reason; QBLK_BLOCKJOB_ERROR_RESULT
 * if the chain is not as planned; QBLK_QMP_ERROR if the connection is lost, or QEMU does not
 * respond.  Before an error is returned everything is rolled back, or the message names what is
 * left.
 *
 * Returns: TRUE if chain and headers are as planned
 *
 * Since: 0.1.0
 */
gboolean qblk_blockjob_run(QblkClient *client, const char *address, const QblkPlan *plan,
                           QblkBlockjobProgress progress, gpointer user_data,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
