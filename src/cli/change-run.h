/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Running the plans of a command: last checks, journals, progress, Ctrl-C.
 */
#pragma once

#include "cli/change-vm.h"
#include "cli/print/change-report.h"

/**
 * Check @plans against this QEMU and the images on this machine, and add the identities of the
 * images to them.  Sets @change->is_local.
 *
 * Returns: FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if a plan cannot or must not be run
 */
gboolean qblk_change_prepare(QblkChange *change, GPtrArray *plans,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Run @plans, with a journal for each.
 *
 * @report: for the commands that are added as hints on error
 */
gboolean qblk_change_run_plans(QblkChange *change, const GPtrArray *plans,
                               const QblkChangeReport *report,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
