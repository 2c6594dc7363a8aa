/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/libvirt-node.h"

#include <qblk/snapshot.h>
#include <string.h>

gint64
qblk_libvirt_node_index(const char *node_name)
{
    static const char prefix[] = "libvirt-";
    static const char *const suffixes[] = {"-format", "-storage", "-slice-sto", "-slice-storage",
                                           "-filter"};
    if (node_name == NULL || !g_str_has_prefix(node_name, prefix)) {
        return QBLK_UNKNOWN;
    }

    const char *digits = node_name + strlen(prefix);
    gsize length = strspn(digits, "0123456789");
    gboolean is_known = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        is_known = is_known || g_str_equal(digits + length, suffixes[i]);
    }
    if (!is_known || digits[0] == '0') {
        return QBLK_UNKNOWN;
    }

    g_autofree char *number = g_strndup(digits, length);
    gint64 index = QBLK_UNKNOWN;
    (void)g_ascii_string_to_signed(number, 10, 1, G_MAXINT64, &index, NULL);
    return index;
}

gboolean
qblk_libvirt_node_is(const char *node_name)
{
    return qblk_libvirt_node_index(node_name) != QBLK_UNKNOWN ||
           (node_name != NULL && g_str_has_prefix(node_name, "libvirt-CoR-"));
}
