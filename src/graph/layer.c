/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/chain.h"

guint
qblk_layer_get_position(const QblkLayer *layer)
{
    return layer->position;
}

gint64
qblk_layer_get_index(const QblkLayer *layer)
{
    return layer->index;
}

const char *
qblk_layer_get_node_name(const QblkLayer *layer)
{
    return layer->node_name;
}

const char *
qblk_layer_get_storage_node_name(const QblkLayer *layer)
{
    return layer->storage;
}

const char *
qblk_layer_get_format(const QblkLayer *layer)
{
    return layer->format;
}

const char *
qblk_layer_get_filename(const QblkLayer *layer)
{
    return layer->filename;
}

gint64
qblk_layer_get_virtual_size(const QblkLayer *layer)
{
    return layer->virtual_size;
}

gint64
qblk_layer_get_actual_size(const QblkLayer *layer)
{
    return layer->actual_size;
}
