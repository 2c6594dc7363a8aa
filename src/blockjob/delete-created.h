/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Deleting the files that a plan has created, after a rollback.
 *
 * A file of that name may be another one since, or one that a guest has written to.  A file is
 * deleted only if its content shows that it is the one which QEMU has created for the plan, and
 * that no data would be lost: it is empty, or an image of the planned format, size and backing
 * string without data.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check by the content of the files that @plan creates, whether QEMU has them open or not, that no
 * guest has written to them.
 *
 * Returns: TRUE if all exist and have no data; FALSE also if that cannot be known
 */
gboolean qblk_delete_created_have_no_data(const QblkPlan *plan);

/**
 * Delete the files that @plan creates, once no node is left that has them open.
 *
 * @pid: the process behind the monitor; 0 if it is not known, or has ended
 * @is_local: the files that @plan names are those of this machine
 *
 * Returns: (transfer full) (nullable): which files were not deleted, and why: "'/x' was not
 * deleted: it has data"; NULL if all are gone
 */
char *qblk_delete_created_delete(const QblkPlan *plan, gint64 pid,
                                 gboolean is_local) G_GNUC_WARN_UNUSED_RESULT;
