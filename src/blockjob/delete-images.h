/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Deleting the images that left a chain.
 *
 * A name is not a file: QEMU reports names, and another file may have got one since.  The files are
 * identified before anything is sent, as files that QEMU has open, and only these are deleted.
 */
#pragma once

#include "plan/plan.h"

/**
 * A QEMU in a container or on another machine may have other files of the same names.
 *
 * @pid: the process that owns the monitor
 * @was_begun: the chain may be the one from after the job
 *
 * Returns: TRUE if the names of @plan are those of files of this machine: the active layer is open
 * in @pid, or locked by a process of this machine.
 */
gboolean qblk_delete_images_is_here(const QblkPlan *plan, gint64 pid, gboolean was_begun);

/** Returns: TRUE if @plan deletes an image after its job. */
gboolean qblk_delete_images_has_any(const QblkPlan *plan);

/**
 * Identify the files that @plan will delete, and those that have to be synced before.
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED if one does not exist on this machine, if one to be deleted is not a
 * regular file, or if the process @pid, which owns the monitor, does not have it open.
 */
gboolean qblk_delete_images_identify(QblkPlan *plan, gint64 pid,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Delete them.  Nothing is deleted if the images that stay cannot be synced, or were replaced.  A
 * file that was replaced, or that a process has locked, stays: QBLK_BLOCKJOB_ERROR_RESULT names it.
 * A file that is gone is not an error.
 */
gboolean qblk_delete_images_delete(const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
