/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/recover-report.h"

void
qblk_recover_report_notices(const QblkOutput *output, const QblkRecovery *recovery)
{
    for (guint i = 0; i < qblk_recovery_get_n_results(recovery); i++) {
        const QblkRecoverResult *result = qblk_recovery_get_result(recovery, i);
        g_autofree char *text = qblk_recover_result_to_text(result);
        if (text != NULL) {
            qblk_output_notice(output, text);
        }
    }
}

void
qblk_recover_report_removed(const QblkOutput *output, const char *const *removed)
{
    for (guint i = 0; removed[i] != NULL; i++) {
        qblk_output_notice(output, removed[i]);
    }
}

void
qblk_recover_report_warnings(const QblkOutput *output, const QblkImageVerdict *verdict)
{
    const char *const *warnings = qblk_image_verdict_get_warnings(verdict);
    for (guint i = 0; warnings[i] != NULL; i++) {
        qblk_output_warn(output, warnings[i]);
    }
}
