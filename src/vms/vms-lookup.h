/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM that a name means.
 */
#pragma once

#include "vms/vms-data.h"

/**
 * Find similar names.
 *
 * Returns: TRUE with QBLK_QMP_ERROR_ARGUMENT that lists the names of @vms that are similar to
 * @name; FALSE without an error if there are no such names
 */
gboolean qblk_vms_set_near(const QblkVms *vms, const char *name,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Set QBLK_QMP_ERROR_ARGUMENT: none of @vms has the name @name; similar names are listed. */
void qblk_vms_set_unknown(const QblkVms *vms, const char *name, GError **error);
