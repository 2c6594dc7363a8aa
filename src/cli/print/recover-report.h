/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What recovering reports on standard error.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/image-verdict.h>

/** Print the results that are no failures on stderr. */
void qblk_recover_report_notices(const QblkRecovery *recovery);

/** Print on stderr which marks of merged images were removed: sentences with NULL at the end. */
void qblk_recover_report_removed(const char *const *removed);

/** Print a warning on stderr for each journal of @verdict that could not be read. */
void qblk_recover_report_warnings(const QblkImageVerdict *verdict);
