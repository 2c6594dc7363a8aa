/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-size.h"

#include "plan/plan-check.h"

static gboolean
is_fixed(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    gboolean is_block = source != NULL && source->type == QBLK_SOURCE_BLOCK;
    return is_block && g_str_equal(layer->format, "raw");
}

gboolean
qblk_plan_check_size(const QblkLayer *top, const QblkLayer *base, gboolean is_pivot, QblkPlan *plan,
                     GError **error)
{
    gint64 of_top = top->virtual_size, of_base = base->virtual_size;
    if (of_top == QBLK_UNKNOWN || of_base == QBLK_UNKNOWN || of_top == of_base) {
        return TRUE;
    }

    if (of_base < of_top && is_fixed(base)) {
        return qblk_plan_refuse(error,
                                "'%s' has %" G_GINT64_FORMAT " bytes, and '%s', which would be "
                                "merged into it, has %" G_GINT64_FORMAT
                                ": enlarge the device first",
                                base->filename, of_base, top->filename, of_top);
    }

    char *warning = NULL;
    if (of_base < of_top) {
        warning = g_strdup_printf("'%s' will be enlarged from %" G_GINT64_FORMAT
                                  " to %" G_GINT64_FORMAT " bytes, the size of '%s'",
                                  base->filename, of_base, of_top, top->filename);
    } else if (is_pivot) {
        warning = g_strdup_printf("the disk of the guest will be enlarged from %" G_GINT64_FORMAT
                                  " to %" G_GINT64_FORMAT " bytes, the size of '%s'",
                                  of_top, of_base, base->filename);
    }
    if (warning != NULL) {
        g_ptr_array_add(plan->warnings, warning);
    }
    return TRUE;
}
