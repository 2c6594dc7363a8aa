/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domain XML: the disks that are read are written as they were. */
#include "fuzz/fuzz.h"

#include <qblk/domain.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDomain) domain = qblk_domain_read(text, (gssize)size, &error);
    fuzz_check_error(domain != NULL, error);
    if (domain == NULL) {
        return 0;
    }

    for (guint i = 0; i < qblk_domain_get_n_disks(domain); i++) {
        const QblkChain *chain = qblk_domain_get_disk(domain, i);
        fuzz_check_disk(chain);
        g_autofree char *json = qblk_chain_to_json(chain);
    }
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    qblk_domain_name_disks(domain, options);
    return 0;
}
