/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters above and inside layers. */
#include "chain/chain.h"

static void
filter_child_free(gpointer data)
{
    QblkFilterChild *child = data;
    g_free(child->edge);
    g_free(child->node_name);
    g_free(child);
}

static void
filter_free(gpointer data)
{
    QblkFilter *filter = data;
    g_ptr_array_unref(filter->others);
    g_free(filter->node_name);
    g_free(filter->driver);
    g_free(filter);
}

GPtrArray *
qblk_chain_filters_new(void)
{
    return g_ptr_array_new_with_free_func(filter_free);
}

void
qblk_chain_filter_add(GPtrArray *filters, const char *node_name, const char *driver)
{
    QblkFilter *filter = g_new0(QblkFilter, 1);
    filter->others = g_ptr_array_new_with_free_func(filter_child_free);
    filter->node_name = g_strdup(node_name);
    filter->driver = g_strdup(driver);
    g_ptr_array_add(filters, filter);
}

void
qblk_chain_filter_add_other(GPtrArray *filters, const char *edge, const char *node_name)
{
    QblkFilter *filter = filters->pdata[filters->len - 1];
    QblkFilterChild *child = g_new0(QblkFilterChild, 1);
    child->edge = g_strdup(edge);
    child->node_name = g_strdup(node_name);
    g_ptr_array_add(filter->others, child);
}

/* ---- getters ---- */

const char *
qblk_filter_get_node_name(const QblkFilter *filter)
{
    return filter->node_name;
}

const char *
qblk_filter_get_driver(const QblkFilter *filter)
{
    return filter->driver;
}

guint
qblk_filter_get_n_others(const QblkFilter *filter)
{
    return filter->others->len;
}

/* Returns: (nullable): what @filter uses beside the node that it filters */
static const QblkFilterChild *
other_at(const QblkFilter *filter, guint position)
{
    return position < filter->others->len ? filter->others->pdata[position] : NULL;
}

const char *
qblk_filter_get_other_child_name(const QblkFilter *filter, guint position)
{
    const QblkFilterChild *other = other_at(filter, position);
    return other == NULL ? NULL : other->edge;
}

const char *
qblk_filter_get_other_node_name(const QblkFilter *filter, guint position)
{
    const QblkFilterChild *other = other_at(filter, position);
    return other == NULL ? NULL : other->node_name;
}
