/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Results of `recover`: the outcome of interrupted operations, and the image to boot from.
 */
#pragma once

#include "cli/print/output.h"
#include "recover/image-verdict.h"
#include "recover/recover-result.h"

/** Returns: (transfer full) (nullable): a sentence on @result; NULL if it failed. */
char *qblk_recover_report_text(const QblkRecoverResult *result) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): @result as docs/json.md describes it. */
QblkJson *qblk_recover_report_json(const QblkRecoverResult *result) G_GNUC_WARN_UNUSED_RESULT;

/** Print the results that are no failures (of QblkRecoverResult) on stderr. */
void qblk_recover_report_notices(const GPtrArray *results);

/** Print on stderr which marks of merged images were removed (of char). */
void qblk_recover_report_removed(const GPtrArray *removed);

/** Append the fields of @verdict to @object. */
void qblk_recover_report_add_verdict(QblkJson *object, const QblkImageVerdict *verdict);

/** Append @verdict to @output, as lines of text. */
void qblk_recover_report_print_verdict(QblkOutput *output, const QblkImageVerdict *verdict);

/** Print a warning on stderr for each journal of @verdict that could not be read. */
void qblk_recover_report_warnings(const QblkImageVerdict *verdict);
