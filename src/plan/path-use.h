/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What QEMU makes of a path at which a plan creates or opens an image.
 *
 * Each check returns TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED.
 */
#pragma once

#include "plan/plan.h"

/** Check that @path is neither a file that QEMU has open nor the name of one. */
gboolean qblk_path_use_check(const QblkPlanContext *context, const char *path,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that @path leads to the same file or place for QEMU, which may run in another mount
 * namespace. */
gboolean qblk_path_use_check_namespace(const QblkPlanContext *context, const char *path,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
