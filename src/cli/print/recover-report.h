/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What recovering reports on standard error.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/image-verdict.h>

/** Print the results that are no failures to standard error. */
void qblk_recover_report_notices(const QblkOutput *output, const QblkRecovery *recovery);

/**
 * Print to standard error which marks of merged images were removed.
 *
 * @removed: (array zero-terminated=1): sentences
 */
void qblk_recover_report_removed(const QblkOutput *output, const char *const *removed);

/** Print a warning to standard error for each journal of @verdict that could not be read. */
void qblk_recover_report_warnings(const QblkOutput *output, const QblkImageVerdict *verdict);
