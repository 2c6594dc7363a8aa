/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/source-check.h"

QblkSourceOptions *
source_check_options(const char *const *pairs)
{
    QblkSourceOptions *options = qblk_source_options_new();
    for (gsize i = 0; pairs[i] != NULL; i++) {
        g_auto(GStrv) pair = g_strsplit(pairs[i], "=", 2);
        qblk_source_options_set(options, pair[0], pair[1]);
    }
    return options;
}
