/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/size.h"

char *
qblk_size_text(gint64 bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 0) {
        return NULL;
    }
    guint unit = 0;
    gint64 whole = bytes, rest = 0;
    while (whole >= 1024 && unit + 1 < G_N_ELEMENTS(units)) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }
    /* A tenth is said only where it is not 0, and never rounded up to the next whole. */
    gint64 tenths = rest * 10 / 1024;
    return tenths == 0
               ? g_strdup_printf("%" G_GINT64_FORMAT " %s", whole, units[unit])
               : g_strdup_printf("%" G_GINT64_FORMAT ".%d %s", whole, (int)tenths, units[unit]);
}
