/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/name-list.h"

char *
qblk_name_list(const char *const *names, guint count)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < count; i++) {
        const char *comma = i == 0 ? "" : i + 1 == count ? " and " : ", ";
        g_string_append_printf(list, "%s%s", comma, names[i]);
    }
    return g_string_free(list, FALSE);
}
