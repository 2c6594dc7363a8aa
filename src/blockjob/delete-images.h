/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Deleting the images that left a chain.
 *
 * A name is not a file: QEMU may have said it, and others may have put another file there since.
 * Which file is meant is looked at before anything is sent: it is one that QEMU has open, and only
 * that one is deleted.
 */
#pragma once

#include "plan/plan.h"

/**
 * Whether the names of @plan are those of files of this machine: the active layer, where it has a
 * path, is in use here, by the process @pid that has the monitor or by one that has locked it.  A
 * QEMU in a container, or one that ssh leads to, may have other files of these names.  Where the
 * plan @was_begun it may be the active layer from after as well.
 */
gboolean qblk_delete_images_is_here(const QblkPlan *plan, gint64 pid, gboolean was_begun);

/**
 * Look at the files that @plan will delete, and at those that have to be synced before.
 * QBLK_BLOCKJOB_ERROR_REFUSED where one cannot be found on this machine, where one that is deleted
 * is no regular file, and where it is not seen that the process @pid, which has the monitor, has
 * them open.
 */
gboolean qblk_delete_images_identify(QblkPlan *plan, gint64 pid,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Delete them.  Nothing at all is deleted where the images that stay cannot be synced, or are
 * others now.  Nothing is deleted that is another file now or that a process has locked;
 * QBLK_BLOCKJOB_ERROR_RESULT names those.  A file that is gone already is no failure.
 */
gboolean qblk_delete_images_delete(const QblkPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
