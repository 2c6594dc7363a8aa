/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domain XML: the disks that are read are written as they were. */
#include "base/json.h"
#include "cli/print/report.h"
#include "fuzz/fuzz.h"

#include <qblk/domain.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) chains = qblk_domain_read(text, size, &error);
    fuzz_check_error(chains != NULL, error);
    for (guint i = 0; chains != NULL && i < chains->len; i++) {
        fuzz_check_disk(chains->pdata[i]);
        g_autoptr(QblkJson) report = qblk_report_chain(chains->pdata[i]);
        g_autofree char *json = qblk_json_print(report, QBLK_JSON_COMPACT);
    }
    g_autoptr(GError) reason = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    gboolean named = qblk_domain_name_disks(options, text, size, &reason);
    fuzz_check_error(named, reason);
    return 0;
}
