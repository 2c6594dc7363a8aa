/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/enum.h"

const char *
qblk_enum_name(const char *const *names, gsize length, int value)
{
    if (value < 0 || (gsize)value >= length || names[value] == NULL) {
        return "unknown";
    }

    return names[value];
}

gboolean
qblk_enum_value(const char *const *names, gsize length, const char *name, int *value)
{
    for (gsize i = 0; i < length; i++) {
        if (name != NULL && g_strcmp0(names[i], name) == 0) {
            *value = (int)i;
            return TRUE;
        }
    }

    return FALSE;
}
